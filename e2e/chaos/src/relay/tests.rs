use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::StatusCode;

use super::*;
use crate::ledger::Ledger;

const WORDS: &str = "an answer of some length";

/// A relay before a server that counts its requests and answers with [`WORDS`].
struct Fixture {
    relay: Relay,
    mischief: Arc<Mischief>,
    served: Arc<AtomicU32>,
    _server: AbortOnDropHandle<()>,
}

async fn fixture() -> Fixture {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    let requests = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&requests);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let service = service_fn(|_| async {
                    counted.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, Severed>(Response::new(Body::whole(WORDS.into())))
                });
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    let mischief = Arc::new(Mischief::default());
    let witness = Witness::Events(Arc::new(Ledger::default()));
    let relay = Relay::start(
        Ipv4Addr::LOCALHOST.into(),
        upstream,
        witness,
        Arc::clone(&mischief),
    );
    Fixture {
        relay: relay.await.unwrap(),
        mischief,
        served: requests,
        _server: AbortOnDropHandle::new(server),
    }
}

impl Fixture {
    /// Status and body of an answer, and whether it came in full.
    async fn ask(&self) -> Option<(u16, bool)> {
        let http = service::http_client(&service::ConnectOptions::default()).unwrap();
        let response = http.post(self.relay.url()).body("x").send().await.ok()?;
        let status = response.status().as_u16();
        Some((
            status,
            response.text().await.is_ok_and(|text| text == WORDS),
        ))
    }
}

#[tokio::test]
async fn each_trick_does_what_it_is_called() {
    let fixture = fixture().await;
    assert_eq!(fixture.ask().await, Some((200, true)));
    for (trick, expected, served) in [
        (
            Trick::Refuse(StatusCode::SERVICE_UNAVAILABLE),
            Some((503, false)),
            0,
        ),
        (Trick::Drop, None, 0),
        (Trick::LoseAnswer, None, 1),
        (Trick::Halve, Some((200, false)), 1),
        (Trick::Double, Some((200, true)), 2),
        (Trick::Hold(Duration::ZERO), Some((200, true)), 1),
    ] {
        let before = fixture.served.load(Ordering::SeqCst);
        fixture.mischief.begin(trick, 1.0, 0);
        assert_eq!(fixture.ask().await, expected, "{trick:?}");
        assert_eq!(fixture.mischief.end(), 1, "{trick:?}");
        let after = fixture.served.load(Ordering::SeqCst);
        assert_eq!(after - before, served, "{trick:?}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_passed_on_as_silence() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let upstream = gone.local_addr().unwrap().to_string();
    drop(gone);
    let witness = Witness::Events(Arc::new(Ledger::default()));
    let relay = Relay::start(
        Ipv4Addr::LOCALHOST.into(),
        upstream,
        witness,
        Arc::default(),
    );
    let relay = relay.await.unwrap();
    let http = service::http_client(&service::ConnectOptions::default()).unwrap();
    assert!(http.get(relay.url()).send().await.is_err());
}
