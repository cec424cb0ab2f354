//! Publishes a message to a topic and receives it from a queue that subscribes to it.
//!
//! `topic <ENDPOINT>`, with the key pair in `ALIBABA_CLOUD_ACCESS_KEY_ID` and
//! `ALIBABA_CLOUD_ACCESS_KEY_SECRET`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use mns::{
    Client, Credentials, Endpoint, PollingWait, QueueAttributes, Subscription, TopicAttributes,
    notification,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::args().nth(1).ok_or("usage: topic <ENDPOINT>")?;
    let credentials = Credentials::from_vars(|name| std::env::var(name).ok())?;
    let credentials = credentials.ok_or("set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET")?;
    let client = Client::builder(stated(endpoint.parse()?), credentials).build()?;

    let queue = client.queue("example-subscriber".parse()?);
    queue.create(&QueueAttributes::default()).await?;
    let topic = client.topic("example-topic".parse()?);
    topic.create(&TopicAttributes::default()).await?;
    let arn = client.endpoint().queue_arn(queue.name());
    let arn = arn.ok_or("the endpoint names no account and region")?;
    topic
        .subscribe(&"example-subscription".parse()?, &Subscription::new(arn))
        .await?;

    topic.publish("hello, subscribers", None).await?;
    let message = queue.receive(PollingWait::MAX).await?;
    let message = message.ok_or("nothing came")?;
    let published = notification::unwrap(&message.body).ok_or("not from a topic")?;
    println!("received {published}");

    queue.delete_message(&message.receipt_handle).await?;
    topic.delete().await?;
    queue.delete().await?;
    Ok(())
}

/// The host of a real endpoint names account and region. The emulator's does not, so these are
/// the emulator's own.
fn stated(endpoint: Endpoint) -> Endpoint {
    if endpoint.account_id().is_some() {
        return endpoint;
    }
    endpoint
        .with_account_id("1234567890123456")
        .with_region("cn-shanghai")
}
