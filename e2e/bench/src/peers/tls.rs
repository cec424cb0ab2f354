//! TLS in front of a server that speaks plain HTTP, for clients that know nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use rcgen::CertifiedKey;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A listener. It ends when dropped; connections end with their clients.
pub(super) struct TlsFront {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// The certificate that clients must trust, in PEM.
    pub(super) certificate: String,
    accepting: JoinHandle<()>,
}

impl TlsFront {
    /// Listens at `address` as `name`, and passes on what comes to `server`, a `host:port`.
    pub(super) async fn start(address: &str, name: &str, server: &str) -> Result<Self> {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([name.to_owned()])?;
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())?;
        let listener = TcpListener::bind(address).await?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self {
            address: listener.local_addr()?,
            certificate: cert.pem(),
            accepting: tokio::spawn(accept(listener, acceptor, server.to_owned())),
        })
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, server: String) {
    // A connection that fails is its client's trouble.
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, server) = (acceptor.clone(), server.clone());
        tokio::spawn(async move {
            let mut client = acceptor.accept(stream).await?;
            let mut server = TcpStream::connect(server).await?;
            copy_bidirectional(&mut client, &mut server).await
        });
    }
}
