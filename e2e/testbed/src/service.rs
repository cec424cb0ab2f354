//! The services of the pipeline, and what each is started with.
//!
//! Arguments and environment are the same for processes, containers, and a process that is
//! started alone to be measured.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cloud::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, ACCOUNT, BUCKET, QUEUE, REGION, TARGET};

/// A service of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// OSS, MNS and the face APIs.
    Emulator,
    /// Event to annotated object.
    FaceRecognition,
    /// Queue to sink.
    SourceAdapter,
}

impl Service {
    /// All of them, in the order in which they start: each needs those before it.
    pub const ALL: [Self; 3] = [Self::Emulator, Self::FaceRecognition, Self::SourceAdapter];

    /// The name of its binary, which is also that of its log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Emulator => "emulator",
            Self::FaceRecognition => "face-recognition",
            Self::SourceAdapter => "source-adapter",
        }
    }
}

/// Where the services listen, as `host:port`. Empty for one that has not started yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// OSS.
    pub oss: String,
    /// MNS.
    pub mns: String,
    /// The MNS OpenAPI.
    pub mns_open: String,
    /// The face APIs.
    pub face_api: String,
    /// STS.
    pub sts: String,
    /// The emulator's admin API.
    pub admin: String,
    /// The face service.
    pub face_recognition: String,
    /// Health and metrics of the adapter.
    pub source_adapter: String,
}

impl Addresses {
    /// The emulator on its documented ports of `host`.
    #[must_use]
    pub fn of_emulator(host: &str) -> Self {
        Self {
            oss: format!("{host}:8901"),
            mns: format!("{host}:8902"),
            mns_open: format!("{host}:8905"),
            face_api: format!("{host}:8903"),
            sts: format!("{host}:8906"),
            admin: format!("{host}:8904"),
            ..Self::default()
        }
    }

    /// The listener of the service that answers `/health`.
    #[must_use]
    pub fn health(&self, service: Service) -> &str {
        match service {
            Service::Emulator => &self.admin,
            Service::FaceRecognition => &self.face_recognition,
            Service::SourceAdapter => &self.source_adapter,
        }
    }

    /// Each listener of the service: its argument, its name in the announcement, its address.
    fn listeners(&mut self, service: Service) -> Vec<(&'static str, &'static str, &mut String)> {
        match service {
            Service::Emulator => vec![
                ("--oss", "oss", &mut self.oss),
                ("--mns", "mns", &mut self.mns),
                ("--mns-open", "mns-open", &mut self.mns_open),
                ("--face", "face", &mut self.face_api),
                ("--sts", "sts", &mut self.sts),
                ("--admin", "admin", &mut self.admin),
            ],
            Service::FaceRecognition => vec![("--listen", "http", &mut self.face_recognition)],
            Service::SourceAdapter => vec![("--listen", "http", &mut self.source_adapter)],
        }
    }

    /// The same without the listeners of the service.
    pub(crate) fn without(mut self, service: Service) -> Self {
        for (_, _, address) in self.listeners(service) {
            address.clear();
        }
        self
    }

    /// Takes over the addresses that the service announced.
    pub(crate) fn announced(&mut self, service: Service, announced: &BTreeMap<String, String>) {
        for (_, name, address) in self.listeners(service) {
            if let Some(bound) = announced.get(name) {
                address.clone_from(bound);
            }
        }
    }
}

/// The project of IMM that the emulator has.
const IMM_PROJECT: &str = "faces";

/// Which back end of the face service finds the faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaceBackend {
    /// The emulated `/face/attribute`.
    Dataplus,
    /// The emulated `RecognizeFace`.
    Facebody,
    /// The emulated `DetectImageFaces`.
    Imm,
    /// The nets inside the face service.
    Local,
}

impl FaceBackend {
    fn name(self) -> &'static str {
        match self {
            Self::Dataplus => "dataplus",
            Self::Facebody => "facebody",
            Self::Imm => "imm",
            Self::Local => "local",
        }
    }
}

/// Where services have their keys from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Variables with the emulator's own key pair.
    Pair,
    /// A mounted Secret, as the services see the file system.
    Secret(PathBuf),
    /// What the further environment says.
    Elsewhere,
}

/// Settings of the services.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder for logs and announcements of processes; it must exist.
    pub folder: PathBuf,
    /// Where the services listen; on a free port of the loopback interface where it is empty.
    pub addresses: Addresses,
    /// Which back end finds the faces.
    pub backend: FaceBackend,
    /// The emulator keeps its state here, as it sees the file system; in memory if `None`.
    pub data: Option<PathBuf>,
    /// Where the face service and the adapter have their keys from.
    pub keys: Keys,
    /// Filter of the log lines of all services.
    pub log: String,
    /// The emulator keeps the last requests for its admin API, signatures and all.
    pub capture: bool,
    /// More environment for the face service.
    pub face_env: BTreeMap<String, String>,
    /// More environment for the adapter.
    pub adapter_env: BTreeMap<String, String>,
}

/// Arguments and environment of one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
}

