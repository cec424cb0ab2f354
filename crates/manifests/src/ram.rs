//! The policies to paste into RAM: for each component a role's trust policy and its permissions.
//!
//! The permissions are those of the table in `docs/THREAT_MODEL.md`; a test compares the two.

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{Backend, Config};
use crate::file::File;
use crate::rrsa::{Component, Rrsa};

/// Prefix of every queue and subscription that the controller creates.
const OWN: &str = "mnsoss-*";

/// The default folder of the console's photos.
const CONSOLE_PHOTOS: &str = "photos/";

/// A policy document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

/// A statement that allows actions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

/// For each component `ram/<role>.trust.json` and `ram/<role>.permissions.json`; nothing without
/// RRSA.
#[must_use]
pub fn policies(config: &Config) -> Vec<File> {
    let Some(rrsa) = &config.rrsa else {
        return Vec::new();
    };
    let of = |component: Component| {
        let file = |kind: &str, document: Value| File {
            path: format!("ram/{}.{kind}.json", component.role()),
            text: format!("{document:#}\n"),
        };
        [
            file("trust", trust(config, rrsa, component)),
            file("permissions", json!(permissions(config, rrsa, component))),
        ]
    };
    Component::all(config).flat_map(of).collect()
}

/// Only this ServiceAccount of this cluster may assume the role.
fn trust(config: &Config, rrsa: &Rrsa, component: Component) -> Value {
    let (namespace, account) = (component.namespace(config), component.account());
    json!({
        "Version": "1",
        "Statement": [{
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Federated": [rrsa.provider_arn()]},
            "Condition": {"StringEquals": {
                "oidc:iss": [rrsa.issuer],
                "oidc:aud": [source_api::STS_AUDIENCE],
                "oidc:sub": [format!("system:serviceaccount:{namespace}:{account}")],
            }},
        }],
    })
}

fn permissions(config: &Config, rrsa: &Rrsa, component: Component) -> Policy {
    let statement = match component {
        Component::Controller => controller(config, rrsa),
        Component::Adapter => adapter(rrsa),
        Component::FaceRecognition => face_recognition(config, rrsa),
        Component::Console => console(config, rrsa),
    };
    Policy {
        version: "1",
        statement,
    }
}

fn controller(config: &Config, rrsa: &Rrsa) -> Vec<Statement> {
    let mut statements = vec![
        allow(
            &[
                "mns:CreateQueue",
                "mns:GetQueueAttributes",
                "mns:SetQueueAttributes",
                "mns:DeleteQueue",
            ],
            mns(rrsa, &format!("queues/{OWN}")),
        ),
        peek(rrsa),
    ];
    match &config.mns_topic {
        Some(topic) => statements.push(allow(
            &[
                "mns:Subscribe",
                "mns:GetSubscriptionAttributes",
                "mns:SetSubscriptionAttributes",
                "mns:Unsubscribe",
            ],
            mns(rrsa, &format!("topics/{topic}/subscriptions/{OWN}")),
        )),
        None => statements.extend([
            // Event rules have no owner in RAM.
            allow(
                &["mns:PutEventNotifications", "mns:DeleteEventNotifications"],
                "*".to_owned(),
            ),
            allow(&["mns:GetEventRule"], mns(rrsa, "products/oss/rules")),
        ]),
    }
    statements
}

fn adapter(rrsa: &Rrsa) -> Vec<Statement> {
    vec![allow(
        &[
            "mns:ReceiveMessage",
            "mns:DeleteMessage",
            "mns:ChangeMessageVisibility",
        ],
        mns(rrsa, &format!("queues/{OWN}/messages")),
    )]
}

fn face_recognition(config: &Config, rrsa: &Rrsa) -> Vec<Statement> {
    let account = &rrsa.account_id;
    let bucket = format!("acs:oss:*:{account}:{}", config.oss_bucket);
    let mut statements = vec![
        allow(&["oss:GetObject"], format!("{bucket}/*")),
        allow(
            &["oss:PutObject"],
            format!("{bucket}/{}/*", config.oss_target_path),
        ),
    ];
    match config.face_backend {
        Backend::Facebody => statements.push(allow(
            &[
                "viapi-facebody:RecognizeFace",
                "viapi-openplatform:AuthorizeFileUpload",
            ],
            "*".to_owned(),
        )),
        Backend::Imm => {
            let project = config.face_imm_project.as_deref().unwrap_or("*");
            let region = &config.oss_region;
            statements.push(allow(
                &["imm:DetectImageFaces"],
                format!("acs:imm:{region}:{account}:project/{project}"),
            ));
        }
        // The one does not support RAM roles, the other uses no cloud.
        Backend::Dataplus | Backend::Local => {}
    }
    statements
}

/// The age of the oldest message is found by peeking at it.
fn peek(rrsa: &Rrsa) -> Statement {
    allow(
        &["mns:PeekMessage"],
        mns(rrsa, &format!("queues/{OWN}/messages")),
    )
}

fn console(config: &Config, rrsa: &Rrsa) -> Vec<Statement> {
    let bucket = format!("acs:oss:*:{}:{}", rrsa.account_id, config.oss_bucket);
    vec![
        allow(
            &["mns:GetQueueAttributes"],
            mns(rrsa, &format!("queues/{OWN}")),
        ),
        peek(rrsa),
        allow(&["oss:ListObjects"], bucket.clone()),
        allow(&["oss:GetObject"], format!("{bucket}/*")),
        allow(&["oss:PutObject"], format!("{bucket}/{CONSOLE_PHOTOS}*")),
    ]
}

fn mns(rrsa: &Rrsa, path: &str) -> String {
    format!("acs:mns:{}:{}:/{path}", rrsa.region, rrsa.account_id)
}

fn allow(actions: &[&'static str], resource: String) -> Statement {
    Statement {
        effect: "Allow",
        action: actions.to_vec(),
        resource: vec![resource],
    }
}
