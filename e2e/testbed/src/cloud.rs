//! The cloud side of the pipeline: bucket, queue, event rule.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use mns::{
    EventRule, EventRules, MatchRule, OpenApiEndpoint, Queue, QueueAttributes, RuleEndpoint, Topic,
    TopicAttributes, VisibilityTimeout,
};
use oss::{Addressing, Bucket, ObjectKey, ObjectMeta, Region};
use signing::Credentials;
use transport::Transport;
use url::Url;

use crate::admin::Admin;
use crate::eventually::{Progress, poll_until};
use crate::service::Addresses;

/// The region that the emulator plays.
pub const REGION: &str = "cn-shanghai";
/// The account that owns everything in the emulator.
pub const ACCOUNT: &str = "1234567890123456";
/// The bucket that photos go to.
pub const BUCKET: &str = "face-image";
/// Where results go in the bucket.
pub const TARGET: &str = "target";
/// The queue between event rule and adapter.
pub const QUEUE: &str = "faces";
const RULE: &str = "faces";
/// The events of objects that are complete.
const UPLOADS: [&str; 5] = [
    "ObjectCreated:PutObject",
    "ObjectCreated:PostObject",
    "ObjectCreated:CopyObject",
    "ObjectCreated:AppendObject",
    "ObjectCreated:CompleteMultipartUpload",
];

/// Short, so that a killed adapter's messages are soon delivered again; a living one
/// extends it as long as it needs.
const VISIBILITY: Duration = Duration::from_secs(10);

/// A result larger than this would not fit the limits of the face service either.
const RESULT_LIMIT_BYTES: u64 = 256 << 20;

/// Clients for all that an account of the emulated cloud has.
#[derive(Debug, Clone)]
pub struct Account {
    /// The emulator's admin API.
    pub admin: Admin,
    oss: oss::Client,
    mns: mns::Client,
    rules: EventRules,
}

impl Account {
    /// The account behind the emulator's listeners.
    ///
    /// # Errors
    /// When one of them is no address.
    pub fn new(
        http: &reqwest::Client,
        addresses: &Addresses,
        credentials: Credentials,
    ) -> Result<Self> {
        let Addresses {
            oss,
            mns,
            mns_open,
            admin,
            ..
        } = addresses;
        let region: Region = REGION.parse()?;
        let oss = oss::Endpoint::new(&url(oss)?, Addressing::Path, region)?;
        let oss = oss::Client::builder(oss, credentials.clone());
        let mns = mns::Endpoint::try_new(&url(mns)?)?
            .with_account_id(ACCOUNT)
            .with_region(REGION);
        let mns = mns::Client::builder(mns, credentials.clone());
        let rules = EventRules::new(
            OpenApiEndpoint::try_new(&url(mns_open)?)?,
            credentials,
            Transport::new(http.clone()),
        );
        Ok(Self {
            admin: Admin::new(http.clone(), admin),
            oss: oss.build_on(Transport::new(http.clone())),
            mns: mns.build_on(Transport::new(http.clone())),
            rules,
        })
    }

    /// Has every finished upload in `bucket` announced to `endpoint`, by a rule of this name.
    ///
    /// # Errors
    /// When MNS refuses the rule or does not answer.
    pub async fn announce(&self, name: &str, bucket: &str, endpoint: RuleEndpoint) -> Result<()> {
        let rule = EventRule {
            event_types: UPLOADS.map(str::to_owned).into(),
            match_rules: [[MatchRule::bucket(REGION, ACCOUNT, bucket)].into()].into(),
            endpoint,
        };
        let rule_name = name.parse()?;
        let put = async {
            match self.rules.get(&rule_name).await? {
                Some(existing) if existing == rule => return Ok(()),
                Some(_) => self.rules.delete(&rule_name).await?,
                None => {}
            }
            self.rules.create(&rule_name, &rule).await
        };
        put.await
            .with_context(|| format!("cannot make the event rule `{name}`"))
    }

    /// The bucket of this name, made if it is not there.
    ///
    /// # Errors
    /// When OSS refuses it or does not answer.
    pub async fn bucket(&self, name: &str) -> Result<Bucket> {
        let bucket = self.oss.bucket(name.parse()?);
        let created = bucket.create().await;
        created.with_context(|| format!("cannot make the bucket `{name}`"))?;
        Ok(bucket)
    }

    /// The topic of this name, whether it is there or not.
    ///
    /// # Errors
    /// When it cannot be the name of a topic.
    pub fn topic_named(&self, name: &str) -> Result<Topic> {
        Ok(self.mns.topic(name.parse()?))
    }

    /// The topic of this name, made if it is not there.
    ///
    /// # Errors
    /// When MNS refuses it or does not answer.
    pub async fn topic(&self, name: &str) -> Result<Topic> {
        let topic = self.topic_named(name)?;
        let created = topic.create(&TopicAttributes::default()).await;
        created.with_context(|| format!("cannot make the topic `{name}`"))?;
        Ok(topic)
    }

