//! Flags and variables of the scaler.

use std::net::SocketAddr;

/// The external scaler for KEDA.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ScalerArgs {
    /// Listen address of the gRPC external scaler for KEDA, such as `0.0.0.0:9090`
    /// [default: disabled].
    #[arg(
        long,
        env = "SCALER_LISTEN",
        value_name = "ADDRESS",
        requires = "scaler_address"
    )]
    pub scaler_listen: Option<SocketAddr>,
    /// Host and port at which KEDA reaches it, such as `mnsoss-source-controller.mnsoss-system.svc:9090`.
    #[arg(long, env = "SCALER_ADDRESS", value_name = "HOST:PORT", requires = "scaler_listen", value_parser = host_and_port)]
    pub scaler_address: Option<String>,
}

fn host_and_port(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
    if is_host && port.parse().is_ok_and(|port: u16| port > 0) {
        Ok(text.to_owned())
    } else {
        Err("it must be a host and a port, such as `scaler.example:9090`".to_owned())
    }
}
