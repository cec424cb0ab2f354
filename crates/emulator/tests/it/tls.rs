//! One port, with TLS and without.

use std::sync::Arc;

use rcgen::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::running::Running;

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let request = b"GET /queues HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A peer that leaves TLS without a word has still said all it had to say.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn connector(config: ClientConfig) -> TlsConnector {
    TlsConnector::from(Arc::new(config))
}

fn builder()
-> tokio_rustls::rustls::ConfigBuilder<ClientConfig, tokio_rustls::rustls::WantsVerifier> {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
}

#[tokio::test]
async fn every_port_answers_with_and_without_tls() {
    let running = Running::start().await;
    let config = builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unchecked));
    let connector = connector(config.with_no_client_auth());
    for (name, address) in running.addresses.named() {
        let plain = talk(TcpStream::connect(address).await.unwrap()).await;
        assert!(plain.starts_with("HTTP/1.1 4"), "{name}: {plain}");
        let stream = TcpStream::connect(address).await.unwrap();
        let host = ServerName::try_from("localhost").unwrap();
        let secure = talk(connector.connect(host, stream).await.unwrap()).await;
        assert_eq!(secure.lines().next(), plain.lines().next(), "{name}");
    }
}

#[tokio::test]
async fn a_client_that_checks_is_not_deceived() {
    let running = Running::start().await;
    let CertifiedKey { cert, .. } =
        rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let connector = connector(
        builder()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    );
    let stream = TcpStream::connect(running.addresses.mns).await.unwrap();
    let host = ServerName::try_from("localhost").unwrap();
    assert!(connector.connect(host, stream).await.is_err());
}

#[tokio::test]
async fn a_broken_greeting_ends_the_connection_and_nothing_else() {
    let running = Running::start().await;
    let mut broken = TcpStream::connect(running.addresses.mns).await.unwrap();
    broken
        .write_all(b"\x16\x03\x01\xff\xff nonsense")
        .await
        .unwrap();
    broken.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = broken.read_to_end(&mut rest).await;
    let plain = talk(TcpStream::connect(running.addresses.mns).await.unwrap()).await;
    assert!(plain.starts_with("HTTP/1.1 4"), "{plain}");
}

/// Believes any certificate.
#[derive(Debug)]
struct Unchecked;

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, cert, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, cert, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}
