//! MNS, played by the emulator in this process over a real socket.

use emulator::Emulator;
use emulator::call::Service;
use emulator::faults::{Fault, Kind};
use emulator::settings::Settings;
use mns::{
    Client, Endpoint, EventRule, EventRuleName, EventRules, ListRequest, OpenApiEndpoint,
    QueueName, SubscriptionName, TopicAttributes, TopicName,
};
use service::{ConnectOptions, http_client};
use signing::Credentials;
use tokio_util::sync::{CancellationToken, DropGuard};
use transport::{RetryPolicy, Transport};

pub(crate) const ACCOUNT: &str = "1234567890123456";
pub(crate) const REGION: &str = "cn-shanghai";
pub(crate) const KEY_ID: &str = "owner";
pub(crate) const KEY_SECRET: &str = "secret";

/// An account of MNS. Ends with the value.
pub(crate) struct Cloud {
    pub(crate) url: String,
    pub(crate) open_api: OpenApiEndpoint,
    pub(crate) oss: std::net::SocketAddr,
    pub(crate) emulator: std::sync::Arc<emulator::shared::Shared>,
    client: Client,
    _stop: DropGuard,
}

impl Cloud {
    /// With topics of these names.
    pub(crate) async fn start(topics: &[&str]) -> Self {
        let owner = Credentials::new(KEY_ID, KEY_SECRET);
        let emulator = Emulator::bind(Settings::default(), owner.clone())
            .await
            .unwrap();
        let url = format!("http://{}", emulator.addresses().mns);
        let open_api = format!("http://{}", emulator.addresses().mns_open);
        let oss = emulator.addresses().oss;
        let shared = emulator.shared();
        let stop = CancellationToken::new();
        tokio::spawn(emulator.serve(stop.clone()));
        let endpoint: Endpoint = url.parse().unwrap();
        let client = Client::builder(endpoint, owner).build_on(transport());
        let cloud = Self {
            url,
            open_api: open_api.parse().unwrap(),
            oss,
            emulator: shared,
            client,
            _stop: stop.drop_guard(),
        };
        for topic in topics {
            cloud
                .topic(topic)
                .create(&TopicAttributes::default())
                .await
                .unwrap();
        }
        cloud
    }

    pub(crate) fn topic(&self, name: &str) -> mns::Topic {
        self.client.topic(TopicName::try_new(name).unwrap())
    }

    pub(crate) fn queue(&self, name: &str) -> mns::Queue {
        self.client.queue(QueueName::try_new(name).unwrap())
    }

    /// Names of all queues.
    pub(crate) async fn queues(&self) -> Vec<String> {
        let page = self
            .client
            .list_queues(&ListRequest::default())
            .await
            .unwrap();
        page.items.iter().map(ToString::to_string).collect()
    }

    /// Names of all subscriptions of a topic.
    pub(crate) async fn subscriptions(&self, topic: &str) -> Vec<String> {
        let topic = self.topic(topic);
        let page = topic
            .list_subscriptions(&ListRequest::default())
            .await
            .unwrap();
        page.items.iter().map(ToString::to_string).collect()
    }

    /// A bucket, as the owner of the account sees it.
    pub(crate) fn bucket(&self, name: &str) -> oss::Bucket {
        let url = format!("http://{}", self.oss).parse().unwrap();
        let region = REGION.parse().unwrap();
        let endpoint = oss::Endpoint::new(&url, oss::Addressing::Path, region).unwrap();
        let owner = Credentials::new(KEY_ID, KEY_SECRET);
        let client = oss::Client::builder(endpoint, owner).build_on(transport());
        client.bucket(name.parse().unwrap())
    }

    /// The event rules, as the owner of the account sees them.
    pub(crate) fn event_rules(&self) -> EventRules {
        let owner = Credentials::new(KEY_ID, KEY_SECRET);
        EventRules::new(self.open_api.clone(), owner, transport())
    }

    /// The event rule of this name.
    pub(crate) async fn event_rule(&self, name: &str) -> Option<EventRule> {
        let name: EventRuleName = name.parse().unwrap();
        self.event_rules().get(&name).await.unwrap()
    }

    /// How many calls there were so far.
    pub(crate) fn calls(&self) -> u64 {
        let counts = self.emulator.stats.snapshot();
        counts
            .values()
            .flat_map(|of| of.values())
            .map(|tally| tally.calls)
            .sum()
    }

    /// How many calls of one operation there were so far.
    pub(crate) fn calls_of(&self, operation: &str) -> u64 {
        let counts = self.emulator.stats.snapshot();
        let tallies = counts.values().filter_map(|of| of.get(operation));
        tallies.map(|tally| tally.calls).sum()
    }

    /// Accepts another key of the account.
    pub(crate) fn accept(&self, id: &str, secret: &str) {
        self.emulator
            .keys
            .accept(Credentials::new(id, secret), None);
    }

    pub(crate) fn revoke(&self, id: &str) {
        self.emulator.keys.revoke(id);
    }

    /// Misbehaves at one operation of MNS; `*` is all of them.
    pub(crate) fn misbehave(&self, operation: &str, kind: Kind, times: Option<u64>) {
        self.misbehave_at(Service::Mns, operation, kind, times);
    }

    pub(crate) fn misbehave_at(
        &self,
        service: Service,
        operation: &str,
        kind: Kind,
        times: Option<u64>,
    ) {
        let fault = Fault {
            service,
            operation: operation.to_owned(),
            kind,
            times,
            probability: None,
            seed: None,
        };
        self.emulator.faults.add(fault).unwrap();
    }

    pub(crate) fn behave(&self) {
        self.emulator.faults.clear();
    }

    pub(crate) fn subscription(name: &str) -> SubscriptionName {
        SubscriptionName::try_new(name).unwrap()
    }
}

pub(crate) fn transport() -> Transport {
    let client = http_client(&ConnectOptions::default()).unwrap();
    Transport::new(client).with_retry(RetryPolicy::none())
}
