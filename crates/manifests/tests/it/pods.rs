//! Every container that is rendered passes the `restricted` Pod Security profile.

use std::fs;
use std::path::Path;

use manifests::{Config, Profile, render};
use serde_json::{Value, json};

use crate::{object, objects, standard_files};

/// Every container, with the name of the object that it belongs to.
fn containers() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for object in objects(&standard_files(Profile::Current)) {
        let containers = object.pointer("/spec/template/spec/containers");
        for container in containers.and_then(Value::as_array).into_iter().flatten() {
            found.push((object["metadata"]["name"].to_string(), container.clone()));
        }
    }
    assert_eq!(
        found.len(),
        3,
        "the controller, the face service and the console"
    );
    found
}

#[test]
fn containers_are_restricted() {
    for (name, container) in containers() {
        let expected = json!({
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
            "runAsNonRoot": true,
            "seccompProfile": {"type": "RuntimeDefault"},
        });
        assert_eq!(container["securityContext"], expected, "{name}");
    }
}

#[test]
fn containers_have_probes_and_limits() {
    for (name, container) in containers() {
        assert_eq!(
            container["livenessProbe"]["httpGet"]["path"], "/health",
            "{name}"
        );
        assert_eq!(
            container["readinessProbe"]["httpGet"]["path"], "/readiness",
            "{name}"
        );
        assert!(
            container["resources"]["limits"]["memory"].is_string(),
            "{name}"
        );
        assert!(
            container["resources"]["requests"]["cpu"].is_string(),
            "{name}"
        );
    }
}

#[test]
fn the_namespace_of_the_controller_enforces_it() {
    let namespace = object(
        &standard_files(Profile::Current),
        "Namespace",
        "mnsoss-system",
    );
    assert_eq!(
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
}

#[test]
fn the_selector_finds_the_controllers_pods_and_never_changes() {
    let deployment = object(
        &standard_files(Profile::Current),
        "Deployment",
        "mnsoss-source-controller",
    );
    let selector = &deployment["spec"]["selector"]["matchLabels"];
    assert_eq!(
        *selector,
        json!({"app.kubernetes.io/name": "mnsoss-source-controller"})
    );
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    for (label, value) in selector.as_object().unwrap() {
        assert_eq!(&labels[label], value, "{label}");
    }
}

#[test]
fn adapters_run_the_controllers_image() {
    let deployment = object(
        &standard_files(Profile::Current),
        "Deployment",
        "mnsoss-source-controller",
    );
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["env"][0],
        json!({"name": "ADAPTER_IMAGE", "value": container["image"]})
    );
}

/// Variables that a program reads, by where it declares them.
fn declared(files: &[&str]) -> String {
    let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    files
        .iter()
        .map(|file| fs::read_to_string(crates.join(file)).unwrap())
        .collect()
}

#[test]
fn every_variable_is_one_that_the_program_reads() {
    let settings = "
        oss.endpoint = 'http://a'
        oss.addressing = 'path'
        face.endpoint = 'http://a'
        face.attributes = 'age'
        face.mark = 'blur'
        face.banner = 'always'
        face.metadata = 'keep'
        face.sidecar = 'json'
        face.imm-project = 'faces'
        controller.private-endpoints = '10.0.0.0/8'
        controller.template-keys = 'example.com'
        keda.enabled = true
        console.enabled = true
        console.plain-http = true
        console.oss-endpoint = 'http://a'
    ";
    let config = Config::load(settings, |_| None).unwrap();
    let files = render(&config, Profile::Current).unwrap();
    let logs = "service/src/telemetry.rs";
    let table = [
        (
            "Deployment",
            "mnsoss-source-controller",
            declared(&[
                logs,
                "source-controller/src/args.rs",
                "source-controller/src/scaler/args.rs",
            ]),
        ),
        (
            "Service",
            "face-recognition",
            declared(&[
                logs,
                "face-recognition/src/config/faces.rs",
                "face-recognition/src/config/operation.rs",
                "face-recognition/src/config/output.rs",
                "face-recognition/src/config/storage.rs",
            ]),
        ),
        (
            "Service",
            "photo-console",
            declared(&[
                logs,
                "console/src/config.rs",
                "console/src/config/access.rs",
                "console/src/config/bucket.rs",
                // The form of requests to OSS.
                "face-recognition/src/config/storage.rs",
            ]),
        ),
    ];
    for (kind, name, program) in table {
        let object = object(&files, kind, name);
        let variables = object
            .pointer("/spec/template/spec/containers/0/env")
            .unwrap();
        for variable in variables.as_array().unwrap() {
            let declaration = format!("env = {}", variable["name"]);
            assert!(program.contains(&declaration), "{name}: {declaration}");
        }
    }
}
