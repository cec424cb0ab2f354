//! Hosts that are not MNS. Whoever may write a Secret can have any host asked, and must learn
//! nothing of what it answered, nor whether there is anybody at all.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::cloud::{ACCOUNT, KEY_ID, KEY_SECRET, REGION};
use crate::support::fixture::World;

/// A word that every answer holds and no status may.
const SECRET: &str = "tr0ub4dor";

/// A host that answers every connection with these bytes, and its URL.
async fn host(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let _ = connection.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

/// A URL of a closed port.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn http(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nServer: {SECRET}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn error_document(code: &str) -> String {
    format!(
        "<Error><Code>{code}</Code><Message>{SECRET}</Message><RequestId>{SECRET}</RequestId></Error>"
    )
}

/// What the status of a source says that has this URL in its Secret.
async fn told(url: &str) -> String {
    let world = World::start().await;
    let document = json!({
        "url": url, "accessKeyId": KEY_ID, "accessKeySecret": KEY_SECRET,
        "accountId": ACCOUNT, "region": REGION,
    });
    world.put_secret_text(&document.to_string());
    world.reconcile().await.unwrap();
    let told = format!("{}\n{}", world.conditions(), world.events());
    assert!(!told.contains(SECRET), "{told}");
    told.replace(url, "URL")
}

#[tokio::test]
async fn all_foreign_hosts_and_closed_ports_are_reported_alike() {
    let long = SECRET.repeat(1_000_000);
    let hosts = [
        nobody().await,
        host(String::new()).await,
        host(format!("SSH-2.0-{SECRET}\r\n")).await,
        host(http("200 OK", "application/json", SECRET)).await,
        host(http("200 OK", "text/html", &long)).await,
        host(http("301 Moved", "text/html", SECRET)).await,
        host(http("401 Unauthorized", "text/plain", SECRET)).await,
        host(http("403 Forbidden", "application/json", "{}")).await,
        host(http("404 Not Found", "text/html", SECRET)).await,
        host(http("500 Oops", "text/html", SECRET)).await,
        host(http("503 Busy", "text/xml", "<other/>")).await,
    ];
    let mut all = BTreeSet::new();
    for url in hosts {
        all.insert(told(&url).await);
    }
    assert_eq!(all.len(), 1, "{all:#?}");
    let told = all.pop_first().unwrap();
    assert!(
        told.contains("QueueReady: Unknown MnsUnavailable no MNS answers at `URL`"),
        "{told}"
    );
}

#[tokio::test]
async fn codes_that_mns_does_not_have_are_not_repeated() {
    let url = host(http("400 Bad", "text/xml", &error_document(SECRET))).await;
    let told = told(&url).await;
    assert!(told.contains("with a code that is not known"), "{told}");
    let known = host(http("403 No", "text/xml", &error_document("AccessDenied"))).await;
    assert!(
        self::told(&known)
            .await
            .contains("MNS answered `AccessDenied` to")
    );
}
