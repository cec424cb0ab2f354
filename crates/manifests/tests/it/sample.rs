//! The sample hangs together, and cannot run in circles.

use kube_core::CustomResourceExt as _;
use manifests::{Config, Profile, render};
use serde_json::{Value, json};
use source_api::MnsOssSource;

use crate::{object, standard_files};

#[test]
fn the_source_is_admitted_and_loses_nothing() {
    let source = object(
        &standard_files(Profile::Current),
        "MnsOssSource",
        "mnsoss-face",
    );
    let crd = serde_json::to_value(MnsOssSource::crd()).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    kube_cel::Validator::new()
        .validate(schema, &source, None)
        .unwrap();
    let decoded: MnsOssSource = serde_json::from_value(source.clone()).unwrap();
    assert_eq!(serde_json::to_value(decoded).unwrap(), source);
}

#[test]
fn names_that_refer_are_names_that_are_there() {
    let files = standard_files(Profile::Current);
    let source = object(&files, "MnsOssSource", "mnsoss-face");
    let trigger = object(&files, "Trigger", "face-trigger");
    let references = [
        ("Broker", &source["spec"]["sink"]["ref"]["name"]),
        ("Broker", &trigger["spec"]["broker"]),
        ("Service", &trigger["spec"]["subscriber"]["ref"]["name"]),
        (
            "Secret",
            &source["spec"]["accessToken"]["secretKeyRef"]["name"],
        ),
        ("ServiceAccount", &source["spec"]["serviceAccountName"]),
    ];
    for (kind, name) in references {
        let referred = object(&files, kind, name.as_str().unwrap());
        assert_eq!(referred["metadata"]["namespace"], "default", "{kind}");
    }
    let secret = object(&files, "Secret", "mnsoss-secret");
    let key = source["spec"]["accessToken"]["secretKeyRef"]["key"]
        .as_str()
        .unwrap();
    assert!(secret["stringData"][key].is_string());
}

#[test]
fn sources_rule_and_trigger_take_the_same_events() {
    let files = standard_files(Profile::Current);
    let source = object(&files, "MnsOssSource", "mnsoss-face");
    let names = source["spec"]["eventRule"]["events"]
        .as_array()
        .unwrap()
        .clone();
    let trigger = object(&files, "Trigger", "face-trigger");
    let types: Vec<_> = trigger["spec"]["filters"][0]["any"]
        .as_array()
        .unwrap()
        .clone();
    let expected: Vec<_> = names
        .iter()
        .map(|name| json!({"exact": {"type": format!("oss:{}", name.as_str().unwrap())}}))
        .collect();
    assert_eq!(types, expected);
}

/// Whether the Trigger takes an event, by the rules of Knative's filters.
fn takes(trigger: &Value, type_: &str, subject: &str) -> bool {
    let filters = trigger["spec"]["filters"].as_array().unwrap();
    filters.iter().all(|filter| holds(filter, type_, subject))
}

fn holds(filter: &Value, type_: &str, subject: &str) -> bool {
    let (dialect, value) = filter.as_object().unwrap().iter().next().unwrap();
    match dialect.as_str() {
        "exact" => value["type"] == type_,
        "any" => value
            .as_array()
            .unwrap()
            .iter()
            .any(|one| holds(one, type_, subject)),
        "not" => !holds(value, type_, subject),
        "cesql" => {
            let pattern = value
                .as_str()
                .unwrap()
                .strip_prefix("subject LIKE '")
                .unwrap();
            like(pattern.strip_suffix('\'').unwrap(), subject)
        }
        other => panic!("no rules for {other}"),
    }
}

/// `LIKE` of the query language of CloudEvents: `%` is any text, `\` takes what follows as it is.
fn like(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => (0..=text.len())
            .filter(|&at| text.is_char_boundary(at))
            .any(|at| like(rest.as_str(), &text[at..])),
        Some('_') => text
            .chars()
            .next()
            .is_some_and(|first| like(rest.as_str(), &text[first.len_utf8()..])),
        Some('\\') => {
            let literal = rest.next().unwrap();
            text.strip_prefix(literal)
                .is_some_and(|text| like(rest.as_str(), text))
        }
        Some(literal) => text
            .strip_prefix(literal)
            .is_some_and(|text| like(rest.as_str(), text)),
    }
}

