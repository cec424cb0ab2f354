//! What is there for KEDA, and only where an administrator wants it.

use manifests::{Config, File, Profile, render};
use serde_json::{Value, json};

use crate::{object, objects, standard_files};

const CONTROLLER: &str = "mnsoss-source-controller";

fn files(settings: &str) -> Vec<File> {
    let config = Config::load(settings, |_| None).unwrap();
    render(&config, Profile::Current).unwrap()
}

fn container(files: &[File]) -> Value {
    object(files, "Deployment", CONTROLLER)["spec"]["template"]["spec"]["containers"][0].clone()
}

#[test]
fn keda_alone_may_connect_to_the_scaler() {
    let files =
        files("keda.enabled = true\nkeda.namespace = 'scaling'\ncontroller.namespace = 'ours'");
    let container = container(&files);
    let variable = |name: &str| {
        let variables = container["env"].as_array().unwrap();
        let found = variables.iter().find(|it| it["name"] == name).unwrap();
        found["value"].as_str().unwrap().to_owned()
    };
    let (listen, address) = (variable("SCALER_LISTEN"), variable("SCALER_ADDRESS"));
    let port: u16 = listen.strip_prefix("0.0.0.0:").unwrap().parse().unwrap();
    let ports = container["ports"].as_array().unwrap();
    assert!(
        ports.iter().any(|it| it["containerPort"] == port),
        "{ports:?}"
    );

    let service = object(&files, "Service", CONTROLLER);
    assert_eq!(address, format!("{CONTROLLER}.ours.svc:{port}"));
    assert_eq!(service["metadata"]["namespace"], "ours");
    assert_eq!(service["spec"]["ports"][0]["port"], port);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], port);
    let deployment = object(&files, "Deployment", CONTROLLER);
    let pods = &deployment["spec"]["selector"]["matchLabels"];
    assert_eq!(&service["spec"]["selector"], pods);

    let policy = object(&files, "NetworkPolicy", CONTROLLER);
    let namespace = json!({"matchLabels": {"kubernetes.io/metadata.name": "scaling"}});
    let rule = json!({
        "from": [{"namespaceSelector": namespace}],
        "ports": [{"port": port, "protocol": "TCP"}],
    });
    assert_eq!(policy["spec"]["ingress"][1], rule);
    let open = policy["spec"]["ingress"][0]["ports"].to_string();
    assert!(!open.contains(&port.to_string()), "{open}");
}

#[test]
fn right_to_make_scaled_objects_is_where_sources_are_kept() {
    let rights = |settings: &str| {
        let files = files(settings);
        let roles = objects(&files).into_iter().filter(|role| {
            let rules = role["rules"].as_array().into_iter().flatten();
            rules
                .filter(|rule| rule["apiGroups"] == json!(["keda.sh"]))
                .any(|rule| rule["resources"] == json!(["scaledobjects"]))
        });
        let place = |role: Value| {
            let namespace = role["metadata"]["namespace"].as_str();
            namespace.unwrap_or("the cluster").to_owned()
        };
        roles.map(place).collect::<Vec<_>>()
    };
    assert_eq!(rights(""), [""; 0]);
    assert_eq!(rights("keda.enabled = true"), ["the cluster"]);
    let confined = "keda.enabled = true\ncontroller.namespaces = 'a,b'";
    assert_eq!(rights(confined), ["a", "b"]);
}

#[test]
fn nothing_is_there_by_default() {
    let default = standard_files(Profile::Current);
    let text: String = default.iter().map(|file| file.text.as_str()).collect();
    for word in ["keda.sh", "SCALER", "grpc-scaler"] {
        assert!(!text.contains(word), "{word}");
    }
    let asked = files("keda.enabled = true");
    let source = object(&asked, "MnsOssSource", "mnsoss-face");
    let class = &source["metadata"]["annotations"]["autoscaling.eventing.knative.dev/class"];
    assert_eq!(class, "keda.autoscaling.knative.dev");
}
