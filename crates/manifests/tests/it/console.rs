//! The console beside the sample.

use manifests::{Config, Profile, render};
use serde_json::{Value, json};

use crate::{object, standard_files};

const NAME: &str = "photo-console";

#[test]
fn nothing_of_it_is_rendered_unless_it_is_wanted() {
    let files = render(&Config::standard(), Profile::Current).unwrap();
    for file in &files {
        assert!(!file.text.contains(NAME), "{}", file.path);
    }
    assert_eq!(standard_files(Profile::Current).len(), files.len() + 6);
}

#[test]
fn names_that_refer_are_names_that_are_there() {
    let files = standard_files(Profile::Current);
    let service = object(&files, "Service", NAME);
    let spec = &service["spec"]["template"]["spec"];
    let trigger = object(&files, "Trigger", NAME);
    let refused = &object(&files, "Trigger", "face-trigger")["spec"]["delivery"]["deadLetterSink"];
    let role = object(&files, "Role", NAME);
    let references = [
        ("ServiceAccount", &spec["serviceAccountName"]),
        ("Secret", &spec["volumes"][0]["secret"]["secretName"]),
        ("Secret", &spec["volumes"][1]["secret"]["secretName"]),
        ("Broker", &trigger["spec"]["broker"]),
        ("Service", &trigger["spec"]["subscriber"]["ref"]["name"]),
        ("Service", &refused["ref"]["name"]),
        ("MnsOssSource", &role["rules"][0]["resourceNames"][0]),
    ];
    for (kind, name) in references {
        let referred = object(&files, kind, name.as_str().unwrap());
        assert_eq!(referred["metadata"]["namespace"], "default", "{kind}");
    }
    for uri in [&trigger["spec"]["subscriber"]["uri"], &refused["uri"]] {
        assert_eq!(uri, "/events");
    }
    let token = &object(&files, "Secret", NAME)["stringData"]["token"];
    assert_eq!(token, "xxx", "too short for the console to start with");
}

#[test]
fn it_reads_its_source_and_nothing_else() {
    let files = standard_files(Profile::Current);
    let role = object(&files, "Role", NAME);
    let expected = json!([{
        "apiGroups": ["sources.eventing.knative.dev"],
        "resources": ["mnsosssources"],
        "resourceNames": ["mnsoss-face"],
        "verbs": ["get"],
    }]);
    assert_eq!(role["rules"], expected);
}

#[test]
fn it_gets_the_sources_events_and_the_replies() {
    let files = standard_files(Profile::Current);
    let any = |name: &str| {
        let trigger = object(&files, "Trigger", name);
        trigger["spec"]["filters"][0]["any"]
            .as_array()
            .unwrap()
            .clone()
    };
    let reply = include_str!("../../../face-recognition/src/reply.rs");
    let reply = reply.split("pub const TYPE: &str = \"").nth(1).unwrap();
    let reply = reply.split('"').next().unwrap();
    let mut expected = any("face-trigger");
    expected.push(json!({"exact": {"type": reply}}));
    assert_eq!(any(NAME), expected);
}

#[test]
fn it_runs_once_from_the_image_of_the_face_service() {
    let files = standard_files(Profile::Current);
    let template = &object(&files, "Service", NAME)["spec"]["template"];
    let container = &template["spec"]["containers"][0];
    let face = object(&files, "Service", "face-recognition");
    let face = &face["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], face["image"]);
    let dockerfile = include_str!("../../../../Dockerfile.face");
    let binary = container["command"][0].as_str().unwrap();
    assert!(dockerfile.contains(&format!(" {binary}\n")), "{binary}");
    for scale in ["min-scale", "max-scale"] {
        let bound = &template["metadata"]["annotations"];
        assert_eq!(bound[format!("autoscaling.knative.dev/{scale}")], "1");
    }
}

#[test]
fn settings_reach_it() {
    let settings = "
        console.enabled = true
        console.plain-http = true
        console.oss-endpoint = 'https://oss.example.com'
        sample.namespace = 'photos'
        oss.endpoint = 'http://emulator:8081'
        oss.addressing = 'path'
    ";
    let config = Config::load(settings, |_| None).unwrap();
    let service = object(&render(&config, Profile::Current).unwrap(), "Service", NAME);
    let variables = service["spec"]["template"]["spec"]["containers"][0]["env"].clone();
    let variables: Vec<_> = variables.as_array().unwrap().iter().map(line).collect();
    insta::assert_snapshot!(variables.join("\n"), @r"
    CREDENTIALS_FILE=/var/run/mnsoss/mns
    OSS_BUCKET=face-image
    OSS_REGION=cn-shanghai
    OSS_ENDPOINT=http://emulator:8081
    OSS_PUBLIC_ENDPOINT=https://oss.example.com
    OSS_ADDRESSING=path
    UPLOAD_OSS_PATH=face-image/target
    CONSOLE_SOURCE=mnsoss-face
    CONSOLE_EVENTS_HOST=photo-console.photos.svc
    CONSOLE_TOKEN_FILE=/var/run/console/token
    CONSOLE_INSECURE_COOKIE=true
    LOG_FORMAT=json
    ");
}

fn line(variable: &Value) -> String {
    let text = |name: &str| variable[name].as_str().unwrap();
    format!("{}={}", text("name"), text("value"))
}

#[test]
fn invalid_settings_are_reported() {
    let file =
        "console.enabled = 'yes'\nconsole.origins = 'photos.example.com'\nconsole.token = 'x'";
    let lookup = |name: &str| (name == "CONSOLE_TOKEN").then(|| "short".to_owned());
    let told = Config::load(file, lookup).unwrap_err().to_string();
    for part in [
        "`console.enabled` is `yes`: it must be `true` or `false`",
        "`console.origins` is `photos.example.com`: it must be addresses such as",
        "`console.token` does not belong in a file",
        "CONSOLE_TOKEN is too short",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
