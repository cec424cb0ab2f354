//! The doctor: whether the way from a bucket to a source's queue works, and what to do where it
//! does not.
//!
//! [`examine`] only looks, but for one object that it uploads to the bucket and removes: OSS tells
//! in its answer whether an event rule announced it. The object is empty, so a face service that
//! hears of it finds no photo in it.

mod command;
mod scaling;

use std::error::Error;
use std::fmt;
use std::iter::repeat_n;
use std::time::Duration;

use bytes::Bytes;
use mns::{OpenApiEndpoint, QueueName, SubscriptionName, TopicName};
use oss::{Addressing, Bucket, BucketName, ObjectKey, PutOptions, PutResult, Region};
use prometheus_client::registry::Registry;
use service::{ConnectOptions, error_line};
use signing::LiveCredentials;
use source_api::{EventRuleSpec, MnsOssSource};
use transport::{HttpClientError, Networks, RetryPolicy, Transport};
use url::Url;

pub use command::DoctorArgs;
pub use scaling::examine_scaling;

use crate::account::read_document;
use crate::app::reach;
use crate::event_rule::difference_to;
use crate::metrics::Metrics;
use crate::mns::{Account, CircuitBreaker, MnsResource};
use crate::source::{DesiredQueue, ParsedSource, RuledQueue};

/// Why the cloud is not examined for a source with `auth`.
pub const NO_SECRET: &str = "the source has no Secret, so there is no key to examine the cloud with: its conditions say \
                             what the controller's own identity found";

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was examined.
    pub what: &'static str,
    /// How it is.
    pub verdict: Verdict,
}

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Fine(String),
    /// It does not; the text says what to do.
    Wrong(String),
    /// It was not examined; the text says why.
    Skipped(String),
}

/// All findings, which print as a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

/// Where the services are that a source does not name.
#[derive(Clone, Debug)]
pub struct Places {
    /// The bucket, for a source that has no event rule.
    pub bucket: Option<String>,
    /// The OpenAPI of MNS, if it is not the vendor's.
    pub open_api: Option<OpenApiEndpoint>,
    /// Endpoint of OSS, if it is not the region's.
    pub oss: Option<Url>,
    /// How a bucket is put into that endpoint.
    pub addressing: Addressing,
    /// Networks that the controller may connect to although they are not public.
    pub private: Networks,
}

impl Places {
    /// The bucket of a source with this document in its Secret, or the one that is named here;
    /// `None` if neither names one.
    ///
    /// # Errors
    /// Says what is wrong with the settings.
    pub fn bucket(&self, source: &MnsOssSource, document: &[u8]) -> Result<Option<Bucket>, String> {
        let rule = source.spec.event_rule.as_ref();
        let Some(name) = rule.map(|rule| &rule.bucket).or(self.bucket.as_ref()) else {
            return Ok(None);
        };
        let name: BucketName = name.parse().map_err(said)?;
        let (mns, credentials) = read_document(document, &source.spec).map_err(said)?;
        let region = rule.and_then(|rule| rule.region.as_deref());
        let region = region.or(mns.region()).ok_or(
            "the region of the bucket is not known: give `region` in `eventRule` or in the Secret",
        )?;
        let region: Region = region.parse().map_err(said)?;
        let endpoint = match &self.oss {
            None => oss::Endpoint::for_region(&region, false),
            Some(url) => oss::Endpoint::new(url, self.addressing, region).map_err(said)?,
        };
        let credentials = LiveCredentials::fixed(credentials);
        let client = oss::Client::builder(endpoint, credentials);
        let client = client.build_on(transport(&self.private, false).map_err(said)?);
        Ok(Some(client.bucket(name)))
    }
}

impl Findings {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        let is_wrong = |it: &Finding| matches!(it.verdict, Verdict::Wrong(_));
        !self.0.iter().any(is_wrong)
    }

    /// Adds a line.
    pub fn add(&mut self, what: &'static str, verdict: Verdict) {
        self.0.push(Finding { what, verdict });
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|it| it.what.len()).max().unwrap_or(0);
        for Finding { what, verdict } in &self.0 {
            let (state, text) = match verdict {
                Verdict::Fine(text) => ("ok", text),
                Verdict::Wrong(text) => ("to do", text),
                Verdict::Skipped(text) => ("skipped", text),
            };
            let indent: String = repeat_n(' ', width + 12).collect();
            let text = text.replace('\n', &format!("\n{indent}"));
            writeln!(f, "{what:width$}  {state:8}  {text}")?;
        }
        Ok(())
    }
}

