//! The emulator in the cluster, as a person with a key sees OSS and MNS.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use manifests::Config;
use mns::{Queue, QueueStatus, SubscriptionName, Topic, TopicAttributes};
use oss::{Addressing, Bucket, Region, SignatureVersion};
use serde_json::{Value, json};
use service::{ConnectOptions, http_client};
use signing::{Credentials, LiveCredentials};
use transport::Transport;
use url::Url;

use crate::forward::Forward;

/// Where `e2e/emulator.yaml` puts it.
pub(crate) const NAMESPACE: &str = "mnsoss-emulator";
/// Its Deployment and Service.
pub(crate) const NAME: &str = "emulator";
const OSS: u16 = 8901;
const MNS: u16 = 8902;
const ADMIN: u16 = 8904;

/// What the emulator plays unless told otherwise.
const REGION: &str = "cn-shanghai";
const ACCOUNT: &str = "1234567890123456";

/// The emulator's own development pair: it opens nothing but emulators.
pub(crate) const KEY: (&str, &str) = ("LTAI5tEmulatorDevelopment", "emulator-development-only");

const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the topic, the bucket and the event rule of the sample.
///
/// # Errors
/// When the emulator does not run in the cluster.
pub(crate) async fn prepare() -> Result<()> {
    let config = deployed()?;
    let cloud = Cloud::connect().await?;
    cloud.bucket(&config.oss_bucket).await?;
    cloud.topic(&config.mns_topic).await?;
    cloud
        .put_rule("photos", &config.oss_bucket, &config.mns_topic)
        .await
}

/// The configuration of the sample in a cluster under test.
///
/// # Errors
/// Names every setting that is wrong.
pub(crate) fn deployed() -> Result<Config> {
    Ok(Config::load(include_str!("../../deploy.toml"), |_| None)?)
}

/// Clients for everything that the emulator serves.
pub(crate) struct Cloud {
    http: reqwest::Client,
    forward: Forward,
}

impl Cloud {
    /// # Errors
    /// When the emulator does not run in the cluster.
    pub(crate) async fn connect() -> Result<Self> {
        let forward = Forward::open(NAMESPACE, NAME, &[OSS, MNS, ADMIN]).await?;
        Ok(Self {
            http: http_client(&ConnectOptions::default())?,
            forward,
        })
    }

    /// The content of a Secret with `key` for MNS, as seen from inside the cluster.
    pub(crate) fn secret(key: (&str, &str)) -> String {
        let url = format!("http://{NAME}.{NAMESPACE}.svc.cluster.local:{MNS}");
        Self::document(&url, key)
    }

    /// The same for an MNS at `url`.
    pub(crate) fn document(url: &str, key: (&str, &str)) -> String {
        json!({
            "url": url,
            "accessKeyId": key.0,
            "accessKeySecret": key.1,
            "accountId": ACCOUNT,
            "region": REGION,
        })
        .to_string()
    }

    fn mns(&self) -> Result<mns::Client> {
        let endpoint = mns::Endpoint::try_new(&self.url(MNS)?)?
            .with_account_id(ACCOUNT)
            .with_region(REGION);
        Ok(mns::Client::new(
            endpoint,
            credentials(),
            Transport::new(self.http.clone()),
        ))
    }

    fn url(&self, port: u16) -> Result<Url> {
        Ok(Url::parse(&format!(
            "http://{}",
            self.forward.address(port)?
        ))?)
    }

    /// A topic, made if it is not there.
    ///
    /// # Errors
    /// When MNS refuses it.
    pub(crate) async fn topic(&self, name: &str) -> Result<Topic> {
        let topic = self.mns()?.topic(name.parse()?);
        topic
            .create(&TopicAttributes::default())
            .await
            .with_context(|| format!("cannot make the topic `{name}`"))?;
        Ok(topic)
    }

    fn queue(&self, name: &str) -> Result<Queue> {
        Ok(self.mns()?.queue(name.parse()?))
    }

    /// The queue as it is; `None` if there is none of that name.
    ///
    /// # Errors
    /// When MNS does not say.
    pub(crate) async fn queue_status(&self, name: &str) -> Result<Option<QueueStatus>> {
        match self.queue(name)?.attributes().await {
            Ok(status) => Ok(Some(status)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot look at the queue `{name}`")),
        }
    }

    /// Takes a queue away, as somebody in the console might.
    ///
    /// # Errors
    /// When MNS refuses.
    pub(crate) async fn delete_queue(&self, name: &str) -> Result<()> {
        self.queue(name)?
            .delete()
            .await
            .with_context(|| format!("cannot delete the queue `{name}`"))
    }

    /// Whether the topic has that subscription.
    ///
    /// # Errors
    /// When MNS does not say.
    pub(crate) async fn is_subscribed(&self, topic: &str, subscription: &str) -> Result<bool> {
        let name: SubscriptionName = subscription.parse()?;
        match self
            .mns()?
            .topic(topic.parse()?)
            .subscription_attributes(&name)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot look at the topic `{topic}`")),
        }
    }

    /// A bucket, made if it is not there.
    ///
    /// # Errors
    /// When OSS refuses it.
    pub(crate) async fn bucket(&self, name: &str) -> Result<Bucket> {
        let region: Region = REGION.parse()?;
        let endpoint = oss::Endpoint::new(&self.url(OSS)?, Addressing::Path, region)?;
        let transport = Transport::new(self.http.clone());
        let client = oss::Client::new(endpoint, SignatureVersion::V4, credentials(), transport);
        let bucket = client.bucket(name.parse()?);
        bucket
            .create()
            .await
            .with_context(|| format!("cannot make the bucket `{name}`"))?;
        Ok(bucket)
    }

    /// Sends an event of each upload in `bucket` to `topic`.
    ///
    /// # Errors
    /// When the emulator refuses the rule.
    pub(crate) async fn put_rule(&self, name: &str, bucket: &str, topic: &str) -> Result<()> {
        let rule = json!({"bucket": bucket, "topic": topic, "prefix": "", "suffix": "", "events": ["ObjectCreated:PutObject"]});
        self.put(&format!("rules/{name}"), &rule).await
    }

    /// Accepts a further key pair.
    ///
    /// # Errors
    /// When the emulator refuses it.
    pub(crate) async fn put_key(&self, key: (&str, &str)) -> Result<()> {
        self.put(
            &format!("credentials/{}", key.0),
            &json!({"access_key_secret": key.1}),
        )
        .await
    }

    /// Accepts a key pair no longer.
    ///
    /// # Errors
    /// When the emulator does not know it.
    pub(crate) async fn delete_key(&self, id: &str) -> Result<()> {
        let request = self.http.delete(self.admin(&format!("credentials/{id}"))?);
        let status = request.timeout(PATIENCE).send().await?.status();
        ensure!(
            status.is_success(),
            "the emulator answers {status} when the key `{id}` is deleted"
        );
        Ok(())
    }

    async fn put(&self, path: &str, document: &Value) -> Result<()> {
        let request = self
            .http
            .put(self.admin(path)?)
            .header("content-type", "application/json");
        let answer = request
            .body(document.to_string())
            .timeout(PATIENCE)
            .send()
            .await?;
        let status = answer.status();
        ensure!(
            status.is_success(),
            "the emulator answers {status} to PUT /{path}"
        );
        Ok(())
    }

    fn admin(&self, path: &str) -> Result<Url> {
        Ok(self.url(ADMIN)?.join(path)?)
    }
}

fn credentials() -> LiveCredentials {
    LiveCredentials::fixed(Credentials::new(KEY.0, KEY.1))
}
