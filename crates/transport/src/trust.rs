//! Which servers are believed to be who they say they are.
//!
//! Trust is the system's roots, every file in the directory where Knative mounts its
//! trust bundles, and what the configuration adds. It is loaded at the first TLS
//! handshake, so that a process that speaks plain HTTP starts fast and stays small, and
//! a machine without any roots can still do that. When a server is not trusted it is
//! loaded once more, so that a renewed bundle takes effect without a restart.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tracing::{debug, warn};

/// A server that nobody trusts must not make us read the disk for each of its handshakes.
const RELOAD_PAUSE: Duration = Duration::from_secs(10);

/// Verifies servers against roots that are loaded when needed.
#[derive(Debug)]
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    bundles: PathBuf,
    added: Vec<CertificateDer<'static>>,
    loaded: Mutex<Option<Loaded>>,
}

#[derive(Clone, Debug)]
struct Loaded {
    verifier: Arc<WebPkiServerVerifier>,
    at: Instant,
}

impl Trust {
    /// Loads nothing yet. `bundles` need not exist.
    pub(crate) fn new(
        provider: Arc<CryptoProvider>,
        bundles: PathBuf,
        added: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self {
            provider,
            bundles,
            added,
            loaded: Mutex::new(None),
        }
    }

    /// The verifier in use, and when it was loaded.
    fn current(&self) -> Result<Loaded, Error> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = &*loaded {
            return Ok(loaded.clone());
        }
        Ok(loaded.insert(self.load()?).clone())
    }

    /// A newer verifier than `known`, unless that one is new enough.
    fn newer(&self, known: &Loaded) -> Result<Option<Loaded>, Error> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        match &*loaded {
            Some(other) if other.at > known.at => Ok(Some(other.clone())),
            Some(other) if other.at.elapsed() < RELOAD_PAUSE => Ok(None),
            _ => Ok(Some(loaded.insert(self.load()?).clone())),
        }
    }

    fn load(&self) -> Result<Loaded, Error> {
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            warn!(error = %error, "cannot read some of the system's CA certificates");
        }
        roots.add_parsable_certificates(system.certs);
        roots.add_parsable_certificates(self.read_bundles());
        roots.add_parsable_certificates(self.added.iter().cloned());
        debug!(certificates = roots.len(), "loaded CA certificates");
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), self.provider.clone())
                .build()
                .map_err(|_| no_roots())?;
        Ok(Loaded {
            verifier,
            at: Instant::now(),
        })
    }

    fn read_bundles(&self) -> Vec<CertificateDer<'static>> {
        let Ok(entries) = std::fs::read_dir(&self.bundles) else {
            return Vec::new();
        };
        let files = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file());
        files.flat_map(|path| certificates_in(&path)).collect()
    }
}

fn certificates_in(path: &std::path::Path) -> Vec<CertificateDer<'static>> {
    match CertificateDer::pem_file_iter(path) {
        Ok(certificates) => certificates.filter_map(Result::ok).collect(),
        Err(error) => {
            warn!(path = %path.display(), error = %error, "cannot read a trust bundle");
            Vec::new()
        }
    }
}

fn no_roots() -> Error {
    Error::General(
        "no CA certificates on this machine: install `ca-certificates`, or set SSL_CERT_FILE or K_CA_CERTS"
            .to_owned(),
    )
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let check = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let current = self.current()?;
        let outcome = check(&current.verifier);
        if !matches!(
            outcome,
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        ) {
            return outcome;
        }
        match self.newer(&current)? {
            Some(newer) => check(&newer.verifier),
            None => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
