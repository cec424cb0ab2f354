//! Whose adapter this is, and where operators can ask it.

use std::net::SocketAddr;
use std::path::PathBuf;

use service::settings::listen_address;

/// Whose adapter this is, and where operators can ask it.
#[derive(Clone, Debug, clap::Args)]
pub struct Operation {
    /// Namespace of the source object.
    #[arg(long, env = "NAMESPACE", value_name = "NAME")]
    pub namespace: Option<String>,
    /// Name of the source object.
    #[arg(long, env = "NAME", value_name = "NAME", default_value = "adapter")]
    pub name: String,
    /// Plural and group of the source object's kind.
    #[arg(
        long,
        env = "K_RESOURCE_GROUP",
        value_name = "GROUP",
        default_value = "mnsosssources.sources.eventing.knative.dev"
    )]
    pub resource_group: String,
    /// Address for `/health`, `/readiness` and `/metrics`.
    // The port that Knative's own adapters answer probes on.
    #[arg(long, env = "ADAPTER_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080", value_parser = listen_address)]
    pub listen: SocketAddr,
    /// Write the bound address to this file, as `{"http":"..."}`.
    #[arg(long, env = "ADAPTER_ANNOUNCE", value_name = "FILE")]
    pub announce: Option<PathBuf>,
}
