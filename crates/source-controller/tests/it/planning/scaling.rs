//! Plans for the object by which KEDA scales, and for the Deployment with it.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{ApiResource, GroupVersionKind};
use serde_json::json;
use source_controller::deployment::AdapterPlan;
use source_controller::scaled_object::{
    ObservedScaledObject, ObservedScaler, OwnedScaledObject, ScaledObjectPlan,
};

use super::{Case, check};

const MARK: &str = "sources.eventing.knative.dev/max-scale";

fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(
        "keda.sh",
        "v1alpha1",
        "ScaledObject",
    ))
}

fn asked(case: &mut Case) {
    let class = ("class", "keda.autoscaling.knative.dev");
    let annotations = [class, ("max-scale", "5")];
    let annotations = annotations.map(|(name, text)| {
        let key = format!("autoscaling.eventing.knative.dev/{name}");
        (key, text.to_owned())
    });
    case.source.metadata.annotations = Some(BTreeMap::from(annotations));
}

fn found(case: &mut Case, object: ObservedScaledObject) {
    let address = Some("scaler.test:9090".to_owned());
    case.observed.scaler = Some(ObservedScaler { address, object });
}

/// What the source asks for, once it is there.
fn ours(case: &Case) -> OwnedScaledObject {
    let mut case = case.clone();
    found(&mut case, ObservedScaledObject::Absent(resource()));
    let ScaledObjectPlan::Apply { document, .. } = case.plan().scaled_object else {
        panic!("nothing is made");
    };
    OwnedScaledObject {
        resource: resource(),
        spec: document["spec"].clone(),
        is_terminating: false,
        ready: None,
    }
}

/// A Deployment whose number of pods KEDA has set.
fn handed_over(case: &mut Case) {
    let deployment: &mut Deployment = case.observed.deployment.as_mut().unwrap();
    deployment.spec.as_mut().unwrap().replicas = Some(3);
    let annotations = deployment.metadata.annotations.get_or_insert_default();
    annotations.insert(MARK.to_owned(), "5".to_owned());
}

fn scaled(case: &mut Case) {
    asked(case);
    handed_over(case);
    let ours = ours(case);
    found(case, ObservedScaledObject::Ours(ours));
}

#[test]
fn one_decides_about_the_number_of_pods() {
    check(&[
        ("scaled", scaled, "nothing"),
        (
            "asked for, and there is KEDA",
            |case| {
                asked(case);
                found(case, ObservedScaledObject::Absent(resource()));
            },
            "update deployment, make scaled object",
        ),
        (
            "asked for, and there is no KEDA",
            |case| {
                asked(case);
                found(case, ObservedScaledObject::NotInstalled);
            },
            "nothing",
        ),
        (
            "KEDA is gone",
            |case| {
                asked(case);
                handed_over(case);
                found(case, ObservedScaledObject::NotInstalled);
            },
            "update deployment",
        ),
        (
            "another owner's",
            |case| {
                asked(case);
                found(case, ObservedScaledObject::NotOwned);
            },
            "nothing",
        ),
        (
            "no permission to read",
            |case| {
                asked(case);
                found(case, ObservedScaledObject::Forbidden);
            },
            "nothing",
        ),
    ]);
}

#[test]
fn object_follows_what_the_source_asks_for() {
    check(&[
        (
            "no scaler any more",
            |case| {
                scaled(case);
                case.observed.scaler.as_mut().unwrap().address = None;
            },
            "update deployment, delete scaled object",
        ),
        (
            "asked for no more",
            |case| {
                scaled(case);
                case.source.metadata.annotations = None;
            },
            "update deployment, delete scaled object",
        ),
        (
            "asked for no more, and going",
            |case| {
                scaled(case);
                case.source.metadata.annotations = None;
                let Some(ObservedScaler {
                    object: ObservedScaledObject::Ours(ours),
                    ..
                }) = &mut case.observed.scaler
                else {
                    panic!("not ours");
                };
                ours.is_terminating = true;
            },
            "update deployment",
        ),
        (
            "paused",
            |case| {
                scaled(case);
                case.source.spec.consumers = 0;
            },
            "update deployment, delete scaled object",
        ),
        (
            "another scaler",
            |case| {
                scaled(case);
                let scaler = case.observed.scaler.as_mut().unwrap();
                scaler.address = Some("another.test:9090".to_owned());
            },
            "mend scaled object",
        ),
        (
            "another threshold",
            |case| {
                scaled(case);
                let annotations = case.source.metadata.annotations.as_mut().unwrap();
                let key = "autoscaling.eventing.knative.dev/lag-threshold";
                annotations.insert(key.to_owned(), "7".to_owned());
            },
            "mend scaled object",
        ),
    ]);
}

#[test]
fn number_of_pods_is_in_a_deployment_or_left_to_keda() {
    let replicas = |change: fn(&mut Case)| {
        let mut case = Case::in_order();
        change(&mut case);
        case.observed.deployment = None;
        let AdapterPlan::Create(desired) = case.plan().adapter else {
            panic!("nothing is made");
        };
        let mark = desired.metadata.annotations.as_ref();
        let mark = mark.and_then(|them| them.get(MARK)).cloned();
        json!([desired.spec.unwrap().replicas, mark])
    };
    assert_eq!(replicas(|_| {}), json!([1, null]));
    assert_eq!(replicas(scaled), json!([null, "5"]));
}
