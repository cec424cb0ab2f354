//! Where the service listens.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use service::findings::{Findings, present_path};

use crate::args::OperationArgs;

/// Knative's default, when even Knative does not say.
const PORT: u16 = 8080;

/// Where the service listens.
#[derive(Clone, Debug)]
pub struct Operation {
    /// For events, health and metrics.
    pub listen: SocketAddr,
    /// For health and metrics alone; they are served with events too.
    pub health_listen: Option<SocketAddr>,
    /// Where to write the bound addresses.
    pub announce: Option<PathBuf>,
}

impl Operation {
    pub(super) fn check(found: &mut Findings, args: OperationArgs) -> Self {
        // The original's flag names a folder that this service does not need.
        let OperationArgs {
            listen,
            port,
            health_listen,
            announce,
            configpath: _,
        } = args;
        let port = found.number("PORT", port.as_deref(), (0, u16::MAX));
        let listen = found.listen("LISTEN", listen.as_deref());
        let any = (Ipv4Addr::UNSPECIFIED, port.unwrap_or(PORT));
        let health_listen = found.listen("HEALTH_LISTEN", health_listen.as_deref());
        Self {
            health_listen,
            listen: listen.unwrap_or(any.into()),
            announce: present_path(announce),
        }
    }
}