impl Settings {
    /// The defaults, with logs and announcements in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            addresses: Addresses::default(),
            backend: FaceBackend::Dataplus,
            data: None,
            keys: Keys::Pair,
            log: "info".to_owned(),
            capture: false,
            face_env: BTreeMap::new(),
            adapter_env: BTreeMap::new(),
        }
    }

    /// How the service is started among services at `addresses`. `bind` turns its own addresses
    /// into those to listen on.
    pub(crate) fn invocation(
        &self,
        service: Service,
        addresses: &Addresses,
        bind: impl Fn(&str) -> String,
    ) -> Invocation {
        let mut args = Vec::new();
        for (argument, _, address) in addresses.clone().listeners(service) {
            args.extend([argument.to_owned(), bind(address)]);
        }
        let mut env = text([("RUST_LOG", self.log.as_str()), ("RUST_BACKTRACE", "0")]);
        match service {
            Service::Emulator => {
                args.extend(self.emulator_args());
                env.extend(text(OFFICIAL_KEY_PAIR));
            }
            Service::FaceRecognition => env.extend(self.face_env(addresses)),
            Service::SourceAdapter => env.extend(self.adapter_env(addresses)),
        }
        Invocation { args, env }
    }

    fn emulator_args(&self) -> Vec<String> {
        let mut args = ["--region", REGION, "--account", ACCOUNT]
            .map(str::to_owned)
            .to_vec();
        if let Some(data) = &self.data {
            args.extend(["--data".to_owned(), data.to_string_lossy().into_owned()]);
        }
        if self.capture {
            args.push("--capture".to_owned());
        }
        args
    }

    /// The environment that a Knative Service would set.
    fn face_env(&self, addresses: &Addresses) -> BTreeMap<String, String> {
        let face_endpoint = match self.backend {
            FaceBackend::Local => String::new(),
            _ => format!("http://{}", addresses.face_api),
        };
        let mut env = text([
            ("UPLOAD_OSS_PATH", TARGET),
            ("OSS_ENDPOINT", &format!("http://{}", addresses.oss)),
            ("OSS_ADDRESSING", "path"),
            ("OSS_ALLOWED_BUCKETS", BUCKET),
            ("OSS_ALLOWED_REGIONS", REGION),
            ("FACE_BACKEND", self.backend.name()),
            ("FACE_ENDPOINT", &face_endpoint),
            ("FACE_IMM_PROJECT", IMM_PROJECT),
        ]);
        // The seed's own names, so that every run proves them.
        env.extend(self.credentials(
            "CREDENTIALS_FILE",
            [
                ("ACCESSKEY_ID", ACCESS_KEY_ID),
                ("ACCESSKEY_SECRET", ACCESS_KEY_SECRET),
            ],
        ));
        env.extend(self.face_env.clone());
        env
    }

    /// The environment that the controller would set.
    fn adapter_env(&self, addresses: &Addresses) -> BTreeMap<String, String> {
        let mut env = text([
            ("K_SINK", &format!("http://{}/", addresses.face_recognition)),
            ("MNS_ENDPOINT", &format!("http://{}", addresses.mns)),
            ("MNS_QUEUE", QUEUE),
            ("NAMESPACE", "default"),
            ("NAME", "faces"),
        ]);
        env.extend(self.credentials("MNS_ACCESS_TOKEN_FILE", OFFICIAL_KEY_PAIR));
        env.extend(self.adapter_env.clone());
        env
    }

    fn credentials(&self, file: &str, key_pair: [(&str, &str); 2]) -> BTreeMap<String, String> {
        match &self.keys {
            Keys::Pair => text(key_pair),
            Keys::Secret(secret) => text([(file, secret.to_string_lossy().as_ref())]),
            Keys::Elsewhere => BTreeMap::new(),
        }
    }
}

/// The key pair by the names of Alibaba Cloud's own SDKs.
const OFFICIAL_KEY_PAIR: [(&str, &str); 2] = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
];

fn text<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_was_announced_is_started_again_where_it_was() {
        let settings = Settings::new("/nowhere".into());
        let mut addresses = Addresses::default();
        let listen = |addresses: &Addresses| {
            let bind = |address: &str| format!("<{address}>");
            settings
                .invocation(Service::SourceAdapter, addresses, bind)
                .args
        };
        assert_eq!(listen(&addresses), ["--listen", "<>"]);
        let announced = [("http".to_owned(), "127.0.0.1:7".to_owned())].into();
        addresses.announced(Service::SourceAdapter, &announced);
        assert_eq!(listen(&addresses), ["--listen", "<127.0.0.1:7>"]);
    }

    #[test]
    fn a_mounted_secret_takes_the_place_of_the_key_pair() {
        let mut settings = Settings::new("/nowhere".into());
        let credentials = |settings: &Settings, service| {
            let env = settings
                .invocation(service, &Addresses::default(), str::to_owned)
                .env;
            let named = |name: &&String| name.contains("KEY") || name.ends_with("_FILE");
            env.keys()
                .filter(named)
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let (face, adapter) = (Service::FaceRecognition, Service::SourceAdapter);
        assert_eq!(
            credentials(&settings, face),
            "ACCESSKEY_ID ACCESSKEY_SECRET"
        );
        settings.keys = Keys::Secret("/secret".into());
        assert_eq!(credentials(&settings, face), "CREDENTIALS_FILE");
        assert_eq!(credentials(&settings, adapter), "MNS_ACCESS_TOKEN_FILE");
    }
}
