//! The emulator in the cluster, as a person with a key sees OSS and MNS.

use std::ops::Deref;

use anyhow::{Context as _, Result};
use manifests::Config;
use mns::{QueueStatus, RuleEndpoint, SubscriptionName};
use oss::Bucket;
use serde_json::json;
use service::{ConnectOptions, http_client};
use signing::Credentials;
use testbed::{ACCOUNT, Account, Addresses, REGION};

use crate::forward::Forward;

/// Where `e2e/emulator.yaml` puts it.
pub(crate) const NAMESPACE: &str = "mnsoss-emulator";
/// Its Deployment and Service.
pub(crate) const NAME: &str = "emulator";
const OSS: u16 = 8901;
const MNS: u16 = 8902;
const ADMIN: u16 = 8904;
const MNS_OPEN: u16 = 8905;

/// The emulator's own development pair: it opens nothing but emulators.
pub(crate) const KEY: (&str, &str) = ("LTAI5tEmulatorDevelopment", "emulator-development-only");

/// Makes the topic, the bucket and the event rule of the sample.
///
/// # Errors
/// When the emulator does not run in the cluster.
pub(crate) async fn prepare() -> Result<()> {
    let cloud = Cloud::connect().await?;
    cloud.provision(&deployed()?).await.map(drop)
}

/// The configuration of the sample in a cluster under test.
///
/// # Errors
/// Names every setting that is wrong.
pub(crate) fn deployed() -> Result<Config> {
    Ok(Config::load(include_str!("../../deploy.toml"), |_| None)?)
}

/// The emulator's account, through ports of this machine.
pub(crate) struct Cloud {
    account: Account,
    _forward: Forward,
}

impl Deref for Cloud {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl Cloud {
    /// # Errors
    /// When the emulator does not run in the cluster.
    pub(crate) async fn connect() -> Result<Self> {
        let forward = Forward::open(NAMESPACE, NAME, &[OSS, MNS, MNS_OPEN, ADMIN]).await?;
        let addresses = Addresses {
            oss: forward.address(OSS)?,
            mns: forward.address(MNS)?,
            mns_open: forward.address(MNS_OPEN)?,
            admin: forward.address(ADMIN)?,
            ..Addresses::default()
        };
        let http = http_client(&ConnectOptions::default())?;
        Ok(Self {
            account: Account::new(&http, &addresses, Credentials::new(KEY.0, KEY.1))?,
            _forward: forward,
        })
    }

    /// Makes the bucket of the sample. The controller makes the event rule, unless a topic is
    /// given: then the topic and its rule are made here.
    ///
    /// # Errors
    /// When the emulator refuses one of them or does not answer.
    pub(crate) async fn provision(&self, config: &Config) -> Result<Bucket> {
        let bucket = self.bucket(&config.oss_bucket).await?;
        if let Some(topic) = &config.mns_topic {
            let topic = self.topic(topic).await?;
            let endpoint = RuleEndpoint::Topic(topic.name().clone());
            self.announce("photos", &config.oss_bucket, endpoint)
                .await?;
        }
        Ok(bucket)
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

    /// Deletes a queue, as a user of the console might.
    ///
    /// # Errors
    /// When MNS refuses.
    pub(crate) async fn delete_queue(&self, name: &str) -> Result<()> {
        let deleted = self.queue(name)?.delete().await;
        deleted.with_context(|| format!("cannot delete the queue `{name}`"))
    }

    /// Whether the topic, which is there, has that subscription.
    ///
    /// # Errors
    /// When MNS does not say.
    pub(crate) async fn is_subscribed(&self, topic: &str, subscription: &str) -> Result<bool> {
        let name: SubscriptionName = subscription.parse()?;
        match self
            .topic_named(topic)?
            .subscription_attributes(&name)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot look at the topic `{topic}`")),
        }
    }
}
