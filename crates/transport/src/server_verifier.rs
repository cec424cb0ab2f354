//! Verifies the certificates of servers against CA roots that are reloaded when they change.
//!
//! The roots are those of the system, every file in the directory where Knative mounts its
//! trust bundles, and those that the configuration adds. They are loaded at the first TLS
//! handshake, so that a process that speaks plain HTTP starts fast and stays small, and
//! a machine without any roots can still do that. They are loaded again when the directory has
//! changed, so that a bundle that comes or goes takes effect without a restart, and when a server
//! is not trusted, because the system's roots may have changed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tracing::{debug, warn};

/// Untrusted servers cause one reload in this time at most.
const RELOAD_INTERVAL: Duration = Duration::from_secs(10);
/// The directory is checked once in this time at most. Kubernetes itself takes up to a minute to
/// update a mounted file.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Name, age and size of each file of the directory: what Kubernetes mounts anew is younger.
type Fingerprint = Vec<(OsString, Option<SystemTime>, u64)>;

/// Verifies servers against roots that are loaded when needed.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    provider: Arc<CryptoProvider>,
    bundles: PathBuf,
    added: Vec<CertificateDer<'static>>,
    loaded: Mutex<Option<Loaded>>,
}

#[derive(Clone, Debug)]
struct Loaded {
    verifier: Arc<WebPkiServerVerifier>,
    at: Instant,
    fingerprint: Fingerprint,
    checked_at: Instant,
}

impl ServerVerifier {
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

    /// The verifier in use, and when it was loaded. It is loaded anew if the directory has changed.
    fn current(&self) -> Result<Loaded, Error> {
        let mut loaded = self.loaded.lock();
        if let Some(known) = &mut *loaded
            && (known.checked_at.elapsed() < CHECK_INTERVAL || known.is_still(&self.bundles))
        {
            return Ok(known.clone());
        }
        Ok(loaded.insert(self.load()?).clone())
    }

    /// A newer verifier than `known`, unless that one is new enough.
    fn newer(&self, known: &Loaded) -> Result<Option<Loaded>, Error> {
        let mut loaded = self.loaded.lock();
        match &*loaded {
            Some(other) if other.at > known.at => Ok(Some(other.clone())),
            Some(other) if other.at.elapsed() < RELOAD_INTERVAL => Ok(None),
            _ => Ok(Some(loaded.insert(self.load()?).clone())),
        }
    }

    fn load(&self) -> Result<Loaded, Error> {
        // First, so that a change while it is read is noticed the next time.
        let fingerprint = fingerprint(&self.bundles);
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
            fingerprint,
            checked_at: Instant::now(),
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

impl Loaded {
    /// Whether the directory is as it was when this was loaded.
    fn is_still(&mut self, bundles: &Path) -> bool {
        self.checked_at = Instant::now();
        self.fingerprint == fingerprint(bundles)
    }
}

fn fingerprint(bundles: &Path) -> Fingerprint {
    let entries = std::fs::read_dir(bundles).into_iter().flatten().flatten();
    let mut fingerprint: Fingerprint = entries
        .filter_map(|entry| {
            // Of what a link leads to.
            let metadata = std::fs::metadata(entry.path()).ok()?;
            Some((entry.file_name(), metadata.modified().ok(), metadata.len()))
        })
        .collect();
    fingerprint.sort();
    fingerprint
}

fn certificates_in(path: &Path) -> Vec<CertificateDer<'static>> {
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

impl ServerCertVerifier for ServerVerifier {
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
