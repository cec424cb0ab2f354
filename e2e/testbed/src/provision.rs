//! The cloud side of the pipeline: bucket, topic, queue, subscription, event rule.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use mns::{NotifyContentFormat, Queue, QueueAttributes, Subscription, VisibilityTimeout};
use oss::{Addressing, Bucket, ObjectKey, ObjectMeta, Region, SignatureVersion};
use signing::{Credentials, LiveCredentials};
use transport::Transport;
use url::Url;

use crate::addresses::EmulatorAddresses;
use crate::admin::Admin;

/// The region that the emulator plays.
pub const REGION: &str = "cn-shanghai";
/// The account that owns everything in the emulator.
pub const ACCOUNT: &str = "1234567890123456";
/// The bucket that photos go to.
pub const BUCKET: &str = "face-image";
/// Where results go in the bucket.
pub const TARGET: &str = "target";
/// The queue between topic and adapter.
pub const QUEUE: &str = "faces";
/// A topic name of the form that the OSS console produces.
const TOPIC: &str = "mns-en-topics-oss-faces-1";
const SUBSCRIPTION: &str = "faces";
const RULE: &str = "faces";

/// Short, so that a killed adapter's messages are soon delivered again; a living one
/// extends it as long as it needs.
const VISIBILITY: Duration = Duration::from_secs(10);

/// A result larger than this would not fit the limits of the face service either.
const RESULT_LIMIT_BYTES: u64 = 256 << 20;

/// The cloud as the pipeline's user sees it.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The bucket that photos go to and results come back in.
    pub bucket: Bucket,
    /// The queue between topic and adapter.
    pub queue: Queue,
}

impl Cloud {
    /// Makes everything that a user would make in the consoles. Making it again, over
    /// an emulator that kept its data, changes nothing.
    ///
    /// # Errors
    /// When the emulator refuses or does not answer.
    pub async fn provision(
        http: &reqwest::Client,
        addresses: &EmulatorAddresses,
        admin: &Admin,
    ) -> Result<Self> {
        let credentials = Credentials::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
        let mns = queue_client(http, &addresses.mns, credentials.clone())?;
        let cloud = Self {
            bucket: bucket(http, &addresses.oss, credentials)?,
            queue: mns.queue(QUEUE.parse()?),
        };
        cloud
            .bucket
            .create()
            .await
            .context("cannot make the bucket")?;
        cloud.subscribe(&mns).await?;
        admin.put_rule(RULE, BUCKET, TOPIC).await?;
        Ok(cloud)
    }

    async fn subscribe(&self, client: &mns::Client) -> Result<()> {
        let visibility_timeout = Some(VisibilityTimeout::saturating(VISIBILITY));
        let attributes = QueueAttributes {
            visibility_timeout,
            ..QueueAttributes::default()
        };
        self.queue
            .create(&attributes)
            .await
            .context("cannot make the queue")?;
        let topic = client.topic(TOPIC.parse()?);
        topic
            .create(&mns::TopicAttributes::default())
            .await
            .context("cannot make the topic")?;
        let endpoint = mns::queue_endpoint_arn(REGION, ACCOUNT, self.queue.name());
        let subscription = Subscription {
            notify_content_format: Some(NotifyContentFormat::Simplified),
            ..Subscription::new(endpoint)
        };
        topic
            .subscribe(&SUBSCRIPTION.parse()?, &subscription)
            .await
            .context("cannot subscribe the queue to the topic")?;
        Ok(())
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

fn bucket(http: &reqwest::Client, address: &str, credentials: Credentials) -> Result<Bucket> {
    let region: Region = REGION.parse()?;
    let endpoint = oss::Endpoint::new(&url(address)?, Addressing::Path, region)?;
    let transport = Transport::new(http.clone());
    let client = oss::Client::new(
        endpoint,
        SignatureVersion::V4,
        LiveCredentials::fixed(credentials),
        transport,
    );
    Ok(client.bucket(BUCKET.parse()?))
}

fn queue_client(
    http: &reqwest::Client,
    address: &str,
    credentials: Credentials,
) -> Result<mns::Client> {
    let endpoint = mns::Endpoint::try_new(&url(address)?)?
        .with_account_id(ACCOUNT)
        .with_region(REGION);
    let transport = Transport::new(http.clone());
    Ok(mns::Client::new(
        endpoint,
        LiveCredentials::fixed(credentials),
        transport,
    ))
}

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
