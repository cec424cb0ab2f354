//! TLS on the same ports as plain HTTP, for SDKs that insist on `https`.
//!
//! The first byte of a connection tells which of the two it is. The certificate is made at
//! the start and self-signed, so clients must be told not to check it: it keeps no secret, and is only there
//! for clients that speak nothing but HTTPS.

use std::fmt;
use std::io;
use std::sync::Arc;

use rcgen::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::server::TlsStream;

/// The first byte of every TLS connection: its first record is a handshake. No HTTP request
/// begins with it.
const HANDSHAKE: u8 = 0x16;

/// Why there is no TLS. Permanent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// No certificate could be made.
    #[error("cannot make a certificate")]
    Certificate(#[source] rcgen::Error),
    /// The TLS library refused its settings.
    #[error("cannot set up TLS")]
    Settings(#[source] tokio_rustls::rustls::Error),
}

/// Opens connections as what they are. Cheap to clone.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// A connection that is ready for HTTP.
pub enum Opened {
    /// As it came.
    Plain(TcpStream),
    /// Under TLS.
    Secure(Box<TlsStream<TcpStream>>),
}

impl Tls {
    /// Makes a key and a certificate for this process alone.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn self_signed() -> Result<Self, TlsError> {
        let names = ["localhost", "*.localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(names).map_err(TlsError::Certificate)?;
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Settings)?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .map_err(TlsError::Settings)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Finds out what a connection is, and greets it if it is TLS. Waits for its first byte.
    ///
    /// # Errors
    /// When the connection ends before it began, or its handshake fails.
    pub async fn open(&self, stream: TcpStream) -> io::Result<Opened> {
        let mut first = [0];
        stream.peek(&mut first).await?;
        if first == [HANDSHAKE] {
            let secure = self.0.accept(stream).await?;
            return Ok(Opened::Secure(Box::new(secure)));
        }
        Ok(Opened::Plain(stream))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
