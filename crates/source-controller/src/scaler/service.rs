//! The service that KEDA calls.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

use super::answers::Answers;
use super::demand::Demand;
use super::question::{SourceName, lag_threshold};
use super::wire::external_scaler_server::ExternalScaler;
use super::wire::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec,
    MetricValue, ScaledObjectRef,
};
use crate::metrics::{CallOutcome, Metrics};

/// The only metric: messages that wait or are in work.
const METRIC: &str = "mns-messages";
/// How often a stream looks whether its source has work: MNS tells nobody by itself.
const PUSH_INTERVAL: Duration = Duration::from_secs(10);
/// Streams at one time, on all connections.
const MOST_STREAMS: usize = 4096;

/// Answers KEDA.
pub(super) struct Scaler {
    answers: Arc<Answers>,
    metrics: Metrics,
    streams: Arc<Semaphore>,
    stop: CancellationToken,
}

/// One stream: what it was last told, and its place among all of them.
struct Watch {
    source: SourceName,
    told: Option<bool>,
    answers: Arc<Answers>,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Scaler {
    pub(super) fn new(answers: Answers, metrics: Metrics, stop: CancellationToken) -> Self {
        Self {
            answers: Arc::new(answers),
            metrics,
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            stop,
        }
    }

    async fn demand(&self, object: &ScaledObjectRef) -> Result<Demand, Status> {
        let source = SourceName::try_from(object)?;
        Ok(self.answers.get(&source).await?)
    }

    /// Counts a question, and logs why it has no answer.
    fn counted<T>(&self, answer: Result<T, Status>) -> Result<Response<T>, Status> {
        self.metrics.scaler_call(match &answer {
            Ok(_) => CallOutcome::Success,
            Err(status) => outcome(status.code()),
        });
        answer.map(Response::new)
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
    /// Whether the source has work, once that is another answer than before. `None` if the
    /// controller stops: KEDA then asks another replica.
    async fn next(&mut self) -> Option<Result<IsActiveResponse, Status>> {
        loop {
            match self.answers.get(&self.source).await {
                Ok(demand) if self.told == Some(demand.is_active) => {}
                Ok(Demand { is_active, .. }) => {
                    self.told = Some(is_active);
                    return Some(Ok(IsActiveResponse { result: is_active }));
                }
                Err(refusal) => return Some(Err(refusal.into())),
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
        let place = Arc::clone(&self.streams).try_acquire_owned();
        let place = place.map_err(|_| Status::resource_exhausted("too many streams are open"))?;
        let watch = Watch {
            source,
            told: None,
            answers: Arc::clone(&self.answers),
            stop: self.stop.clone(),
            _place: place,
        };
        // An error is the last item: KEDA begins again after a while.
        let answers = stream::unfold(Some(watch), |watch| async {
            let mut watch = watch?;
            let answer = watch.next().await?;
            let rest = answer.is_ok().then_some(watch);
            Some((answer, rest))
        });
        Ok(Response::new(answers.boxed()))
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
            // More than any number of pods could be made of.
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
