//! Who reaches our pods, what the controller's reach, and what a drained node may take.

use manifests::{Config, Profile, render};
use serde_json::Value;

use crate::{object, objects, standard_files};

fn ports(rule: &Value) -> Vec<String> {
    let ports = rule["ports"].as_array().unwrap();
    ports
        .iter()
        .map(|port| format!("{}/{}", port["protocol"].as_str().unwrap(), port["port"]))
        .collect()
}

#[test]
fn pods_are_reached_where_they_have_something_to_say_and_nowhere_else() {
    let mut lines = Vec::new();
    for object in objects(&standard_files(Profile::Current)) {
        if object["kind"] == "NetworkPolicy" {
            let spec = &object["spec"];
            let pods = &spec["podSelector"]["matchLabels"];
            lines.push(format!("{pods} {}", spec["policyTypes"]));
            lines.push(format!("  in {}", ports(&spec["ingress"][0]).join(" ")));
            if let Some(out) = spec.get("egress") {
                lines.push(format!("  out {}", ports(&out[0]).join(" ")));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"app.kubernetes.io/name":"mnsoss-source-controller"} ["Ingress","Egress"]
      in TCP/8080
      out TCP/80 TCP/443 TCP/6443 TCP/8443 TCP/53 UDP/53
    {"eventing.knative.dev/source":"mnsoss-source-controller"} ["Ingress"]
      in TCP/8080
    {"serving.knative.dev/service":"face-recognition"} ["Ingress"]
      in TCP/8012 TCP/8013 TCP/8112 TCP/9090 TCP/9091 TCP/8081
    {"serving.knative.dev/service":"photo-console"} ["Ingress"]
      in TCP/8012 TCP/8013 TCP/8112 TCP/9090 TCP/9091
    "#);
}

#[test]
fn the_controller_reaches_the_configured_mns() {
    let settings = "mns.endpoint = 'http://emulator:8902'\ncontroller.egress-ports = '6443,443'";
    let config = Config::load(settings, |_| None).unwrap();
    let files = render(&config, Profile::Current).unwrap();
    let policy = object(&files, "NetworkPolicy", "mnsoss-source-controller");
    let out = ports(&policy["spec"]["egress"][0]);
    assert_eq!(out, ["TCP/443", "TCP/6443", "TCP/8902", "TCP/53", "UDP/53"]);
}

#[test]
fn every_probe_of_the_face_service_is_answered_apart_from_events() {
    let files = standard_files(Profile::Current);
    let service = object(&files, "Service", "face-recognition");
    let container = &service["spec"]["template"]["spec"]["containers"][0];
    let variables = container["env"].as_array().unwrap();
    let listens = variables
        .iter()
        .find(|variable| variable["name"] == "HEALTH_LISTEN")
        .unwrap();
    for probe in ["readinessProbe", "livenessProbe"] {
        let port = &container[probe]["httpGet"]["port"];
        assert_ne!(port, &container["ports"][0]["containerPort"], "{probe}");
        assert_eq!(listens["value"], format!("0.0.0.0:{port}"), "{probe}");
    }
}

#[test]
fn a_drained_node_takes_one_controller_at_a_time() {
    let files = standard_files(Profile::Current);
    let name = "mnsoss-source-controller";
    let budget = object(&files, "PodDisruptionBudget", name);
    assert_eq!(budget["spec"]["maxUnavailable"], 1);
    assert_eq!(budget["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow");
    let deployment = object(&files, "Deployment", name);
    assert_eq!(budget["spec"]["selector"], deployment["spec"]["selector"]);
}
