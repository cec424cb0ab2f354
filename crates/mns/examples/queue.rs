//! Sends three messages, receives them in batches and deletes them.
//!
//! `queue <ENDPOINT>`, with the key pair in `ALIBABA_CLOUD_ACCESS_KEY_ID` and
//! `ALIBABA_CLOUD_ACCESS_KEY_SECRET`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use mns::{
    BatchSize, Client, Credentials, PollingWait, QueueAttributes, SendMessage, VisibilityTimeout,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::args().nth(1).ok_or("usage: queue <ENDPOINT>")?;
    let credentials = Credentials::from_vars(|name| std::env::var(name).ok())?;
    let credentials = credentials.ok_or("set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET")?;
    let client = Client::builder(endpoint.parse()?, credentials).build()?;

    let queue = client.queue("example-queue".parse()?);
    let attributes = QueueAttributes {
        visibility_timeout: Some(VisibilityTimeout::try_new(Duration::from_mins(1))?),
        ..QueueAttributes::default()
    };
    queue.create(&attributes).await?;
    let batch = ["one", "two", "three"].map(SendMessage::new);
    for sent in queue.send_batch(&batch).await? {
        println!("sent {}", sent?.id);
    }

    let wait = PollingWait::saturating(Duration::from_secs(1));
    loop {
        let messages = queue.receive_batch(BatchSize::MAX, wait).await?;
        if messages.is_empty() {
            break;
        }
        for message in &messages {
            println!("received {}", String::from_utf8_lossy(&message.body));
        }
        let handles = messages.into_iter().map(|message| message.receipt_handle);
        let outcome = queue.delete_batch(&handles.collect::<Vec<_>>()).await?;
        println!("{} could not be deleted", outcome.failed.len());
    }
    queue.delete().await?;
    Ok(())
}
