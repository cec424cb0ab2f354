//! Rights are as few as can be, and each says who uses it.

use manifests::{Config, Profile, render};
use serde_json::{Value, json};

use crate::{object, objects, standard_files};

const CONTROLLER: &str = "mnsoss-source-controller";

fn roles() -> Vec<Value> {
    let files = standard_files(Profile::Current);
    objects(&files)
        .into_iter()
        .filter(|object| ["ClusterRole", "Role"].contains(&object["kind"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_rule_has_a_comment_on_its_use() {
    let mut rules = 0;
    for file in standard_files(Profile::Current) {
        let mut above = "";
        for line in file.text.lines() {
            if line.starts_with("- apiGroups:") {
                rules += 1;
                assert!(
                    above.starts_with("# ") && above.contains(['.', ':']),
                    "{}: {line} below {above:?}",
                    file.path
                );
            }
            above = line;
        }
    }
    let expected: usize = roles()
        .iter()
        .map(|role| role["rules"].as_array().unwrap().len())
        .sum();
    assert_eq!(rules, expected, "every rule was seen");
}

#[test]
fn the_controller_has_no_wildcards() {
    for role in roles()
        .iter()
        .filter(|role| role["metadata"]["name"] == "mnsoss-source-controller")
    {
        let text = role["rules"].to_string();
        assert!(
            !text.contains('*') && !text.contains("escalate") && !text.contains("impersonate"),
            "{text}"
        );
    }
}

/// What the controller may do, at a glance: a change here is a change of trust.
#[test]
fn the_controller_may_do_this_and_nothing_else() {
    let mut lines = Vec::new();
    for role in roles()
        .iter()
        .filter(|role| role["metadata"]["name"] == "mnsoss-source-controller")
    {
        for rule in role["rules"].as_array().unwrap() {
            let list = |name: &str| {
                let texts = rule[name].as_array().into_iter().flatten();
                texts
                    .map(|text| text.as_str().unwrap())
                    .collect::<Vec<_>>()
                    .join(",")
            };
            let resource = format!("{}/{}", list("apiGroups"), list("resources"));
            lines.push(format!(
                "{} {resource}: {}",
                role["kind"].as_str().unwrap(),
                list("verbs")
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    ClusterRole sources.eventing.knative.dev/mnsosssources: get,list,watch,patch
    ClusterRole sources.eventing.knative.dev/mnsosssources/status: patch
    ClusterRole sources.eventing.knative.dev/mnsosssources/finalizers: update
    ClusterRole apps/deployments: get,list,watch,create,patch
    ClusterRole policy/poddisruptionbudgets: create,patch,delete
    ClusterRole /configmaps: list,watch,create,patch
    ClusterRole /secrets: get,list,watch
    ClusterRole /serviceaccounts: get,create,delete
    ClusterRole /services: get,list,watch
    ClusterRole eventing.knative.dev/eventtypes: list,create,patch,delete
    ClusterRole events.k8s.io/events: create,patch
    ClusterRole apiextensions.k8s.io/customresourcedefinitions: list,watch
    Role coordination.k8s.io/leases: get,update
    Role coordination.k8s.io/leases: create
    ");
}

#[test]
fn a_controller_of_some_namespaces_has_rights_there_and_nowhere_else() {
    let config = Config::load("controller.namespaces = 'b, a,b'", |_| None).unwrap();
    let files = render(&config, Profile::Current).unwrap();
    let whole = object(&standard_files(Profile::Current), "ClusterRole", CONTROLLER);
    let (definitions, in_namespaces): (Vec<_>, Vec<_>) = whole["rules"]
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .partition(|rule| rule["apiGroups"] == json!(["apiextensions.k8s.io"]));
    let cluster = object(&files, "ClusterRole", CONTROLLER);
    assert_eq!(cluster["rules"], json!(definitions));

    let about_sources = |name: &Value| name.as_str().unwrap().starts_with(CONTROLLER);
    let mut bound: Vec<_> = objects(&files)
        .iter()
        .filter(|object| object.get("roleRef").is_some())
        .filter(|binding| about_sources(&binding["subjects"][0]["name"]))
        .map(|binding| {
            let of = |value: &Value| value.as_str().unwrap_or("the cluster").to_owned();
            let role = &binding["roleRef"];
            format!(
                "{}: {} {}",
                of(&binding["metadata"]["namespace"]),
                of(&role["kind"]),
                of(&role["name"])
            )
        })
        .collect();
    bound.sort();
    insta::assert_snapshot!(bound.join("\n"), @r"
    a: ClusterRole addressable-resolver
    a: Role mnsoss-source-controller-sources
    b: ClusterRole addressable-resolver
    b: Role mnsoss-source-controller-sources
    knative-eventing: Role mnsoss-source-controller-knative
    mnsoss-system: Role mnsoss-source-controller
    the cluster: ClusterRole mnsoss-source-controller
    ");
    for role in objects(&files) {
        if role["metadata"]["name"] == format!("{CONTROLLER}-sources") && role["kind"] == "Role" {
            assert_eq!(role["rules"], json!(in_namespaces));
        }
    }
    let deployment = object(&files, "Deployment", CONTROLLER);
    let variables = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    let watched = json!({"name": "WATCH_NAMESPACES", "value": "a,b"});
    assert!(variables.as_array().unwrap().contains(&watched));
}

#[test]
fn deployments_in_different_namespaces_share_nothing_that_differs() {
    let of = |settings: &str, profile| {
        let config = Config::load(settings, |_| None).unwrap();
        objects(&render(&config, profile).unwrap())
    };
    let table = [
        ("sample.namespace = 'a'", "sample.namespace = 'b'"),
        ("sample.namespace = 'a'", ""),
        (
            "controller.namespace = 'a'\ncontroller.namespaces = 'a'",
            "controller.namespace = 'b'",
        ),
        ("controller.namespace = 'a'", ""),
    ];
    for profile in Profile::ALL {
        for (one, other) in table {
            let theirs = of(other, profile);
            for object in of(one, profile) {
                let metadata = &object["metadata"];
                let is_same = |their: &&Value| {
                    their["kind"] == object["kind"]
                        && their["metadata"]["name"] == metadata["name"]
                        && their["metadata"]["namespace"] == metadata["namespace"]
                };
                if let Some(their) = theirs.iter().find(is_same) {
                    assert_eq!(their, &object, "{one} beside {other}");
                }
            }
        }
    }
}

#[test]
fn the_role_of_the_adapters_account_holds_nothing() {
    let files = standard_files(Profile::Current);
    let role = object(&files, "ClusterRole", "eventing-sources-mnsoss-controller");
    assert_eq!(role["rules"], json!([]));
    let binding = object(&files, "ClusterRoleBinding", "eventing-sources-mnsoss");
    assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
}

#[test]
fn knative_and_the_roles_of_users_learn_of_sources() {
    let files = standard_files(Profile::Current);
    let table = [
        (
            "eventing-sources-mnsoss-source-observer",
            "duck.knative.dev/source",
        ),
        (
            "eventing-sources-mnsoss-admin",
            "rbac.authorization.k8s.io/aggregate-to-admin",
        ),
        (
            "eventing-sources-mnsoss-edit",
            "rbac.authorization.k8s.io/aggregate-to-edit",
        ),
        (
            "eventing-sources-mnsoss-view",
            "rbac.authorization.k8s.io/aggregate-to-view",
        ),
    ];
    for (name, label) in table {
        let role = object(&files, "ClusterRole", name);
        assert_eq!(role["metadata"]["labels"][label], "true", "{name}");
        assert!(
            role["rules"][0]["resources"]
                .to_string()
                .contains("mnsosssources"),
            "{name}"
        );
    }
}

/// What the admission plugin `OwnerReferencesPermissionEnforcement` asks of whoever writes an
/// owner reference that blocks the owner's deletion: here Knative, and our own controller.
#[test]
fn owner_references_that_block_deletion_may_be_written() {
    let files = standard_files(Profile::Current);
    let knatives = object(
        &files,
        "ClusterRole",
        "eventing-sources-mnsoss-source-owner",
    );
    assert_eq!(
        knatives["metadata"]["labels"]["duck.knative.dev/source"],
        "true"
    );
    let ours = object(&files, "ClusterRole", "mnsoss-source-controller");
    for role in [knatives, ours] {
        let rules = role["rules"].as_array().unwrap();
        let is_there = rules.iter().any(|rule| {
            rule["apiGroups"] == json!(["sources.eventing.knative.dev"])
                && rule["resources"] == json!(["mnsosssources/finalizers"])
                && rule["verbs"] == json!(["update"])
        });
        assert!(is_there, "{role}");
    }
}

#[test]
fn every_binding_is_to_a_role_that_is_there_or_knatives() {
    let files = standard_files(Profile::Current);
    for binding in objects(&files)
        .iter()
        .filter(|object| object.get("roleRef").is_some())
    {
        let role = &binding["roleRef"];
        let name = role["name"].as_str().unwrap();
        if name != "addressable-resolver" {
            object(&files, role["kind"].as_str().unwrap(), name);
        }
        let subject = &binding["subjects"][0];
        let account = object(&files, "ServiceAccount", subject["name"].as_str().unwrap());
        assert_eq!(
            account["metadata"]["namespace"], subject["namespace"],
            "{name}"
        );
    }
}
