//! TLS in front of a sink: it ends here, and what is inside is passed on.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// A private CA.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a server on localhost shows.
    fn server(&self) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        Arc::new(config)
    }
}

/// A server on localhost.
pub(crate) struct TlsSink {
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    config: Arc<ServerConfig>,
    connections: Vec<AbortHandle>,
}

impl TlsSink {
    /// In front of what listens at `inner`, with a certificate of this authority.
    pub(crate) async fn start(inner: String, authority: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}/",
            listener.local_addr().unwrap().port()
        );
        let shared = Arc::new(Mutex::new(Shared {
            config: authority.server(),
            connections: Vec::new(),
        }));
        tokio::spawn(accept(listener, inner, Arc::clone(&shared)));
        Self { url, shared }
    }

    /// Shows a certificate of another authority from now on.
    pub(crate) fn change(&self, authority: &Authority) {
        self.shared.lock().unwrap().config = authority.server();
        self.hang_up();
    }

    /// Closes all connections, so that the next request needs a handshake.
    pub(crate) fn hang_up(&self) {
        for connection in self.shared.lock().unwrap().connections.drain(..) {
            connection.abort();
        }
    }
}

async fn accept(listener: TcpListener, inner: String, shared: Arc<Mutex<Shared>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = TlsAcceptor::from(shared.lock().unwrap().config.clone());
        let inner = inner.clone();
        let connection = tokio::spawn(async move {
            // A client that does not trust us ends the handshake.
            let Ok(mut outside) = acceptor.accept(stream).await else {
                return;
            };
            let mut inside = TcpStream::connect(inner).await.unwrap();
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        });
        let connection = connection.abort_handle();
        shared.lock().unwrap().connections.push(connection);
    }
}
