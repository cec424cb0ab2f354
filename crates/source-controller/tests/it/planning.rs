//! Plans as tables: what was observed, and what is to be done about it. No client, no clock.

mod adapter;
mod event_rule;
mod event_types;
mod queue;
mod scaling;

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use mns::{NotifyContentFormat, NotifyStrategy, QueueStatus, SubscriptionStatus};
use serde_json::{Value, json};
use source_api::{MnsOssSource, TemplateKeys};
use source_controller::deployment::AdapterPlan;
use source_controller::deployment::{AdapterInputs, AdapterSettings, CloudVariables, deployment};
use source_controller::event_rule::EventRuleStep;
use source_controller::event_types::EventTypeStep;
use source_controller::knative_config::KnativeConfig;
use source_controller::mns::ObservedMns;
use source_controller::mns::{MnsProblem, MnsResource};
use source_controller::reconcile::{Observed, Plan, plan};
use source_controller::scaled_object::ScaledObjectPlan;
use source_controller::sink::{ResolvedSink, SinkProblem};
use source_controller::sink_identity::SinkIdentityPlan;
use source_controller::source::ParsedSource;
use transport::Disposition;

use crate::support::fixture::{TOPIC, UID, World, modern_spec};

const ENDPOINT: &str = "https://1234567890123456.mns.cn-shanghai.aliyuncs.com";

/// A source and all that concerns it.
#[derive(Clone)]
struct Case {
    source: MnsOssSource,
    observed: Observed,
}

impl Case {
    /// Everything is in order.
    fn in_order() -> Self {
        let source = source(&modern_spec());
        let observed = Observed {
            sink: Ok(sink("http://broker.test/")),
            dead_letter_sink: None,
            service_account: None,
            trust_bundles: None,
            knative_config: None,
            account: Ok(ENDPOINT.parse().unwrap()),
            secret_version: None,
            mns: Some(Ok(ObservedMns {
                queue: Some(queue()),
                subscription: Some(subscription()),
            })),
            event_rule: None,
            deployment: None,
            event_types: None,
            scaler: None,
        };
        let mut case = Self { source, observed };
        case.observed.deployment = Some(case.desired());
        case
    }

    /// The Deployment that the source should have as things are.
    fn desired(&self) -> Deployment {
        self.desired_with(&settings())
    }

    fn desired_with(&self, settings: &AdapterSettings) -> Deployment {
        let ParsedSource {
            source,
            identity,
            desired,
        } = ParsedSource::new(self.source.clone());
        let inputs = AdapterInputs {
            sink: self.observed.sink.as_ref().unwrap(),
            dead_letter_sink: None,
            delivery: desired.delivery.as_ref().unwrap(),
            knative_config: &KnativeConfig::default(),
            queue: desired.queue.as_ref().unwrap().name(),
            endpoint: self.observed.account.as_ref().unwrap(),
        };
        deployment(&source, &identity, &inputs, settings)
    }

    fn plan(&self) -> Plan {
        let parsed = ParsedSource::new(self.source.clone());
        plan(&parsed, &self.observed, &settings())
    }

    fn mns(&mut self) -> &mut ObservedMns {
        self.observed.mns.as_mut().unwrap().as_mut().unwrap()
    }
}

fn settings() -> AdapterSettings {
    AdapterSettings {
        image: "example.com/source:1".to_owned(),
        log_filter: Some("info".to_owned()),
        log_format: "json".to_owned(),
        otlp_endpoint: None,
        traces_sampling_rate: None,
        template_keys: TemplateKeys::default(),
        cloud: CloudVariables::default(),
    }
}

fn source(spec: &Value) -> MnsOssSource {
    let name = World::queue_name();
    serde_json::from_value(json!({
        "apiVersion": "sources.eventing.knative.dev/v1alpha1",
        "kind": "MnsOssSource",
        "metadata": {"name": "photos", "namespace": "shop", "uid": UID, "generation": 2},
        "spec": spec,
        "status": {"endpoint": ENDPOINT, "queue": name, "subscription": name, "topic": TOPIC, "observedGeneration": 2},
    }))
    .unwrap()
}

