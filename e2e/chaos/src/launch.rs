//! How the three services are started, told once for containers and processes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use testbed::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, ACCOUNT, BUCKET, QUEUE, REGION, TARGET};

/// What is started, killed and cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    /// OSS, MNS and the face API, with their data on disk.
    Emulator,
    /// The face service.
    Face,
    /// The receive adapter.
    Adapter,
}

impl Service {
    /// All of them, in the order in which they start.
    pub(crate) const ALL: [Self; 3] = [Self::Emulator, Self::Face, Self::Adapter];

    /// Name in messages, and of the log file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Emulator => "emulator",
            Self::Face => "face-recognition",
            Self::Adapter => "source-adapter",
        }
    }
}

/// Where everybody listens, all through the run.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The address of this machine that services reach.
    pub(crate) host: IpAddr,
    /// `host:port` of OSS.
    pub(crate) oss: String,
    /// `host:port` of MNS.
    pub(crate) mns: String,
    /// `host:port` of the face API.
    pub(crate) faces: String,
    /// `host:port` of the emulator's admin API.
    pub(crate) admin: String,
    /// `host:port` of the face service.
    pub(crate) face: String,
    /// `host:port` of the adapter's health and metrics.
    pub(crate) adapter: String,
}

impl Places {
    /// Where the service answers `GET /health`.
    pub(crate) fn health(&self, service: Service) -> String {
        let address = match service {
            Service::Emulator => &self.admin,
            Service::Face => &self.face,
            Service::Adapter => &self.adapter,
        };
        format!("http://{address}/health")
    }
}

/// What services are told beside where everybody is. The emulator needs none of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wiring {
    /// URL of the face API, as the face service is to call it.
    pub(crate) face_api: String,
    /// URL that the adapter delivers to.
    pub(crate) sink: String,
    /// URL for what nobody takes.
    pub(crate) dead_letters: String,
    /// How long the adapter waits for the sink.
    pub(crate) delivery_timeout: Duration,
}

/// Where a service finds its files, by its own view of the file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'a> {
    /// The folder that the emulator keeps its data in.
    pub(crate) data: &'a str,
    /// The mounted Secret.
    pub(crate) secret: &'a str,
}

/// Arguments and environment of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
}

/// `listen` turns a place into the address to bind there.
pub(crate) fn words(
    service: Service,
    places: &Places,
    wiring: &Wiring,
    files: Files<'_>,
    listen: impl Fn(&str) -> String,
) -> Words {
    let (args, env) = match service {
        Service::Emulator => (
            vec![
                format!("--region={REGION}"),
                format!("--account={ACCOUNT}"),
                format!("--data={}", files.data),
                format!("--oss={}", listen(&places.oss)),
                format!("--mns={}", listen(&places.mns)),
                format!("--face={}", listen(&places.faces)),
                format!("--admin={}", listen(&places.admin)),
            ],
            vec![
                ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
                (
                    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                    ACCESS_KEY_SECRET.to_owned(),
                ),
            ],
        ),
        Service::Face => (
            vec![format!("--listen={}", listen(&places.face))],
            face_env(places, wiring, files),
        ),
        Service::Adapter => (
            vec![format!("--listen={}", listen(&places.adapter))],
            adapter_env(places, wiring, files),
        ),
    };
    let common = [
        ("RUST_LOG", "info".to_owned()),
        ("RUST_BACKTRACE", "0".to_owned()),
    ];
    let env = env.into_iter().chain(common);
    Words {
        args,
        env: env.map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn face_env(places: &Places, wiring: &Wiring, files: Files<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("CREDENTIALS_FILE", files.secret.to_owned()),
        ("UPLOAD_OSS_PATH", TARGET.to_owned()),
        ("OSS_ENDPOINT", format!("http://{}", places.oss)),
        ("OSS_ADDRESSING", "path".to_owned()),
        ("OSS_ALLOWED_BUCKETS", BUCKET.to_owned()),
        ("OSS_ALLOWED_REGIONS", REGION.to_owned()),
        ("FACE_BACKEND", "dataplus".to_owned()),
        ("FACE_ENDPOINT", wiring.face_api.clone()),
    ]
}

fn adapter_env(places: &Places, wiring: &Wiring, files: Files<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("MNS_ACCESS_TOKEN_FILE", files.secret.to_owned()),
        ("MNS_ENDPOINT", format!("http://{}", places.mns)),
        ("MNS_QUEUE", QUEUE.to_owned()),
        ("K_SINK", wiring.sink.clone()),
        ("DELIVERY_DEAD_LETTER_SINK", wiring.dead_letters.clone()),
        // A photo may meet more trouble here than in a year: it is to be tried until the
        // trouble ends, and without long waits, for the sake of the run's time.
        ("DELIVERY_RETRY", "1000".to_owned()),
        ("DELIVERY_BACKOFF_POLICY", "linear".to_owned()),
        ("DELIVERY_BACKOFF_DELAY", "PT0.3S".to_owned()),
        (
            "DELIVERY_TIMEOUT",
            format!("PT{}S", wiring.delivery_timeout.as_secs()),
        ),
        ("NAMESPACE", "chaos".to_owned()),
        ("NAME", "chaos".to_owned()),
    ]
}
