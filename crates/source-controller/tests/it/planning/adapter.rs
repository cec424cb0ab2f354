//! What is to be done about the adapter's Deployment.

use k8s_openapi::api::apps::v1::DeploymentSpec;
use k8s_openapi::api::core::v1::{Container, EnvVar};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::json;
use source_controller::deployment::AdapterSettings;
use source_controller::sink::SinkProblem;
use transport::Disposition;

use super::{Case, check, no_sink, problem, settings, sink};

#[test]
fn deployment_is_made_kept_or_refused() {
    check(&[
        (
            "missing",
            |it| it.observed.deployment = None,
            "create deployment",
        ),
        (
            "missing, and no sink",
            |it| {
                it.observed.deployment = None;
                no_sink(it);
            },
            "nothing",
        ),
        ("there, and no sink", no_sink, "nothing"),
        (
            "there, and no dead letter sink",
            |it| {
                it.observed.dead_letter_sink = Some(Err(SinkProblem::NotFound {
                    object: "x".to_owned(),
                }));
            },
            "nothing",
        ),
        (
            "another owner's",
            |it| metadata_of(it).owner_references = None,
            "refuse deployment",
        ),
        (
            "of another source of the same name",
            |it| owner(it).uid = "another-uid".to_owned(),
            "refuse deployment",
        ),
        (
            "owned, but not controlled",
            |it| owner(it).controller = None,
            "refuse deployment",
        ),
        (
            "MNS away",
            |it| {
                it.observed.mns = Some(Err(problem(Disposition::Retry)));
                it.source.spec.consumers = 2;
            },
            "Some at Queue, update deployment",
        ),
        (
            "negative number of consumers",
            |it| {
                it.source.spec.consumers = -1;
                spec_of(it).replicas = Some(0);
            },
            "update deployment",
        ),
    ]);
}

#[test]
fn deployment_is_updated_when_it_differs() {
    check(&[
        (
            "another image",
            |it| container(it).image = Some("other".to_owned()),
            "update deployment",
        ),
        (
            "a variable that is gone",
            |it| {
                container(it).env.as_mut().unwrap().pop();
            },
            "update deployment",
        ),
        (
            "a variable that another client added",
            |it| {
                let env = container(it).env.as_mut().unwrap();
                env.insert(
                    0,
                    EnvVar {
                        name: "X".to_owned(),
                        ..EnvVar::default()
                    },
                );
            },
            "nothing",
        ),
        (
            "another number of replicas",
            |it| spec_of(it).replicas = Some(9),
            "update deployment",
        ),
        (
            "a sink that moved",
            |it| it.observed.sink = Ok(sink("http://elsewhere.test/")),
            "update deployment",
        ),
        (
            "a wish taken back",
            |it| {
                it.source.spec.template =
                    Some(serde_json::from_value(json!({"nodeSelector": {"a": "b"}})).unwrap());
                it.observed.deployment = Some(it.desired());
                it.source.spec.template = None;
            },
            "update deployment",
        ),
        (
            "quantities as the API server writes them",
            |it| {
                it.source.spec.template = Some(
                    serde_json::from_value(json!({"resources": {"limits": {"cpu": "1000m"}}}))
                        .unwrap(),
                );
                it.observed.deployment = Some(it.desired());
                let limits = container(it)
                    .resources
                    .as_mut()
                    .unwrap()
                    .limits
                    .as_mut()
                    .unwrap();
                limits.get_mut("cpu").unwrap().0 = "1".to_owned();
            },
            "nothing",
        ),
    ]);
}

#[test]
fn adapters_send_traces_where_the_controller_says() {
    let mut case = Case::in_order();
    let named = |case: &mut Case| -> Vec<String> {
        let variables = container(case).env.iter().flatten();
        let told = variables.filter(|variable| variable.name.starts_with("OTEL_"));
        told.map(|it| format!("{}={}", it.name, it.value.as_deref().unwrap()))
            .collect()
    };
    assert!(named(&mut case).is_empty());
    case.observed.deployment = Some(case.desired_with(&AdapterSettings {
        otlp_endpoint: Some("http://collector:4318".to_owned()),
        traces_sampling_rate: Some("0.5".to_owned()),
        ..settings()
    }));
    let expected = [
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318",
        "OTEL_TRACES_SAMPLER_ARG=0.5",
    ];
    assert_eq!(named(&mut case), expected);
}

fn spec_of(case: &mut Case) -> &mut DeploymentSpec {
    case.observed
        .deployment
        .as_mut()
        .unwrap()
        .spec
        .as_mut()
        .unwrap()
}

fn container(case: &mut Case) -> &mut Container {
    &mut spec_of(case).template.spec.as_mut().unwrap().containers[0]
}

fn metadata_of(case: &mut Case) -> &mut ObjectMeta {
    &mut case.observed.deployment.as_mut().unwrap().metadata
}

fn owner(case: &mut Case) -> &mut OwnerReference {
    &mut metadata_of(case).owner_references.as_mut().unwrap()[0]
}