/// Examines everything in the cloud that a source uses. `document` is the value in its Secret. A
/// source that is not in a cluster has no uid, and nothing in the cloud that can be found by name.
///
/// # Errors
/// When this machine cannot set up an HTTP client.
pub async fn examine(
    source: &MnsOssSource,
    document: &[u8],
    places: &Places,
) -> Result<Findings, HttpClientError> {
    let mut findings = Findings::default();
    let (endpoint, credentials) = match read_document(document, &source.spec) {
        Ok(opened) => opened,
        Err(problem) => {
            let text = format!("{problem}: see `kubectl explain mnsosssource.spec.accessToken`");
            findings.add("credentials", Verdict::Wrong(text));
            return Ok(findings);
        }
    };
    let key: String = credentials
        .access_key_id()
        .as_str()
        .chars()
        .take(8)
        .collect();
    let text = format!("a key `{key}...` for `{endpoint}`");
    findings.add("credentials", Verdict::Fine(text));
    let parsed = ParsedSource::new(source.clone());
    let account = Account::new(
        endpoint,
        LiveCredentials::fixed(credentials),
        transport(&places.private, true)?,
        places.open_api.clone(),
        CircuitBreaker::default(),
        Metrics::new(&mut Registry::default()),
    );
    let examined = match &parsed.desired.queue {
        Ok(_) if parsed.identity.uid.is_empty() => {
            let why = "the source is not in the cluster, so nothing was made for it yet";
            findings.add("queue", Verdict::Skipped(why.to_owned()));
            false
        }
        Ok(_) => true,
        Err(error) => {
            findings.add("source", Verdict::Wrong(error.to_string()));
            false
        }
    };
    if let (true, Ok(queue)) = (examined, &parsed.desired.queue) {
        examine_mns(&mut findings, &account, queue).await;
    }
    match places.bucket(source, document) {
        Ok(Some(bucket)) => examine_bucket(&mut findings, &bucket, source).await,
        Ok(None) => {
            let why = "the source names no bucket: say which one with --bucket";
            findings.add("bucket", Verdict::Skipped(why.to_owned()));
        }
        Err(why) => findings.add("bucket", Verdict::Wrong(why)),
    }
    Ok(findings)
}

async fn examine_mns(findings: &mut Findings, account: &Account, queue: &DesiredQueue) {
    findings.add("queue", examine_queue(account, queue).await);
    match queue {
        DesiredQueue::Subscribed(it) => {
            let verdict = examine_subscription(account, &it.topic, &it.subscription).await;
            findings.add("subscription", verdict);
        }
        DesiredQueue::Ruled(ruled) => {
            findings.add("event rule", examine_rule(account, ruled).await);
        }
        DesiredQueue::Given(_) => {}
    }
}

async fn examine_queue(account: &Account, desired: &DesiredQueue) -> Verdict {
    let name: &QueueName = desired.name();
    let queue = account.queue(name);
    match account.find(MnsResource::Queue, queue.attributes()).await {
        Ok(Some(status)) => {
            let waiting = status.active_messages.unwrap_or_default();
            Verdict::Fine(format!("`{name}`, {waiting} messages wait"))
        }
        Ok(None) if desired.made().is_some() => Verdict::Wrong(format!(
            "`{name}` does not exist: the controller makes it; `kubectl describe mnsosssource` says why it has not"
        )),
        Ok(None) => Verdict::Wrong(format!(
            "`{name}` does not exist: make it, or correct `queue` in the source"
        )),
        Err(problem) => Verdict::Wrong(problem.message),
    }
}

async fn examine_subscription(
    account: &Account,
    topic: &TopicName,
    name: &SubscriptionName,
) -> Verdict {
    let of_topic = account.topic(topic);
    let call = of_topic.subscription_attributes(name);
    match account.find(MnsResource::Subscription, call).await {
        Ok(Some(_)) => Verdict::Fine(format!("`{name}` of topic `{topic}`")),
        Ok(None) => Verdict::Wrong(format!(
            "`{name}` of topic `{topic}` does not exist: `kubectl describe mnsosssource` says why"
        )),
        Err(problem) => Verdict::Wrong(problem.message),
    }
}

