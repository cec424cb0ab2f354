//! The HTTP client under a [`Transport`](crate::Transport).
//!
//! One crypto provider (ring), HTTP/1.1, no redirects (a signed request is for one host
//! and no other) and no proxy from the environment (it would see every signed request).
//! Deadlines are set per call, not here: a long poll and an upload have nothing in common.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::vec::IntoIter;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;

use crate::dns::DnsResolver;
use crate::error::BoxError;
use crate::reach::Reach;
use crate::server_verifier::ServerVerifier;

/// Where Knative mounts the trust bundles of a cluster; anywhere else there is no such folder.
pub const KNATIVE_BUNDLES: &str = "/knative-custom-certs";

/// A long poll whose peer has gone away without a word is noticed in under 20 s.
pub(crate) const KEEPALIVE_AFTER: Duration = Duration::from_secs(10);
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
pub(crate) const KEEPALIVE_PROBES: u32 = 3;
pub(crate) const USER_AGENT: &str = concat!("knative-mnsoss/", env!("CARGO_PKG_VERSION"));

/// How to connect.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Time for name resolution, TCP and TLS together.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept. Shorter than servers keep theirs, so that
    /// a request rarely meets a connection that is being closed.
    pub idle_timeout: Duration,
    /// Unused connections kept per host; as many as there are calls at one time.
    pub idle_per_host: usize,
    /// Further CA certificates to trust, in PEM (`K_CA_CERTS`).
    pub ca_certs_pem: Option<String>,
    /// Folder with files of further CA certificates to trust. It need not be there; if it is, what comes,
    /// changes or goes in it takes effect at the next connection a few seconds later.
    pub trust_bundles: PathBuf,
    /// Which of the addresses that a name has may be connected to. An address that stands in a URL
    /// is checked by [`Transport::connect`](crate::Transport::connect), not by the HTTP client.
    pub reach: Reach,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(20),
            idle_per_host: 64,
            ca_certs_pem: None,
            trust_bundles: PathBuf::from(KNATIVE_BUNDLES),
            reach: Reach::anywhere(),
        }
    }
}

/// Why there is no client. Permanent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpClientError {
    /// The added CA certificates are not PEM.
    #[error("the added CA certificates are not in PEM form")]
    CaCerts(#[source] rustls::pki_types::pem::Error),
    /// The added text holds no certificate at all.
    #[error("the added CA certificates hold no `BEGIN CERTIFICATE` block")]
    NoCaCerts,
    /// TLS could not be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// The HTTP library refused its settings.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// Makes a client. Cheap to clone; clones share the connections.
///
/// # Errors
/// Permanent: CA certificates that cannot be read.
pub fn http_client(options: &ConnectOptions) -> Result<reqwest::Client, HttpClientError> {
    let ConnectOptions {
        connect_timeout,
        idle_timeout,
        idle_per_host,
        reach,
        ..
    } = options;
    reqwest::Client::builder()
        .dns_resolver(Resolver::new(reach.clone()))
        .tls_backend_preconfigured(tls(options)?)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        // It repeats what HTTP/2 servers refused; for that it would keep a copy of each request.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .no_proxy()
        .connect_timeout(*connect_timeout)
        .pool_idle_timeout(*idle_timeout)
        .pool_max_idle_per_host(*idle_per_host)
        .tcp_nodelay(true)
        .tcp_keepalive(KEEPALIVE_AFTER)
        .tcp_keepalive_interval(KEEPALIVE_INTERVAL)
        .tcp_keepalive_retries(KEEPALIVE_PROBES)
        .build()
        .map_err(HttpClientError::Client)
}

/// Resolves a name for a connection, and keeps back what must not be connected to. The name is
/// not asked for again between this and the connection.
#[derive(Clone)]
pub(crate) struct Resolver {
    names: Arc<DnsResolver>,
    reach: Reach,
}

impl Resolver {
    pub(crate) fn new(reach: Reach) -> Self {
        Self {
            names: Arc::new(DnsResolver::default()),
            reach,
        }
    }

    /// The addresses of a name that may be connected to.
    pub(crate) async fn addresses(&self, name: &str) -> Result<IntoIter<SocketAddr>, BoxError> {
        let found = self.names.resolve(name).await?;
        let admitted: Vec<_> = found
            .into_iter()
            .filter(|address| self.reach.admits(name, address.ip()))
            .collect();
        if admitted.is_empty() {
            return Err("none of the addresses of this name may be connected to".into());
        }
        Ok(admitted.into_iter())
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found: Addrs = Box::new(resolver.addresses(name.as_str()).await?);
            Ok(found)
        })
    }
}

fn parse_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, HttpClientError> {
    let certificates =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(HttpClientError::CaCerts)?;
    if certificates.is_empty() {
        Err(HttpClientError::NoCaCerts)
    } else {
        Ok(certificates)
    }
}

/// How servers are known.
pub(crate) fn tls(options: &ConnectOptions) -> Result<rustls::ClientConfig, HttpClientError> {
    let added = options.ca_certs_pem.as_deref().map(parse_pem).transpose()?;
    let bundles = options.trust_bundles.clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let has_bundles = bundles.is_dir();
    let trust = ServerVerifier::new(provider.clone(), bundles, added.unwrap_or_default());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(HttpClientError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if has_bundles {
        // A server shows no certificate in a session that is resumed, which would so outlive the
        // trust in it.
        config.resumption = Resumption::disabled();
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_needs_no_certificates_on_the_machine() {
        assert!(http_client(&ConnectOptions::default()).is_ok());
    }

    #[test]
    fn bad_ca_certificates_are_refused_at_start() {
        let table = [
            (
                "not PEM",
                "hello",
                "the added CA certificates hold no `BEGIN CERTIFICATE` block",
            ),
            (
                "torn PEM",
                "-----BEGIN CERTIFICATE-----\nAAAA",
                "the added CA certificates are not in PEM form",
            ),
        ];
        for (name, pem, expected) in table {
            let options = ConnectOptions {
                ca_certs_pem: Some(pem.to_owned()),
                ..ConnectOptions::default()
            };
            assert_eq!(
                http_client(&options).unwrap_err().to_string(),
                expected,
                "{name}"
            );
        }
    }
}
