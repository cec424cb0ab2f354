//! The gRPC service that KEDA calls.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

use super::demand::Demand;
use super::demand_cache::DemandCache;
use super::scaled_object_ref::{SourceName, lag_threshold};
use super::wire::external_scaler_server::ExternalScaler;
use super::wire::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec,
    MetricValue, ScaledObjectRef,
};
use crate::metrics::{CallOutcome, Metrics};

/// The only metric: messages that wait or are in flight.
const METRIC: &str = "mns-messages";
/// How often a stream queries its source: MNS sends no notifications of its own.
const PUSH_INTERVAL: Duration = Duration::from_secs(10);
/// Streams at one time, on all connections.
const MAX_STREAMS: usize = 4096;

/// The external scaler.
pub(super) struct Scaler {
    demands: Arc<DemandCache>,
    metrics: Metrics,
    streams: Arc<Semaphore>,
    stop: CancellationToken,
}

/// One stream, with the state that it last sent and its permit.
struct Watch {
    source: SourceName,
    last_sent: Option<bool>,
    demands: Arc<DemandCache>,
    stop: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Scaler {
    pub(super) fn new(demands: DemandCache, metrics: Metrics, stop: CancellationToken) -> Self {
        Self {
            demands: Arc::new(demands),
            metrics,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            stop,
        }
    }

    async fn demand(&self, object: &ScaledObjectRef) -> Result<Demand, Status> {
        let source = SourceName::try_from(object)?;
        Ok(self.demands.get(&source).await?)
    }

    /// Counts a call, and makes its response.
    fn counted<T>(&self, result: Result<T, Status>) -> Result<Response<T>, Status> {
        self.metrics.scaler_call(match &result {
            Ok(_) => CallOutcome::Success,
            Err(status) => outcome(status.code()),
        });
        result.map(Response::new)
    }
}

fn outcome(code: Code) -> CallOutcome {
    match code {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
            CallOutcome::Unavailable
        }
        _ => CallOutcome::Refused,
    }
}

impl Watch {
    /// Whether the source is active, once that has changed. `None` if the controller stops: KEDA
    /// then calls another replica.
    async fn next(&mut self) -> Option<Result<IsActiveResponse, Status>> {
        loop {
            match self.demands.get(&self.source).await {
                Ok(demand) if self.last_sent == Some(demand.is_active) => {}
                Ok(Demand { is_active, .. }) => {
                    self.last_sent = Some(is_active);
                    return Some(Ok(IsActiveResponse { result: is_active }));
                }
                Err(error) => return Some(Err(error.into())),
            }
            // Cancel-safe: neither loses anything.
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = sleep(PUSH_INTERVAL) => {}
            }
        }
    }
}

#[tonic::async_trait]
impl ExternalScaler for Scaler {
    type StreamIsActiveStream = BoxStream<'static, Result<IsActiveResponse, Status>>;

    async fn is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<IsActiveResponse>, Status> {
        let demand = self.demand(request.get_ref()).await;
        self.counted(demand.map(|demand| IsActiveResponse {
            result: demand.is_active,
        }))
    }

    async fn stream_is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamIsActiveStream>, Status> {
        let source = SourceName::try_from(request.get_ref())?;
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        let permit = permit.map_err(|_| Status::resource_exhausted("too many streams are open"))?;
        let watch = Watch {
            source,
            last_sent: None,
            demands: Arc::clone(&self.demands),
            stop: self.stop.clone(),
            _permit: permit,
        };
        // An error is the last item: KEDA opens another stream after a while.
        let responses = stream::unfold(Some(watch), |watch| async {
            let mut watch = watch?;
            let response = watch.next().await?;
            let rest = response.is_ok().then_some(watch);
            Some((response, rest))
        });
        Ok(Response::new(responses.boxed()))
    }

    async fn get_metric_spec(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<GetMetricSpecResponse>, Status> {
        let spec = lag_threshold(request.get_ref()).map(|threshold| GetMetricSpecResponse {
            metric_specs: vec![MetricSpec {
                metric_name: METRIC.to_owned(),
                target_size: threshold.into(),
                target_size_float: threshold.into(),
            }],
        });
        self.counted(spec)
    }

    async fn get_metrics(
        &self,
        request: Request<GetMetricsRequest>,
    ) -> Result<Response<GetMetricsResponse>, Status> {
        let GetMetricsRequest {
            scaled_object_ref,
            metric_name,
        } = request.into_inner();
        let object = scaled_object_ref.unwrap_or_default();
        let demand = self.demand(&object).await;
        self.counted(demand.map(|demand| {
            // More messages than any number of pods can handle.
            let messages = u32::try_from(demand.messages).unwrap_or(u32::MAX);
            GetMetricsResponse {
                metric_values: vec![MetricValue {
                    metric_name,
                    metric_value: messages.into(),
                    metric_value_float: messages.into(),
                }],
            }
        }))
    }
}
