//! The service's metrics. Labels come from closed sets, never from events.

use std::time::Instant;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use service::traces::SPANS;
use tracing::{Instrument as _, trace_span};

use crate::event_filter::SkipReason;
use crate::failure::{Failure, RetryAdvice};

/// From a HEAD request on the same machine to a photo that took all its time.
const STAGE_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// The service's counters. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    events: Family<EventLabels, Counter>,
    analyses: Family<AnalysisLabels, Counter>,
    stages: Family<StageLabels, Histogram, Buckets>,
    photos: Gauge,
    requests: Gauge,
}

/// A part of the work on a photo, the waiting for it included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Stage {
    /// HEAD requests for the photo and its result.
    Look,
    /// Fetching the photo.
    Get,
    /// Finding the faces.
    Analyse,
    /// Decoding, drawing and encoding.
    Draw,
    /// Storing the result.
    Put,
}

impl Stage {
    /// What it is called in traces.
    fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Get => "fetch",
            Self::Analyse => "analyse",
            Self::Draw => "draw",
            Self::Put => "store",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum OutcomeLabel {
    Annotated,
    Known,
    Skipped,
    GivenUp,
    Postponed,
    Misconfigured,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    outcome: OutcomeLabel,
    reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum AnalysisResult {
    Success,
    Failure,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnalysisLabels {
    result: AnalysisResult,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: Stage,
}

#[derive(Clone, Debug)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(STAGE_SECONDS)
    }
}

impl Metrics {
    /// Registers the counters; `registry` carries the prefix.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            events: Family::default(),
            analyses: Family::default(),
            stages: Family::new_with_constructor(Buckets),
            photos: Gauge::default(),
            requests: Gauge::default(),
        };
        registry.register("events", "OSS events by outcome", metrics.events.clone());
        registry.register(
            "analyses",
            "Photos given to the back end, by result",
            metrics.analyses.clone(),
        );
        registry.register_with_unit(
            "stage_duration",
            "Time of one stage of one photo",
            Unit::Seconds,
            metrics.stages.clone(),
        );
        registry.register(
            "photos_in_work",
            "Photos in progress",
            metrics.photos.clone(),
        );
        registry.register(
            "requests_in_work",
            "Requests in progress",
            metrics.requests.clone(),
        );
        // The first failure is an increase only if there was a number before it.
        for result in [AnalysisResult::Success, AnalysisResult::Failure] {
            drop(metrics.analyses.get_or_create(&AnalysisLabels { result }));
        }
        metrics
    }

    /// A photo has its result; `known` if it had it before.
    pub(crate) fn done(&self, known: bool) {
        self.count(
            if known {
                OutcomeLabel::Known
            } else {
                OutcomeLabel::Annotated
            },
            "",
        );
    }

    /// There was nothing to do.
    pub(crate) fn skipped(&self, reason: SkipReason) {
        self.count(OutcomeLabel::Skipped, reason.word());
    }

    /// An event failed, or a request before its event was read.
    pub(crate) fn failed(&self, failure: &Failure) {
        let outcome = match failure.retry_advice() {
            RetryAdvice::Retry(_) => OutcomeLabel::Postponed,
            RetryAdvice::Misconfigured => OutcomeLabel::Misconfigured,
            RetryAdvice::GiveUp(_) => OutcomeLabel::GivenUp,
        };
        self.count(outcome, failure.reason());
    }

    fn count(&self, outcome: OutcomeLabel, reason: &'static str) {
        self.events
            .get_or_create(&EventLabels { outcome, reason })
            .inc();
    }

    pub(crate) fn analysed(&self, success: bool) {
        let result = if success {
            AnalysisResult::Success
        } else {
            AnalysisResult::Failure
        };
        self.analyses
            .get_or_create(&AnalysisLabels { result })
            .inc();
    }

    /// Does the work of a stage, measured and, where traces are recorded, in a span of its own. A
    /// stage that is dropped before its end is measured too.
    pub(crate) async fn stage<T>(&self, stage: Stage, work: impl Future<Output = T>) -> T {
        let histogram = self.stages.get_or_create(&StageLabels { stage }).clone();
        let _timer = StageTimer {
            histogram,
            started: Instant::now(),
        };
        let span = trace_span!(target: SPANS, "stage", otel.name = stage.name());
        work.instrument(span).await
    }

    /// Counts a photo until the value is dropped.
    pub(crate) fn photo_in_work(&self) -> InWork {
        InWork::new(&self.photos)
    }

    /// Counts a request until the value is dropped.
    pub(crate) fn request_in_work(&self) -> InWork {
        InWork::new(&self.requests)
    }
}

/// Records its age when dropped.
struct StageTimer {
    histogram: Histogram,
    started: Instant,
}

impl Drop for StageTimer {
    fn drop(&mut self) {
        self.histogram.observe(self.started.elapsed().as_secs_f64());
    }
}

/// One more while it lives.
#[must_use]
pub(crate) struct InWork(Gauge);

impl InWork {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.dec();
    }
}
