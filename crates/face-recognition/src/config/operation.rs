//! Where the service listens.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::findings::Findings;
use crate::args::OperationArgs;

/// Knative's default, when even Knative does not say.
const PORT: u64 = 8080;

/// Where the service listens.
#[derive(Clone, Debug)]
pub struct Operation {
    /// For events, health and metrics.
    pub listen: SocketAddr,
    /// Where to write the bound address.
    pub announce: Option<PathBuf>,
}

impl Operation {
    pub(super) fn check(found: &mut Findings, args: OperationArgs) -> Self {
        // The original's flag names a folder that this service does not need.
        let OperationArgs {
            listen,
            port,
            announce,
            configpath: _,
        } = args;
        let port = found.number("PORT", port.as_deref(), (0, u64::from(u16::MAX)), PORT);
        let listen = found.optional(
            "LISTEN",
            listen.as_deref(),
            "an address such as `0.0.0.0:8080`",
            |text| text.parse().ok(),
        );
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, u16::try_from(port).unwrap_or(0)));
        Self {
            listen: listen.unwrap_or(any),
            announce: announce.filter(|path| !path.as_os_str().is_empty()),
        }
    }
}
