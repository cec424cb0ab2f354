//! Keys are in the Secret and nowhere else.

use manifests::{Config, Profile, render};
use serde_json::{Value, json};

use crate::object;

const ID: &str = "LTAI-marker-id";
const SECRET: &str = "marker-secret";
const TOKEN: &str = "marker-token";
const CONSOLE: &str = "marker-console-token";

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "ALIBABA_CLOUD_ACCESS_KEY_ID" => ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => SECRET,
        "ALIBABA_CLOUD_SECURITY_TOKEN" => TOKEN,
        "CONSOLE_TOKEN" => CONSOLE,
        _ => return None,
    };
    Some(value.to_owned())
}

#[test]
fn keys_reach_the_secret_and_nothing_else() {
    let config = Config::load("console.enabled = true", environment).unwrap();
    for profile in Profile::ALL {
        for file in render(&config, profile).unwrap() {
            let holds_key = [ID, SECRET, TOKEN]
                .iter()
                .any(|key| file.text.contains(key));
            let is_secret = file.path == "sample/secret.yaml";
            assert_eq!(holds_key, is_secret, "{}", file.path);
            let holds_token = file.text.contains(CONSOLE);
            assert_eq!(
                holds_token,
                file.path == "console/secret.yaml",
                "{}",
                file.path
            );
        }
    }
    let shown = format!("{config:?}");
    assert!(
        [ID, SECRET, TOKEN, CONSOLE]
            .iter()
            .all(|key| !shown.contains(key)),
        "{shown}"
    );
}

#[test]
fn both_forms_of_the_secret_hold_the_document_that_adapters_read() {
    let file = "mns.endpoint = 'http://emulator.mns:8082'\nmns.account-id = 12\nmns.region = 'cn-shanghai'";
    let config = Config::load(file, environment).unwrap();
    let expected = json!({
        "url": "http://emulator.mns:8082", "accessKeyId": ID, "accessKeySecret": SECRET, "securityToken": TOKEN,
        "accountId": "12", "region": "cn-shanghai",
    });
    let current = object(
        &render(&config, Profile::Current).unwrap(),
        "Secret",
        "mnsoss-secret",
    );
    let document: Value =
        serde_json::from_str(current["stringData"]["mns"].as_str().unwrap()).unwrap();
    assert_eq!(document, expected);

    let seed = object(
        &render(&config, Profile::Seed).unwrap(),
        "Secret",
        "mnsoss-secret",
    );
    let bytes: k8s_openapi::ByteString =
        serde_json::from_value(seed["data"]["mns"].clone()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&bytes.0).unwrap(), expected);
}

#[test]
fn what_is_checked_in_holds_placeholders() {
    let secret = object(
        &crate::standard_files(Profile::Current),
        "Secret",
        "mnsoss-secret",
    );
    let document: Value =
        serde_json::from_str(secret["stringData"]["mns"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&document["accessKeyId"], &document["accessKeySecret"]),
        (&json!("xxx"), &json!("xxx"))
    );
}

#[test]
fn services_take_keys_from_the_secret() {
    let service = object(
        &crate::standard_files(Profile::Current),
        "Service",
        "face-recognition",
    );
    let spec = &service["spec"]["template"]["spec"];
    assert_eq!(spec["volumes"][0]["secret"]["secretName"], "mnsoss-secret");
    let variables = spec["containers"][0]["env"].to_string();
    assert!(
        !variables.contains("ACCESS_KEY") && !variables.contains("ACCESSKEY"),
        "{variables}"
    );
}
