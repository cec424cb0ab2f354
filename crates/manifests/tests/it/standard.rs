//! What is checked in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use manifests::{File, Profile, Stale, check, compare, standard, testing};
use serde_json::Value;

use crate::{objects, standard_files};

fn deploy() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy"))
}

#[test]
fn checked_in_files_are_up_to_date() {
    let stale: Vec<_> = check(deploy())
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(stale.is_empty(), "run `cargo xtask render`: {stale:#?}");
}

#[test]
fn files_of_the_tests_on_a_cluster_are_up_to_date() {
    let folder = deploy().join("../e2e");
    let stale = compare(&folder, &testing().unwrap()).unwrap();
    assert!(stale.is_empty(), "run `cargo xtask render`: {stale:#?}");
}

#[test]
fn stale_files_are_distinguished() {
    let folder = tempfile::tempdir().unwrap();
    for File { path, text } in standard().unwrap() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    assert_eq!(check(folder.path()).unwrap(), []);

    fs::remove_file(folder.path().join("sample/broker.yaml")).unwrap();
    fs::write(folder.path().join("kustomization.yaml"), "resources: []\n").unwrap();
    fs::write(folder.path().join("sample/older.yaml"), "").unwrap();
    fs::write(folder.path().join("README.md"), "not ours").unwrap();
    let stale = check(folder.path()).unwrap();
    let expected = [
        Stale::Different("kustomization.yaml".to_owned()),
        Stale::Missing("sample/broker.yaml".to_owned()),
        Stale::Leftover("sample/older.yaml".to_owned()),
    ];
    assert_eq!(stale, expected);
    assert!(
        check(&folder.path().join("nowhere"))
            .unwrap_err()
            .to_string()
            .contains("nowhere")
    );
}

#[test]
fn rendering_gives_the_same_bytes_each_time() {
    assert_eq!(standard().unwrap(), standard().unwrap());
}

#[test]
fn texts_are_tidy() {
    for File { path, text } in standard().unwrap() {
        assert!(
            text.ends_with('\n') && !text.ends_with("\n\n"),
            "{path}: end"
        );
        for line in text.lines() {
            assert_eq!(line, line.trim_end(), "{path}: blanks at the end of a line");
            assert!(!line.contains(['\t', '\r']), "{path}: {line:?}");
        }
    }
}

#[test]
fn every_object_is_named_once() {
    let mut seen = BTreeSet::new();
    for object in objects(&standard_files(Profile::Current)) {
        let metadata = &object["metadata"];
        let key = [
            &object["apiVersion"],
            &object["kind"],
            &metadata["namespace"],
            &metadata["name"],
        ];
        assert!(
            metadata["name"].is_string() && object["apiVersion"].is_string(),
            "{object}"
        );
        assert!(seen.insert(format!("{key:?}")), "{key:?} twice");
    }
}

#[test]
fn kustomizations_list_every_file_beside_them() {
    let files = standard_files(Profile::Current);
    let folders = [
        ("", "controller/"),
        ("sample/", ""),
        ("sample/istio/", ""),
        ("console/", ""),
    ];
    for (folder, below) in folders {
        let path = format!("{folder}kustomization.yaml");
        let kustomization = files.iter().find(|file| file.path == path).unwrap();
        let listed = kustomization.objects().unwrap()[0]["resources"].clone();
        let beside: Vec<_> = files
            .iter()
            .filter_map(|file| file.path.strip_prefix(folder))
            .filter(|path| path.starts_with(below) && *path != "kustomization.yaml")
            .filter(|path| path.matches('/').count() == below.matches('/').count())
            .collect();
        assert_eq!(listed, Value::from(beside), "{path}");
    }
}

#[test]
fn only_versions_that_todays_clusters_serve_are_in_the_current_profile() {
    let mut versions: Vec<_> = objects(&standard_files(Profile::Current))
        .iter()
        .map(|object| {
            format!(
                "{} {}",
                object["apiVersion"].as_str().unwrap(),
                object["kind"].as_str().unwrap()
            )
        })
        .collect();
    versions.sort();
    versions.dedup();
    insta::assert_snapshot!(versions.join("\n"), @r"
    apiextensions.k8s.io/v1 CustomResourceDefinition
    apps/v1 Deployment
    eventing.knative.dev/v1 Broker
    eventing.knative.dev/v1 Trigger
    networking.istio.io/v1 ServiceEntry
    networking.k8s.io/v1 NetworkPolicy
    policy/v1 PodDisruptionBudget
    rbac.authorization.k8s.io/v1 ClusterRole
    rbac.authorization.k8s.io/v1 ClusterRoleBinding
    rbac.authorization.k8s.io/v1 Role
    rbac.authorization.k8s.io/v1 RoleBinding
    serving.knative.dev/v1 Service
    sources.eventing.knative.dev/v1alpha1 MnsOssSource
    v1 Namespace
    v1 Secret
    v1 ServiceAccount
    ");
}
