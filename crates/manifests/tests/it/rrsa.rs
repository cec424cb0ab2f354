//! Roles in place of keys: what is rendered then, and what is to be pasted into RAM.

use std::collections::BTreeSet;

use manifests::{Config, File, Profile, policies, render};
use serde_json::{Value, json};

use crate::{object, objects};

const THREAT_MODEL: &str = include_str!("../../../../docs/THREAT_MODEL.md");

fn config(more: &str) -> Config {
    let settings = format!(
        "rrsa.oidc-provider = 'ack-rrsa-c0ffee'
         rrsa.issuer = 'https://oidc.example/c0ffee'
         mns.endpoint = 'https://1234.mns.cn-shanghai.aliyuncs.com'
         oss.bucket = 'photos'
         {more}"
    );
    Config::load(&settings, |_| None).unwrap()
}

fn rendered() -> Vec<File> {
    render(&config(""), Profile::Current).unwrap()
}

/// The document of a role.
fn policy(config: &Config, name: &str) -> Value {
    let path = format!("ram/{name}.json");
    let files = policies(config);
    let file = files.iter().find(|file| file.path == path).unwrap();
    serde_json::from_str(&file.text).unwrap()
}

#[test]
fn there_is_no_secret_anywhere() {
    let files = rendered();
    assert!(objects(&files).iter().all(|it| it["kind"] != "Secret"));
    for File { path, text } in &files {
        for word in ["mnsoss-secret", "secretKeyRef", "secretName", "secret.yaml"] {
            // The definition of the resource still has the field.
            let is_definition = path == "controller/definition.yaml";
            assert!(is_definition || !text.contains(word), "{path}: {word}");
        }
    }
}

