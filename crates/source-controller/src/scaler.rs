//! The external scaler: over gRPC it tells KEDA whether a source has messages, and how many.
//!
//! Every replica of the controller serves it, not only the leader. A call of KEDA costs at most two
//! calls to MNS, and none if the same source was queried within the last seconds. An error of the
//! cloud is an error of the call, never "no messages": KEDA then keeps the current number of pods.
//!
//! A `ScaledObject` can query sources of its own namespace only, and gets numbers of messages,
//! nothing of the messages themselves. The key to the queue is found as a reconcile finds it, so
//! nothing here opens a Secret that the controller would not.

mod args;
mod demand;
mod demand_cache;
mod scaled_object_ref;
mod service;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

pub use args::ScalerArgs;
pub(crate) use scaled_object_ref::{LAG_THRESHOLD, SOURCE};

use crate::context::Context;
use demand_cache::DemandCache;
use service::Scaler;
use wire::external_scaler_server::ExternalScalerServer;

/// The messages and the service of KEDA's protocol, generated from `proto/externalscaler.proto` by
/// the test `generated_code_is_up_to_date`.
#[allow(
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    missing_docs,
    unreachable_pub,
    reason = "the generator writes it so"
)]
mod wire {
    include!("scaler/externalscaler.rs");
}

/// Concurrent calls of one connection, streams not counted. KEDA has one connection.
const MAX_CALLS: usize = 64;
/// Streams of one connection; each source with a trigger of type `external-push` has one.
const MAX_STREAMS: u32 = 2048;
/// Maximum size of a request. Those of KEDA have a few hundred bytes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// Interval of HTTP/2 pings to an idle client, and how long it may take to acknowledge one.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// Serves KEDA until `stop` is cancelled, and then finishes the calls in progress.
///
/// # Errors
/// The listener is broken.
///
/// # Cancel safety
/// Dropping the future cuts every connection.
pub async fn serve(
    listener: TcpListener,
    ctx: Arc<Context>,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let metrics = ctx.metrics.clone();
    let scaler = Scaler::new(DemandCache::new(ctx), metrics, stop.clone());
    let service = ExternalScalerServer::new(scaler).max_decoding_message_size(MAX_REQUEST_BYTES);
    let (interval, timeout) = KEEPALIVE;
    Server::builder()
        .concurrency_limit_per_connection(MAX_CALLS)
        .max_concurrent_streams(MAX_STREAMS)
        .http2_keepalive_interval(Some(interval))
        .http2_keepalive_timeout(Some(timeout))
        .add_service(service)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), stop.cancelled_owned())
        .await
}