    /// The queue of this name, whether it is there or not.
    ///
    /// # Errors
    /// When it cannot be the name of a queue.
    pub fn queue(&self, name: &str) -> Result<Queue> {
        Ok(self.mns.queue(name.parse()?))
    }
}

/// The cloud as the pipeline's user sees it.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The account.
    pub account: Account,
    /// The bucket that photos go to and results come back in.
    pub bucket: Bucket,
    /// The queue between event rule and adapter.
    pub queue: Queue,
}

impl Cloud {
    /// Makes everything that a user would make in the consoles. Making it again, over
    /// an emulator that kept its data, changes nothing.
    ///
    /// # Errors
    /// When the emulator refuses or does not answer.
    pub(crate) async fn provision(http: &reqwest::Client, addresses: &Addresses) -> Result<Self> {
        let credentials = Credentials::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
        let account = Account::new(http, addresses, credentials)?;
        let cloud = Self {
            bucket: account.bucket(BUCKET).await?,
            queue: account.queue(QUEUE)?,
            account,
        };
        let attributes = QueueAttributes {
            visibility_timeout: Some(VisibilityTimeout::saturating(VISIBILITY)),
            ..QueueAttributes::default()
        };
        let created = cloud.queue.create(&attributes).await;
        created.context("cannot make the queue")?;
        let endpoint = RuleEndpoint::Queue(cloud.queue.name().clone());
        cloud.account.announce(RULE, BUCKET, endpoint).await?;
        Ok(cloud)
    }

    /// Waits until the queue is empty: everything that was sent to it has been dealt with.
    ///
    /// # Errors
    /// When messages are left after `deadline`, or MNS does not answer.
    pub async fn drained(&self, deadline: Duration) -> Result<()> {
        poll_until("an empty queue", deadline, || async {
            let left = self.backlog().await?;
            Ok(Progress::of(left == 0, || format!("{left} messages")))
        })
        .await
    }

    /// The metadata of an object, or `None` while it does not exist.
    ///
    /// # Errors
    /// When OSS refuses for another reason or does not answer.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>> {
        match self.bucket.head(key).await {
            Ok(meta) => Ok(Some(meta)),
            Err(error) if error.is_no_such_key() => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot look for `{key}`")),
        }
    }

    /// The content of an object, whole and checked.
    ///
    /// # Errors
    /// When it does not exist, is damaged, or OSS does not answer.
    pub async fn read(&self, key: &ObjectKey) -> Result<Bytes> {
        let read = async {
            self.bucket
                .get(key)
                .await?
                .read_to_end(RESULT_LIMIT_BYTES)
                .await
        };
        read.await.with_context(|| format!("cannot read `{key}`"))
    }

    /// Messages in the queue, visible or not.
    ///
    /// # Errors
    /// When MNS refuses or does not answer.
    pub async fn backlog(&self) -> Result<u64> {
        let status = self
            .queue
            .attributes()
            .await
            .context("cannot read the queue's attributes")?;
        let counts = [
            status.active_messages,
            status.inactive_messages,
            status.delayed_messages,
        ];
        ensure!(
            counts.iter().all(Option::is_some),
            "the queue does not count its messages"
        );
        Ok(counts.into_iter().flatten().sum())
    }
}

/// Where the annotated photo of `key` goes.
///
/// # Errors
/// When the result's key would be longer than OSS allows; the face service then
/// shortens it in a way that only it knows.
pub fn target_key(key: &ObjectKey) -> Result<ObjectKey> {
    let (folder, name) = match key.as_str().rsplit_once('/') {
        Some((folder, name)) => (format!("{folder}/"), name),
        None => (String::new(), key.as_str()),
    };
    format!("{TARGET}/{folder}rec-{name}")
        .parse()
        .context("the result's key is too long")
}

/// The key pair of the emulator that the testbed starts: known to everybody, worth
/// nothing anywhere else.
pub const ACCESS_KEY_ID: &str = "LTAIlocalpipeline";
/// The other half of [`ACCESS_KEY_ID`].
pub const ACCESS_KEY_SECRET: &str = "local-pipeline-secret";

fn url(address: &str) -> Result<Url> {
    Url::parse(&format!("http://{address}")).with_context(|| format!("`{address}` is no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_folders_of_their_photos() {
        for (key, expected) in [
            ("a.jpg", "target/rec-a.jpg"),
            ("x/a.jpg", "target/x/rec-a.jpg"),
            ("x/y/人脸 1.jpg", "target/x/y/rec-人脸 1.jpg"),
        ] {
            assert_eq!(
                target_key(&key.parse().unwrap()).unwrap().as_str(),
                expected,
                "{key}"
            );
        }
    }
}
