//! The checks in the cloud: credentials, queue, subscription, event rule and bucket of a source.

use bytes::Bytes;
use mns::{QueueName, SubscriptionName, TopicName};
use oss::{Bucket, ObjectKey, PutOptions, PutResult};
use prometheus_client::registry::Registry;
use service::error_line;
use signing::LiveCredentials;
use source_api::{EventRuleSpec, MnsOssSource};
use transport::HttpClientError;

use super::endpoints::transport;
use super::{CheckResult, DoctorReport, EndpointOverrides};
use crate::account::read_document;
use crate::event_rule::difference_to;
use crate::metrics::Metrics;
use crate::mns::{Account, CircuitBreaker, MnsResource};
use crate::source::{DesiredQueue, ParsedSource, RuledQueue};

/// Checks everything in the cloud that a source uses. `document` is the value in its Secret. A source
/// that is not in a cluster has no uid, so its resources in the cloud have no names yet.
///
/// # Errors
/// When this machine cannot set up an HTTP client.
pub async fn examine(
    source: &MnsOssSource,
    document: &[u8],
    overrides: &EndpointOverrides,
) -> Result<DoctorReport, HttpClientError> {
    let mut report = DoctorReport::default();
    let (endpoint, credentials) = match read_document(document, &source.spec) {
        Ok(opened) => opened,
        Err(problem) => {
            let text = format!("{problem}: see `kubectl explain mnsosssource.spec.accessToken`");
            report.add("credentials", CheckResult::Failed(text));
            return Ok(report);
        }
    };
    let key: String = credentials
        .access_key_id()
        .as_str()
        .chars()
        .take(8)
        .collect();
    let text = format!("a key `{key}...` for `{endpoint}`");
    report.add("credentials", CheckResult::Passed(text));
    let parsed = ParsedSource::new(source.clone());
    let account = Account::new(
        endpoint,
        LiveCredentials::fixed(credentials),
        transport(&overrides.private, true)?,
        overrides.open_api.clone(),
        CircuitBreaker::default(),
        Metrics::new(&mut Registry::default()),
    );
    let examined = match &parsed.desired.queue {
        Ok(_) if parsed.identity.uid.is_empty() => {
            let why = "the source is not in the cluster, so nothing was created for it yet";
            report.add("queue", CheckResult::Skipped(why.to_owned()));
            false
        }
        Ok(_) => true,
        Err(error) => {
            report.add("source", CheckResult::Failed(error.to_string()));
            false
        }
    };
    if let (true, Ok(queue)) = (examined, &parsed.desired.queue) {
        examine_mns(&mut report, &account, queue).await;
    }
    match overrides.bucket(source, document) {
        Ok(Some(bucket)) => examine_bucket(&mut report, &bucket, source).await,
        Ok(None) => {
            let why = "the source names no bucket: say which one with --bucket";
            report.add("bucket", CheckResult::Skipped(why.to_owned()));
        }
        Err(why) => report.add("bucket", CheckResult::Failed(why)),
    }
    Ok(report)
}

async fn examine_mns(report: &mut DoctorReport, account: &Account, queue: &DesiredQueue) {
    report.add("queue", examine_queue(account, queue).await);
    match queue {
        DesiredQueue::Subscribed(it) => {
            let result = examine_subscription(account, &it.topic, &it.subscription).await;
            report.add("subscription", result);
        }
        DesiredQueue::Ruled(ruled) => {
            report.add("event rule", examine_rule(account, ruled).await);
        }
        DesiredQueue::Given(_) => {}
    }
}

async fn examine_queue(account: &Account, desired: &DesiredQueue) -> CheckResult {
    let name: &QueueName = desired.name();
    let queue = account.queue(name);
    match account.find(MnsResource::Queue, queue.attributes()).await {
        Ok(Some(status)) => {
            let waiting = status.active_messages.unwrap_or_default();
            CheckResult::Passed(format!("`{name}`, {waiting} messages wait"))
        }
        Ok(None) if desired.owned().is_some() => CheckResult::Failed(format!(
            "`{name}` does not exist: the controller creates it; `kubectl describe mnsosssource` says why it has not"
        )),
        Ok(None) => CheckResult::Failed(format!(
            "`{name}` does not exist: create it, or correct `queue` in the source"
        )),
        Err(problem) => CheckResult::Failed(problem.message),
    }
}