#[test]
fn accounts_name_their_roles_and_pods_show_their_tokens() {
    let files = rendered();
    let controller = object(&files, "Deployment", "mnsoss-source-controller");
    let service = object(&files, "Service", "face-recognition");
    for (account, role, pod) in [
        (
            "mnsoss-source-controller",
            "mnsoss-controller",
            &controller["spec"]["template"]["spec"],
        ),
        (
            "face-recognition",
            "mnsoss-face-recognition",
            &service["spec"]["template"]["spec"],
        ),
    ] {
        let annotations =
            object(&files, "ServiceAccount", account)["metadata"]["annotations"].clone();
        assert_eq!(annotations["pod-identity.alibabacloud.com/role-name"], role);
        assert_eq!(pod["serviceAccountName"], account);
        let token = &pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
        assert_eq!(token["audience"], "sts.aliyuncs.com");
        let container = &pod["containers"][0];
        let variable = |name: &str| {
            let mut variables = container["env"].as_array().unwrap().iter();
            variables.find(|it| it["name"] == name).unwrap()["value"].clone()
        };
        assert_eq!(
            variable("ALIBABA_CLOUD_ROLE_ARN"),
            format!("acs:ram::1234:role/{role}")
        );
        let provider = variable("ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
        assert_eq!(provider, "acs:ram::1234:oidc-provider/ack-rrsa-c0ffee");
        let mount = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
        let file = format!("{mount}/{}", token["path"].as_str().unwrap());
        assert_eq!(variable("ALIBABA_CLOUD_OIDC_TOKEN_FILE"), file);
    }
    let source = object(&files, "MnsOssSource", "mnsoss-face")["spec"].clone();
    let expected =
        json!({"serviceAccountName": "mnsoss-sa", "roleArn": "acs:ram::1234:role/mnsoss-adapter"});
    assert_eq!(source["auth"], expected);
    assert!(source["serviceAccountName"].is_null());
    let env = &controller["spec"]["template"]["spec"]["containers"][0]["env"];
    let listed = json!({"name": "CLOUD_IDENTITY_NAMESPACES", "value": "default"});
    assert!(env.as_array().unwrap().contains(&listed));
}

#[test]
fn roles_trust_one_account_each() {
    let config = config("sample.namespace = 'shop'\nconsole.enabled = true");
    for (role, subject) in [
        (
            "mnsoss-controller",
            "system:serviceaccount:mnsoss-system:mnsoss-source-controller",
        ),
        ("mnsoss-adapter", "system:serviceaccount:shop:mnsoss-sa"),
        (
            "mnsoss-face-recognition",
            "system:serviceaccount:shop:face-recognition",
        ),
        ("mnsoss-console", "system:serviceaccount:shop:photo-console"),
    ] {
        let expected = json!({
            "Version": "1",
            "Statement": [{
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Federated": ["acs:ram::1234:oidc-provider/ack-rrsa-c0ffee"]},
                "Condition": {"StringEquals": {
                    "oidc:iss": ["https://oidc.example/c0ffee"],
                    "oidc:aud": ["sts.aliyuncs.com"],
                    "oidc:sub": [subject],
                }},
            }],
        });
        assert_eq!(policy(&config, &format!("{role}.trust")), expected);
    }
}

/// Actions and resources of a role, one line each.
fn permissions(config: &Config, role: &str) -> BTreeSet<(String, String)> {
    let document = policy(config, &format!("{role}.permissions"));
    let statements = document["Statement"].as_array().unwrap().clone();
    let list = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    statements
        .iter()
        .inspect(|statement| assert_eq!(statement["Effect"], "Allow"))
        .flat_map(|statement| {
            let [resource] = list(&statement["Resource"]).try_into().unwrap();
            let actions = list(&statement["Action"]).into_iter();
            actions.map(move |action| (action, String::clone(&resource)))
        })
        .collect()
}

#[test]
fn permissions_are_for_our_own_things_only() {
    let config = config("oss.target-path = 'results'\nconsole.enabled = true");
    let lines: Vec<_> = [
        "mnsoss-controller",
        "mnsoss-adapter",
        "mnsoss-face-recognition",
        "mnsoss-console",
    ]
    .iter()
    .flat_map(|role| permissions(&config, role))
    .map(|(action, resource)| format!("{action} {resource}"))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    mns:CreateQueue acs:mns:cn-shanghai:1234:/queues/mnsoss-*
    mns:DeleteEventNotifications *
    mns:DeleteQueue acs:mns:cn-shanghai:1234:/queues/mnsoss-*
    mns:GetEventRule acs:mns:cn-shanghai:1234:/products/oss/rules
    mns:GetQueueAttributes acs:mns:cn-shanghai:1234:/queues/mnsoss-*
    mns:PeekMessage acs:mns:cn-shanghai:1234:/queues/mnsoss-*/messages
    mns:PutEventNotifications *
    mns:SetQueueAttributes acs:mns:cn-shanghai:1234:/queues/mnsoss-*
    mns:ChangeMessageVisibility acs:mns:cn-shanghai:1234:/queues/mnsoss-*/messages
    mns:DeleteMessage acs:mns:cn-shanghai:1234:/queues/mnsoss-*/messages
    mns:ReceiveMessage acs:mns:cn-shanghai:1234:/queues/mnsoss-*/messages
    oss:GetObject acs:oss:*:1234:photos/*
    oss:PutObject acs:oss:*:1234:photos/results/*
    viapi-facebody:RecognizeFace *
    viapi-openplatform:AuthorizeFileUpload *
    mns:GetQueueAttributes acs:mns:cn-shanghai:1234:/queues/mnsoss-*
    mns:PeekMessage acs:mns:cn-shanghai:1234:/queues/mnsoss-*/messages
    oss:GetObject acs:oss:*:1234:photos/*
    oss:ListObjects acs:oss:*:1234:photos
    oss:PutObject acs:oss:*:1234:photos/photos/*
    ");
}

/// The actions in one row of the table of rights.
fn documented(component: &str) -> BTreeSet<String> {
    let row = THREAT_MODEL
        .lines()
        .find(|line| line.starts_with(&format!("| {component} |")) && line.contains("mns:"))
        .or_else(|| {
            let mut lines = THREAT_MODEL.lines();
            lines
                .find(|line| line.starts_with(&format!("| {component} |")) && line.contains("oss:"))
        })
        .unwrap();
    let words = row.split('`').skip(1).step_by(2);
    let actions = words.filter(|word| {
        let (product, action) = word.split_once(':').unwrap_or_default();
        !product.is_empty() && action.starts_with(|first: char| first.is_ascii_uppercase())
    });
    actions.map(str::to_owned).collect()
}

#[test]
fn policies_say_what_the_table_of_the_threat_model_says() {
    let settings = [
        "face.backend = 'facebody'\nmns.topic = 'uploads'",
        "face.backend = 'imm'\nface.imm-project = 'faces'",
        "face.backend = 'local'",
        "face.backend = 'dataplus'",
    ];
    for (component, role) in [
        ("controller", "mnsoss-controller"),
        ("adapter", "mnsoss-adapter"),
        ("face-recognition", "mnsoss-face-recognition"),
        ("console", "mnsoss-console"),
    ] {
        let actions: BTreeSet<_> = settings
            .iter()
            .map(|more| config(&format!("{more}\nconsole.enabled = true")))
            .flat_map(|config| permissions(&config, role))
            .map(|(action, _)| action)
            .collect();
        assert_eq!(actions, documented(component), "{component}");
    }
}

#[test]
fn settings_that_do_not_suffice_are_named() {
    let wrong = |settings: &str| Config::load(settings, |_| None).unwrap_err().to_string();
    for (settings, expected) in [
        (
            "rrsa.issuer = 'https://a.example'",
            "`rrsa.oidc-provider` is missing",
        ),
        ("rrsa.oidc-provider = 'ack'", "`rrsa.issuer` is missing"),
        (
            "rrsa.oidc-provider = 'ack'\nrrsa.issuer = 'https://a.example'",
            "account and region must be known",
        ),
        ("rrsa.oidc-provider = 'a/b'", "`rrsa.oidc-provider` is"),
    ] {
        let wrong = wrong(settings);
        assert!(wrong.contains(expected), "{settings}: {wrong}");
    }
    assert!(policies(&Config::standard()).is_empty());
}