fn sink(url: &str) -> ResolvedSink {
    ResolvedSink {
        url: url.parse().unwrap(),
        ca_certs: None,
        audience: None,
        is_audience_announced: false,
        object: None,
        obsolete_version: None,
    }
}

fn queue() -> QueueStatus {
    let mut queue = QueueStatus::default();
    queue.name = World::queue_name();
    queue.visibility_timeout = Some(Duration::from_secs(30));
    queue.maximum_message_size_bytes = Some(65_536);
    queue.message_retention = Some(Duration::from_hours(96));
    queue.delay = Some(Duration::ZERO);
    queue
}

fn subscription() -> SubscriptionStatus {
    let name = World::queue_name();
    let mut subscription = SubscriptionStatus::default();
    subscription.endpoint = format!("acs:mns:cn-shanghai:1234567890123456:queues/{name}");
    subscription.name = name;
    subscription.notify_content_format = Some(NotifyContentFormat::Simplified);
    subscription.notify_strategy = Some(NotifyStrategy::ExponentialDecayRetry);
    subscription
}

/// A plan in a few words; `nothing` for one that changes nothing.
fn describe(plan: &Plan) -> String {
    let Plan {
        orphans,
        mns,
        event_rule,
        sink_identity,
        trust_bundles,
        adapter,
        event_types,
        scaled_object,
    } = plan;
    let mut steps = Vec::new();
    steps.extend(orphans.iter().map(|it| format!("remove {}", it.describe())));
    match mns {
        Ok(mns) => steps.extend(mns.iter().map(|step| step.reason().to_owned())),
        Err(problem) => steps.push(format!("{} at {:?}", problem.reason, problem.resource)),
    }
    match event_rule {
        Ok(rules) => steps.extend(rules.iter().map(EventRuleStep::describe)),
        Err(problem) => steps.push(format!("{} at {:?}", problem.reason, problem.resource)),
    }
    match sink_identity {
        SinkIdentityPlan::Keep => {}
        SinkIdentityPlan::Create(_) => steps.push("create account".to_owned()),
        SinkIdentityPlan::Delete(_) => steps.push("delete account".to_owned()),
        SinkIdentityPlan::Refuse(_) => steps.push("refuse account".to_owned()),
    }
    steps.extend(
        trust_bundles
            .iter()
            .map(|_| "write trust bundles".to_owned()),
    );
    match adapter {
        AdapterPlan::Keep(_) => {}
        AdapterPlan::Refuse(..) => steps.push("refuse deployment".to_owned()),
        AdapterPlan::Create(_) => steps.push("create deployment".to_owned()),
        AdapterPlan::Update { .. } => steps.push("update deployment".to_owned()),
    }
    match scaled_object {
        ScaledObjectPlan::Keep => {}
        ScaledObjectPlan::Apply { is_new: true, .. } => steps.push("make scaled object".to_owned()),
        ScaledObjectPlan::Apply { .. } => steps.push("mend scaled object".to_owned()),
        ScaledObjectPlan::Delete(_) => steps.push("delete scaled object".to_owned()),
    }
    let event_types = event_types.iter().flat_map(|plan| &plan.steps);
    steps.extend(event_types.map(|step| match step {
        EventTypeStep::Apply { .. } => "apply event type".to_owned(),
        EventTypeStep::Delete { name } => format!("delete event type {name}"),
    }));
    let text = if steps.is_empty() {
        "nothing".to_owned()
    } else {
        steps.join(", ")
    };
    text.replace(&World::queue_name(), "Q")
}

type Change = fn(&mut Case);

fn check(table: &[(&str, Change, &str)]) {
    for (name, change, expected) in table {
        let mut case = Case::in_order();
        change(&mut case);
        let plan = case.plan();
        assert_eq!(describe(&plan), *expected, "{name}");
        assert_eq!(case.plan(), plan, "{name}: the same again");
    }
}

fn problem(disposition: Disposition) -> MnsProblem {
    MnsProblem {
        resource: MnsResource::Queue,
        reason: "Some",
        message: "some problem".to_owned(),
        disposition,
        is_key_refused: false,
    }
}

fn no_sink(case: &mut Case) {
    case.observed.sink = Err(SinkProblem::NotFound {
        object: "Broker `shop/default`".to_owned(),
    });
}
