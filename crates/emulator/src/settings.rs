//! Settings of the emulator, fixed at its start. Credentials are not settings: they
//! change while it runs and live in [`crate::keys`].

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use crate::listeners::PerListener;

/// The IMM project that there is unless the settings name another.
pub const IMM_PROJECT: &str = "faces";

/// Settings of one emulator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where each service listens. Port 0 takes any free port.
    pub listen: PerListener<SocketAddr>,
    /// The region that all services play, for example `cn-shanghai`.
    pub region: String,
    /// Account id, and owner of everything.
    pub account: String,
    /// Where state is kept; without it, in memory.
    pub data: Option<PathBuf>,
    /// URLs to put into answers in place of the address that the request was sent to.
    pub public: Public,
    /// Host names that are the OSS service itself: `name/bucket/key` is path-style there,
    /// and `bucket.name` is virtual-hosted.
    pub oss_hosts: Vec<String>,
    /// The IMM project that there is.
    pub imm_project: String,
    /// Largest object, part or form, in bytes.
    pub max_object_bytes: u64,
    /// Keep the last requests for the admin API.
    pub capture: bool,
    /// Seed of everything that faults leave to chance.
    pub seed: u64,
}

/// Base URLs under which clients reach the services, where that differs from the `Host`
/// header of their requests.
#[derive(Debug, Clone, Default)]
pub struct Public {
    /// Of object storage.
    pub oss: Option<Url>,
    /// Of queues and topics.
    pub mns: Option<Url>,
}

/// Any free ports of this machine, in memory, `cn-shanghai`.
impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: PerListener::loopback(),
            region: "cn-shanghai".to_owned(),
            account: "1234567890123456".to_owned(),
            data: None,
            public: Public::default(),
            oss_hosts: Vec::new(),
            imm_project: IMM_PROJECT.to_owned(),
            max_object_bytes: 1024 * 1024 * 1024,
            capture: false,
            seed: 0,
        }
    }
}

impl Settings {
    /// The base URL, without a trailing slash, to put into answers of a service: the
    /// configured one, else the host that the request named.
    #[must_use]
    pub fn base_url(public: Option<&Url>, host_header: &str) -> String {
        match public {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{host_header}"),
        }
    }
}