async fn examine_rule(account: &Account, desired: &RuledQueue) -> Verdict {
    let name = &desired.rule;
    let rules = match account.event_rules() {
        Ok(rules) => rules,
        Err(problem) => return Verdict::Wrong(problem.message),
    };
    match account.call(MnsResource::EventRule, rules.get(name)).await {
        Ok(Some(found)) => match difference_to(&found, desired, account.endpoint()) {
            None => Verdict::Fine(format!("`{name}` delivers into `{}`", desired.queue)),
            Some(difference) => Verdict::Wrong(difference),
        },
        Ok(None) => Verdict::Wrong(format!(
            "`{name}` does not exist: the condition EventRuleReady of the source says why"
        )),
        Err(problem) => Verdict::Wrong(problem.message),
    }
}

async fn examine_bucket(findings: &mut Findings, bucket: &Bucket, source: &MnsOssSource) {
    let name = bucket.name();
    match bucket.info().await {
        Ok(info) => {
            findings.add(
                "bucket",
                Verdict::Fine(format!("`{name}` in `{}`", info.region)),
            );
        }
        Err(error) => {
            findings.add(
                "bucket",
                Verdict::Wrong(refused(&error, "oss:GetBucketInfo")),
            );
        }
    }
    findings.add("announcement", probe(bucket, source).await);
}

/// Uploads an object that the source should hear of, and removes it.
async fn probe(bucket: &Bucket, source: &MnsOssSource) -> Verdict {
    const EVENT: &str = "ObjectCreated:PutObject";
    let rule = source.spec.event_rule.clone().unwrap_or_default();
    let is_upload = |event: &&str| matches!(*event, EVENT | "ObjectCreated:*");
    if !rule.events().iter().any(is_upload) {
        let why = "the event rule announces no uploads by PutObject";
        return Verdict::Skipped(why.to_owned());
    }
    let key = match probe_key(&rule) {
        Ok(key) => key,
        Err(why) => return Verdict::Skipped(why),
    };
    let put = bucket.put(&key, Bytes::new(), &PutOptions::default()).await;
    let uploaded = match put {
        Ok(uploaded) => uploaded,
        Err(error) => return Verdict::Wrong(refused(&error, "oss:PutObject")),
    };
    let verdict = announced(&key, &uploaded);
    match bucket.delete(&key).await {
        Ok(()) => verdict,
        Err(error) => Verdict::Wrong(format!(
            "`{key}` was uploaded and could not be removed: delete it; {}",
            refused(&error, "oss:DeleteObject")
        )),
    }
}

fn announced(key: &ObjectKey, uploaded: &PutResult) -> Verdict {
    match &uploaded.event_status {
        Some(_) => Verdict::Fine(format!("the upload of `{key}` was announced")),
        None => Verdict::Wrong(format!(
            "OSS announced the upload of `{key}` to nobody: no event rule covers it, or it is new; OSS takes up to \
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
        return Err("the event rule excludes all that it covers".to_owned());
    }
    key.parse().map_err(|error| error_line(&error))
}

fn said(error: impl Error + 'static) -> String {
    error_line(&error)
}

/// What a refusal of OSS means for the user.
fn refused(error: &oss::Error, right: &str) -> String {
    let text = error_line(error);
    match error.code() {
        Some("NoSuchBucket") => format!("{text}: make the bucket, or correct its name"),
        Some("AccessDenied") => format!("{text}: allow `{right}` to the key's RAM user"),
        Some("InvalidAccessKeyId" | "SignatureDoesNotMatch") => {
            format!("{text}: put a valid key into the Secret")
        }
        _ => text,
    }
}

/// Connections as the controller makes them: those to MNS only to where it would connect.
fn transport(private: &Networks, is_confined: bool) -> Result<Transport, HttpClientError> {
    let mut connect = ConnectOptions::default();
    if is_confined {
        connect.reach = reach(private.clone());
    }
    let retry = RetryPolicy::new(2, Duration::from_millis(100), Duration::from_secs(1));
    Ok(Transport::connect(&connect)?.with_retry(retry))
}