async fn examine_subscription(
    account: &Account,
    topic: &TopicName,
    name: &SubscriptionName,
) -> CheckResult {
    let of_topic = account.topic(topic);
    let call = of_topic.subscription_attributes(name);
    match account.find(MnsResource::Subscription, call).await {
        Ok(Some(_)) => CheckResult::Passed(format!("`{name}` of topic `{topic}`")),
        Ok(None) => CheckResult::Failed(format!(
            "`{name}` of topic `{topic}` does not exist: `kubectl describe mnsosssource` says why"
        )),
        Err(problem) => CheckResult::Failed(problem.message),
    }
}

async fn examine_rule(account: &Account, desired: &RuledQueue) -> CheckResult {
    let name = &desired.rule;
    let rules = match account.event_rules() {
        Ok(rules) => rules,
        Err(problem) => return CheckResult::Failed(problem.message),
    };
    match account.call(MnsResource::EventRule, rules.get(name)).await {
        Ok(Some(found)) => match difference_to(&found, desired, account.endpoint()) {
            None => CheckResult::Passed(format!("`{name}` delivers into `{}`", desired.queue)),
            Some(difference) => CheckResult::Failed(difference),
        },
        Ok(None) => CheckResult::Failed(format!(
            "`{name}` does not exist: the condition EventRuleReady of the source says why"
        )),
        Err(problem) => CheckResult::Failed(problem.message),
    }
}

async fn examine_bucket(report: &mut DoctorReport, bucket: &Bucket, source: &MnsOssSource) {
    let name = bucket.name();
    match bucket.info().await {
        Ok(info) => {
            report.add(
                "bucket",
                CheckResult::Passed(format!("`{name}` in `{}`", info.region)),
            );
        }
        Err(error) => {
            report.add(
                "bucket",
                CheckResult::Failed(refused(&error, "oss:GetBucketInfo")),
            );
        }
    }
    report.add("announcement", probe(bucket, source).await);
}

/// Uploads an object for which the source should get an event, and removes it.
async fn probe(bucket: &Bucket, source: &MnsOssSource) -> CheckResult {
    const EVENT: &str = "ObjectCreated:PutObject";
    let rule = source.spec.event_rule.clone().unwrap_or_default();
    let is_upload = |event: &&str| matches!(*event, EVENT | "ObjectCreated:*");
    if !rule.events().iter().any(is_upload) {
        let why = "the event rule announces no uploads by PutObject";
        return CheckResult::Skipped(why.to_owned());
    }
    let key = match probe_key(&rule) {
        Ok(key) => key,
        Err(why) => return CheckResult::Skipped(why),
    };
    let put = bucket.put(&key, Bytes::new(), &PutOptions::default()).await;
    let uploaded = match put {
        Ok(uploaded) => uploaded,
        Err(error) => return CheckResult::Failed(refused(&error, "oss:PutObject")),
    };
    let result = announced(&key, &uploaded);
    match bucket.delete(&key).await {
        Ok(()) => result,
        Err(error) => CheckResult::Failed(format!(
            "`{key}` was uploaded and could not be removed: delete it; {}",
            refused(&error, "oss:DeleteObject")
        )),
    }
}

fn announced(key: &ObjectKey, uploaded: &PutResult) -> CheckResult {
    match &uploaded.event_status {
        Some(_) => CheckResult::Passed(format!("the upload of `{key}` was announced")),
        None => CheckResult::Failed(format!(
            "OSS did not announce the upload of `{key}`: no event rule covers it, or the rule is new; OSS takes up to \
             ten minutes to follow a new rule"
        )),
    }
}

/// A key that the rule covers.
fn probe_key(rule: &EventRuleSpec) -> Result<ObjectKey, String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let key = format!(
        "{}mnsoss-doctor-{}{}",
        text(&rule.prefix),
        uuid::Uuid::new_v4().simple(),
        text(&rule.suffix)
    );
    let excluded = rule.exclude_prefix.as_ref();
    if excluded.is_some_and(|prefix| key.starts_with(prefix)) {
        return Err("the event rule excludes every key that it covers".to_owned());
    }
    key.parse().map_err(|error| error_line(&error))
}

/// What a refusal of OSS means for the user.
fn refused(error: &oss::Error, right: &str) -> String {
    let text = error_line(error);
    match error.code() {
        Some("NoSuchBucket") => format!("{text}: create the bucket, or correct its name"),
        Some("AccessDenied") => format!("{text}: allow `{right}` to the key's RAM user"),
        Some("InvalidAccessKeyId" | "SignatureDoesNotMatch") => {
            format!("{text}: put a valid key into the Secret")
        }
        _ => text,
    }
}
