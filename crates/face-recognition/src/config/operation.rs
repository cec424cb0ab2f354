//! Where the service listens.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use service::settings::{listen_address, number};

/// Where the service listens.
#[derive(Clone, Debug, clap::Args)]
pub struct Operation {
    /// Address for events, health and metrics [default: 0.0.0.0 and the port in `PORT`].
    #[arg(long, env = "LISTEN", value_name = "ADDRESS", value_parser = listen_address)]
    pub listen: Option<SocketAddr>,
    /// Port to listen on if no address is given. Knative sets it.
    #[arg(long, env = "PORT", value_name = "PORT", default_value = "8080", value_parser = number(0..=u16::MAX))]
    pub port: u16,
    /// A further address for health and metrics, which no sender of events can crowd out; its
    /// port is best open to the cluster's operators only [default: none].
    #[arg(long, env = "HEALTH_LISTEN", value_name = "ADDRESS", value_parser = listen_address)]
    pub health_listen: Option<SocketAddr>,
    /// Write the bound addresses to this file, as `{"health":"...","http":"..."}`.
    #[arg(long, env = "ANNOUNCE", value_name = "FILE")]
    pub announce: Option<PathBuf>,
    /// Accepted and ignored, because the original's manifest passes it.
    #[arg(long, hide = true)]
    pub configpath: Option<String>,
}

impl Operation {
    /// The address for events, health and metrics.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listen
            .unwrap_or((Ipv4Addr::UNSPECIFIED, self.port).into())
    }
}
