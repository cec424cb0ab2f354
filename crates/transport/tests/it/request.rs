//! The request arrives as it was made, or not at all.

use bytes::Bytes;
use transport::{BoxError, Call, Disposition, TransportError};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{LONG, get, transport};

#[tokio::test]
async fn target_is_sent_as_it_was_signed() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    for target in [
        "/",
        "/a%20b/%2B%25%23%3F",
        "/a//b/",
        "/q?z=1&a&b=%2F%3d",
        "/%E4%BD%A0/%F0%9F%98%80",
        "/.hidden/...",
    ] {
        let url = format!("{}{target}", server.uri());
        transport(1)
            .send(&Call::new(LONG, 0), get(url))
            .await
            .unwrap();
        let received = server.received_requests().await.unwrap().pop().unwrap();
        assert!(
            received.url.as_str().ends_with(target),
            "{target} became {}",
            received.url
        );
    }
}

#[tokio::test]
async fn target_that_would_be_rewritten_is_refused() {
    for target in ["/a/../b", "/a/./b", "/a/%2e%2e/b", "/a?b='"] {
        let url = format!("http://127.0.0.1:9{target}");
        let error = transport(3)
            .send(&Call::new(LONG, 0), get(url))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TransportError::Unsendable { .. }),
            "{target}: {error:?}"
        );
        assert_eq!(error.disposition(), Disposition::Permanent, "{target}");
        assert!(error.is_unprocessed(), "{target}");
    }
}

#[tokio::test]
async fn failure_to_make_a_request_is_permanent() {
    let make = || Err::<http::Request<Bytes>, BoxError>("no credentials".into());
    let error = transport(3)
        .open(&Call::new(LONG, 0), make)
        .await
        .unwrap_err();
    assert_eq!(error.disposition(), Disposition::Permanent);
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "no credentials"
    );
}

#[test]
fn call_can_run_in_a_spawned_task() {
    fn spawnable<T: Send>(_: T) {}
    let transport = transport(1);
    spawnable(transport.send(&Call::new(LONG, 0), get(String::new())));
    spawnable(transport.open(&Call::new(LONG, 0), get(String::new())));
}
