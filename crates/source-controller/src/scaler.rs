//! The external scaler: KEDA asks it, by gRPC, whether a source has work and how much.
//!
//! Every replica of the controller answers, not only the leader. A question costs two calls to
//! MNS at most, and none if the same source was asked about within the last seconds. An error of
//! the cloud is an error of the call, never "nothing to do": KEDA leaves the pods as they are then.
//!
//! A `ScaledObject` can ask about sources of its own namespace only, and learns numbers of
//! messages, nothing of the messages themselves. The key to the queue is found as a reconcile
//! finds it, so nothing here opens a Secret that the controller would not.

mod answers;
mod args;
mod demand;
mod question;
mod service;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

pub use args::ScalerArgs;
pub(crate) use question::{LAG_THRESHOLD, SOURCE};

use crate::context::Context;
use answers::Answers;
use service::Scaler;
use wire::external_scaler_server::ExternalScalerServer;

/// Messages and service by which KEDA asks, made of `proto/externalscaler.proto` by the test
/// `generated_code_is_up_to_date`.
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

/// Questions that one connection may have open, streams not counted. KEDA has one connection.
const AT_ONCE: usize = 64;
/// Streams of one connection; each source with a trigger of type `external-push` has one.
const STREAMS: u32 = 2048;
/// The longest question. Those of KEDA have some hundred bytes.
const QUESTION_BYTES: usize = 64 * 1024;
/// How often a silent client is asked whether it is there, and how long it may take to say so.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// Answers KEDA until `stop` is cancelled, and then what is still open.
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
    let scaler = Scaler::new(Answers::new(ctx), metrics, stop.clone());
    let service = ExternalScalerServer::new(scaler).max_decoding_message_size(QUESTION_BYTES);
    let (interval, patience) = KEEPALIVE;
    Server::builder()
        .concurrency_limit_per_connection(AT_ONCE)
        .max_concurrent_streams(STREAMS)
        .http2_keepalive_interval(Some(interval))
        .http2_keepalive_timeout(Some(patience))
        .add_service(service)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), stop.cancelled_owned())
        .await
}
