//! What operators see: whose adapter this is, and where it can be asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use service::findings::{Findings, present, present_path};

use crate::args::OperationArgs;
use crate::trace::Sampling;

/// The port that Knative's own adapters answer probes on.
const PORT: u16 = 8080;

/// Whose adapter this is, and where it can be asked.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Namespace of the source object, if it has one.
    pub namespace: Option<String>,
    /// Name of the source object.
    pub name: String,
    /// Plural and group of the source object's kind.
    pub resource_group: String,
    /// Which traces receivers are asked to record.
    pub sampling: Sampling,
    /// Where health, readiness and metrics are served.
    pub listen: SocketAddr,
    /// Where to write the bound address.
    pub announce: Option<PathBuf>,
}

impl Operation {
    pub(super) fn check(found: &mut Findings, args: OperationArgs) -> Self {
        let OperationArgs {
            namespace,
            name,
            resource_group,
            observability_config,
            listen,
            announce,
        } = args;
        let listen = found.listen("ADAPTER_LISTEN", listen.as_deref());
        let or = |text: Option<String>, default: &str| {
            present(text.as_deref()).unwrap_or(default).to_owned()
        };
        Self {
            namespace: present(namespace.as_deref()).map(str::to_owned),
            name: or(name, "adapter"),
            resource_group: or(resource_group, "mnsosssources.sources.eventing.knative.dev"),
            sampling: Sampling::of_observability(present(observability_config.as_deref())),
            listen: listen.unwrap_or((Ipv4Addr::UNSPECIFIED, PORT).into()),
            announce: present_path(announce),
        }
    }
}
