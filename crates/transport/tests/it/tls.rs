//! Whom the client trusts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::Span;
use transport::{ConnectOptions, Connector, PostClient, TransportError, http_client};

use crate::LONG;

/// A server on localhost whose certificate a private CA has signed; with the CA's PEM.
async fn start() -> (SocketAddr, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(answer(listener, TlsAcceptor::from(Arc::new(config))));
    (address, ca.pem())
}

async fn answer(listener: TcpListener, tls: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that does not trust us ends the handshake.
        let Ok(mut stream) = tls.accept(stream).await else {
            continue;
        };
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await;
        let _ = stream.shutdown().await;
    }
}

#[tokio::test]
async fn only_an_added_ca_makes_a_private_server_trusted() {
    let (address, ca) = start().await;
    let url = format!("https://localhost:{}/", address.port());
    let stranger = http_client(&ConnectOptions::default()).unwrap();
    assert!(stranger.get(&url).send().await.unwrap_err().is_connect());
    let options = ConnectOptions {
        ca_certs_pem: Some(ca),
        ..ConnectOptions::default()
    };
    let client = http_client(&options).unwrap();
    assert_eq!(
        client.get(&url).send().await.unwrap().text().await.unwrap(),
        "ok"
    );
}

#[tokio::test]
async fn posts_to_one_url_trust_the_same() {
    let (address, ca) = start().await;
    let url = format!("https://localhost:{}/", address.port());
    let post = async |ca_certs_pem| {
        let options = ConnectOptions {
            ca_certs_pem,
            ..ConnectOptions::default()
        };
        let connector = Connector::try_new(options).unwrap();
        let client = PostClient::try_new(&connector, url.parse().unwrap()).unwrap();
        let (headers, body) = (HeaderMap::new(), Bytes::from("an event"));
        client.post(LONG, headers, body, &Span::none()).await
    };
    let stranger = post(None).await;
    assert!(
        matches!(stranger, Err(TransportError::Unreachable { .. })),
        "{stranger:?}"
    );
    assert_eq!(post(Some(ca)).await.unwrap().status(), 200);
}

/// Sends requests, each over a connection of its own, until one is answered, or is not.
async fn until_answered(client: &reqwest::Client, url: &str, is_answered: bool) {
    let asking = async {
        loop {
            let request = client.get(url).header("connection", "close");
            match request.send().await {
                Ok(_) if is_answered => return,
                Err(error) if !is_answered => return assert!(error.is_connect(), "{error:?}"),
                _ => sleep(Duration::from_millis(250)).await,
            }
        }
    };
    timeout(Duration::from_mins(1), asking).await.unwrap();
}

#[tokio::test]
async fn folder_of_bundles_is_read_again_when_it_changes() {
    let (address, ca) = start().await;
    let url = format!("https://localhost:{}/", address.port());
    let folder = tempfile::tempdir().unwrap();
    let options = ConnectOptions {
        trust_bundles: folder.path().to_owned(),
        ..ConnectOptions::default()
    };
    let client = http_client(&options).unwrap();
    until_answered(&client, &url, false).await;
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, ca).unwrap();
    until_answered(&client, &url, true).await;
    std::fs::remove_file(file).unwrap();
    until_answered(&client, &url, false).await;
}