#[test]
fn results_never_come_back_as_photos() {
    let put = "oss:ObjectCreated:PutObject";
    let table = [
        ("a photo", put, "face-image/a.jpg", true),
        ("a photo in a folder", put, "face-image/2026/a.jpg", true),
        (
            "a large photo",
            "oss:ObjectCreated:CompleteMultipartUpload",
            "face-image/a.jpg",
            true,
        ),
        (
            "a result",
            put,
            "face-image/face-image/target/rec-a.jpg",
            false,
        ),
        (
            "a result in a folder",
            put,
            "face-image/face-image/target/2026/rec-a.jpg",
            false,
        ),
        (
            "a folder that is named alike",
            put,
            "face-image/face-image/target-x/a.jpg",
            true,
        ),
        (
            "a folder deeper down",
            put,
            "face-image/x/face-image/target/a.jpg",
            true,
        ),
        (
            "a deleted photo",
            "oss:ObjectRemoved:DeleteObject",
            "face-image/a.jpg",
            false,
        ),
        (
            "a part of a photo",
            "oss:ObjectCreated:UploadPart",
            "face-image/a.jpg",
            false,
        ),
        (
            "a reply of the service",
            "photo.faces",
            "face-image/a.jpg",
            false,
        ),
    ];
    let trigger = object(&standard_files(Profile::Current), "Trigger", "face-trigger");
    for (name, type_, object, expected) in table {
        let subject = format!("acs:oss:cn-shanghai:1234567890123456:{object}");
        assert_eq!(takes(&trigger, type_, &subject), expected, "{name}");
    }
}

#[test]
fn odd_folders_are_kept_out_too() {
    // What the adapter makes of the folder in an event's subject.
    let table = [
        ("a_b", "a_b", "axb"),
        ("100%", "100%25", "100x25"),
        ("it's", "it's", "its"),
        ("结果 1", "%E7%BB%93%E6%9E%9C%201", "x"),
    ];
    for (folder, encoded, other) in table {
        let settings = format!("oss.target-path = {}", toml_text(folder));
        let config = Config::load(&settings, |_| None).unwrap();
        let trigger = object(
            &render(&config, Profile::Current).unwrap(),
            "Trigger",
            "face-trigger",
        );
        let takes = |folder: &str| {
            let subject = format!("acs:oss:cn-shanghai:1:face-image/{folder}/rec-a.jpg");
            takes(&trigger, "oss:ObjectCreated:PutObject", &subject)
        };
        assert!(!takes(encoded), "{folder}");
        assert!(takes(other), "{folder}: {other}");
    }
}

fn toml_text(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn settings_reach_the_face_service() {
    let settings = "
        oss.bucket = 'photos'
        oss.region = 'cn-beijing'
        oss.endpoint = 'http://emulator:8081'
        oss.addressing = 'path'
        face.backend = 'local'
        face.concurrency = 2
    ";
    let config = Config::load(settings, |_| None).unwrap();
    let service = object(
        &render(&config, Profile::Current).unwrap(),
        "Service",
        "face-recognition",
    );
    let spec = &service["spec"]["template"]["spec"];
    assert_eq!(spec["containerConcurrency"], 2);
    let variables: Vec<_> = spec["containers"][0]["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| {
            format!(
                "{}={}",
                variable["name"].as_str().unwrap(),
                variable["value"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(variables.join("\n"), @r"
    CREDENTIALS_FILE=/var/run/mnsoss/mns
    UPLOAD_OSS_PATH=face-image/target
    OSS_ALLOWED_BUCKETS=photos
    OSS_ALLOWED_REGIONS=cn-beijing
    OSS_ENDPOINT=http://emulator:8081
    OSS_ADDRESSING=path
    FACE_BACKEND=local
    HEALTH_LISTEN=0.0.0.0:8081
    LOG_FORMAT=json
    ");
}

#[test]
fn the_face_service_cannot_be_reached_from_outside() {
    let service = object(
        &standard_files(Profile::Current),
        "Service",
        "face-recognition",
    );
    let visibility = &service["metadata"]["labels"]["networking.knative.dev/visibility"];
    assert_eq!(visibility, "cluster-local");
}
