use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::StatusCode;

use super::*;

const WORDS: &str = "an answer of some length";

/// Records nothing.
struct Blind;

impl Recorder for Blind {
    type Exchange = ();

    fn request(&self, _: &HeaderMap, _: &Bytes) {}

    fn response(&self, (): (), response: &RecordedResponse) -> bool {
        response.status.is_success()
    }
}

/// A proxy before a server that counts its requests and answers with [`WORDS`].
struct Fixture {
    proxy: Proxy,
    faults: Arc<FaultInjector>,
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
                    Ok::<_, Closed>(Response::new(Body::complete(WORDS.into())))
                });
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    let faults = Arc::<FaultInjector>::default();
    let host = Ipv4Addr::LOCALHOST.into();
    let proxy = Proxy::start(host, upstream, Arc::new(Blind), Arc::clone(&faults));
    Fixture {
        proxy: proxy.await.unwrap(),
        faults,
        served: requests,
        _server: AbortOnDropHandle::new(server),
    }
}

impl Fixture {
    /// Status and body of an answer, and whether it came in full.
    async fn ask(&self) -> Option<(u16, bool)> {
        let http = service::http_client(&service::ConnectOptions::default()).unwrap();
        let response = http.post(self.proxy.url()).body("x").send().await.ok()?;
        let status = response.status().as_u16();
        Some((
            status,
            response.text().await.is_ok_and(|text| text == WORDS),
        ))
    }
}

#[tokio::test]
async fn each_fault_does_what_it_is_called() {
    let fixture = fixture().await;
    assert_eq!(fixture.ask().await, Some((200, true)));
    for (fault, expected, served) in [
        (
            ProxyFault::Respond(StatusCode::SERVICE_UNAVAILABLE),
            Some((503, false)),
            0,
        ),
        (ProxyFault::Drop, None, 0),
        (ProxyFault::DropResponse, None, 1),
        (ProxyFault::TruncateResponse, Some((200, false)), 1),
        (ProxyFault::Duplicate, Some((200, true)), 2),
        (
            ProxyFault::DelayResponse(Duration::ZERO),
            Some((200, true)),
            1,
        ),
    ] {
        let before = fixture.served.load(Ordering::SeqCst);
        fixture.faults.begin(fault, 1.0, 0);
        assert_eq!(fixture.ask().await, expected, "{fault:?}");
        assert_eq!(fixture.faults.end(), 1, "{fault:?}");
        let after = fixture.served.load(Ordering::SeqCst);
        assert_eq!(after - before, served, "{fault:?}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_passed_on_as_silence() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let upstream = gone.local_addr().unwrap().to_string();
    drop(gone);
    let host = Ipv4Addr::LOCALHOST.into();
    let proxy = Proxy::start(host, upstream, Arc::new(Blind), Arc::default());
    let proxy = proxy.await.unwrap();
    let http = service::http_client(&service::ConnectOptions::default()).unwrap();
    assert!(http.get(proxy.url()).send().await.is_err());
}
