//! Sends one request of every kind that this workspace's clients can send to a running
//! emulator, with the credentials of the environment. The conformance suite starts it against
//! an emulator that keeps what it receives, and has the official SDKs sign the same again.
//!
//! `clients <OSS URL> <MNS URL> <face URL> <PHOTO>`

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use face::dataplus::Dataplus;
use face::facebody::{Facebody, FacebodyOptions, RpcSignature};
use face::imm::{Imm, ImmOptions};
use face::{Dimensions, Encoded, Photo, StoredFile};
use image::RgbImage;
use jiff::Timestamp;
use mns::{
    BatchSize, NotifyContentFormat, PollingWait, QueueAttributes, SendMessage, Subscription,
};
use oss::{
    Addressing, Bucket, ByteRange, CopyOptions, GetOptions, ListRequest, Metadata, ObjectKey,
    PutOptions, SignatureVersion,
};
use service::{ConnectOptions, http_client};
use signing::{Credentials, LiveCredentials};
use tokio::sync::Semaphore;
use transport::{RetryPolicy, Transport};
use url::Url;

const REGION: &str = "cn-shanghai";
const KEYS: [&str; 5] = [
    "plain.jpg",
    "a b+c%20.jpg",
    "上海/人 😀.jpg",
    "a#b?c&d=e",
    "a//b/",
];

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name| arguments.next().with_context(|| format!("no {name}"));
    let clients = Clients::from_environment()?;
    let oss = next("OSS URL")?.parse()?;
    let mns = next("MNS URL")?.parse()?;
    let face = next("face URL")?.parse()?;
    let photo = Bytes::from(std::fs::read(next("photo")?)?);
    for version in [SignatureVersion::V1, SignatureVersion::V4] {
        objects(&clients.bucket(&oss, version)?, &photo).await?;
    }
    messages(&clients.mns(&mns)?).await?;
    let bucket = clients.bucket(&oss, SignatureVersion::V4)?;
    faces(&clients, &oss, &face, &bucket, photo).await
}

struct Clients {
    credentials: LiveCredentials,
    temporary: bool,
    transport: Transport,
}

impl Clients {
    fn from_environment() -> Result<Self> {
        let found = Credentials::from_vars(|name| std::env::var(name).ok())?;
        let credentials = found.context("no credentials in the environment")?;
        let transport = Transport::new(http_client(&ConnectOptions::default())?);
        Ok(Self {
            temporary: credentials.security_token().is_some(),
            credentials: LiveCredentials::fixed(credentials),
            transport: transport.with_retry(RetryPolicy::none()),
        })
    }

    fn bucket(&self, url: &Url, version: SignatureVersion) -> Result<Bucket> {
        let endpoint = oss::Endpoint::new(url, Addressing::Path, REGION.parse()?)?;
        let client =
            oss::Client::builder(endpoint.with_signature(version), self.credentials.clone());
        let client = client.build_on(self.transport.clone());
        Ok(client.bucket("rust-clients".parse()?))
    }

    fn mns(&self, url: &Url) -> Result<mns::Client> {
        let endpoint = mns::Endpoint::try_new(url)?;
        let client = mns::Client::builder(endpoint, self.credentials.clone());
        Ok(client.build_on(self.transport.clone()))
    }
}

async fn objects(bucket: &Bucket, photo: &Bytes) -> Result<()> {
    bucket.create().await?;
    bucket.info().await?;
    let options = PutOptions {
        content_type: Some("image/jpeg".to_owned()),
        metadata: Metadata::default().try_with("city", "上海")?,
        ..PutOptions::default()
    };
    let keys = KEYS.map(str::parse::<ObjectKey>);
    let keys = keys.into_iter().collect::<Result<Vec<_>, _>>()?;
    for key in &keys {
        let stored = bucket.put(key, photo.clone(), &options).await?;
        let matching = GetOptions {
            if_match: Some(stored.etag),
            ..GetOptions::default()
        };
        bucket
            .get_with(key, &matching)
            .await?
            .read_to_end(1 << 30)
            .await?;
        bucket
            .get_range(key, ByteRange::From(1))
            .await?
            .read_to_end(1 << 30)
            .await?;
        bucket.head(key).await?;
        let copy = format!("copy of {key}").parse()?;
        bucket
            .copy((bucket.name(), key), &copy, &CopyOptions::default())
            .await?;
        bucket
            .upload_multipart(&copy, vec![0; 300 << 10].into(), 100 << 10, &options)
            .await?;
        bucket.delete(&copy).await?;
    }
    let list = ListRequest {
        delimiter: Some("/".to_owned()),
        page_size: Some(1),
        ..ListRequest::default()
    };
    let first = bucket.list(&list, None).await?;
    bucket.list(&list, first.next.as_deref()).await?;
    bucket.delete_many(&keys).await?;
    Ok(())
}

async fn messages(client: &mns::Client) -> Result<()> {
    let queue = client.queue("rust-clients".parse()?);
    queue.create(&QueueAttributes::default()).await?;
    queue.attributes().await?;
    let topic = client.topic("rust-clients".parse()?);
    topic.create(&mns::TopicAttributes::default()).await?;
    let arn = mns::queue_endpoint_arn(REGION, "1234567890123456", queue.name());
    let mut subscription = Subscription::new(arn);
    subscription.notify_content_format = Some(NotifyContentFormat::Simplified);
    topic
        .subscribe(&"rust-clients".parse()?, &subscription)
        .await?;
    topic.publish("published 上海", None).await?;
    queue.send(&SendMessage::new("sent <&> 上海")).await?;
    queue
        .send_batch(&[SendMessage::new("1"), SendMessage::new("2")])
        .await?;
    queue.peek().await?;
    let received = queue
        .receive(PollingWait::MIN)
        .await?
        .context("nothing received")?;
    let visible = mns::VisibilityTimeout::try_new(Duration::from_mins(1))?;
    let changed = queue
        .change_visibility(&received.receipt_handle, visible)
        .await?;
    queue.delete_message(&changed.receipt_handle).await?;
    let rest = queue
        .receive_batch(BatchSize::MAX, PollingWait::MIN)
        .await?;
    let handles: Vec<_> = rest
        .into_iter()
        .map(|message| message.receipt_handle)
        .collect();
    let outcome = queue.delete_batch(&handles).await?;
    anyhow::ensure!(outcome.failed.is_empty(), "a message is left");
    client.list_queues(&mns::ListRequest::default()).await?;
    topic.unsubscribe(&"rust-clients".parse()?).await?;
    topic.delete().await?;
    queue.delete().await?;
    Ok(())
}

async fn faces(
    clients: &Clients,
    oss: &Url,
    face: &Url,
    bucket: &Bucket,
    file: Bytes,
) -> Result<()> {
    let key: ObjectKey = "faces/上海 1.jpg".parse()?;
    bucket
        .put(&key, file.clone(), &PutOptions::default())
        .await?;
    let url = bucket.presign_get(&key, Duration::from_mins(5), Timestamp::now())?;
    let permits = Arc::new(Semaphore::new(1));
    let (width, height) = image::load_from_memory(&file)?.into_rgb8().dimensions();
    let photo = |region| {
        let url = url.expose().clone();
        Arc::new(Shown {
            url,
            bucket: bucket.name().to_string(),
            key: key.to_string(),
            region,
            file: file.clone(),
            size: Dimensions { width, height },
        })
    };
    for signature in [RpcSignature::V1, RpcSignature::Acs3] {
        // A picture of another region is uploaded first.
        for region in [REGION, "cn-hangzhou"] {
            let options = FacebodyOptions {
                endpoint: face.clone(),
                open_platform_endpoint: face.clone(),
                upload_endpoint: Some(oss.clone()),
                signature,
                ..FacebodyOptions::default()
            };
            let (credentials, transport) = (clients.credentials.clone(), clients.transport.clone());
            let facebody = Facebody::new(options, credentials, transport, Arc::clone(&permits));
            facebody.analyse(photo(region)).await?;
        }
    }
    let options = ImmOptions {
        project: "faces".to_owned(),
        endpoint: Some(face.clone()),
    };
    let imm = Imm::new(
        options,
        clients.credentials.clone(),
        clients.transport.clone(),
    );
    imm.analyse(photo(REGION)).await?;
    // The old API knows no temporary credentials.
    if !clients.temporary {
        let (credentials, transport) = (clients.credentials.clone(), clients.transport.clone());
        let dataplus = Dataplus::new(face.clone(), credentials, transport, permits);
        dataplus.analyse(photo(REGION)).await?;
    }
    Ok(())
}

struct Shown {
    url: Url,
    bucket: String,
    key: String,
    region: &'static str,
    file: Bytes,
    size: Dimensions,
}

impl Photo for Shown {
    fn dimensions(&self) -> Dimensions {
        self.size
    }

    fn stored(&self) -> Option<StoredFile<'_>> {
        Some(StoredFile {
            url: &self.url,
            bucket: &self.bucket,
            key: &self.key,
            region: self.region,
            media_type: "image/jpeg",
            size_bytes: self.file.len() as u64,
        })
    }

    fn encoded(&self, _: u32) -> Result<Encoded, transport::BoxError> {
        let (bytes, dimensions) = (self.file.clone(), self.size);
        Ok(Encoded {
            bytes,
            media_type: "image/jpeg",
            dimensions,
        })
    }

    fn rgb(&self, _: u32) -> Result<RgbImage, transport::BoxError> {
        Err("no service asks for shades of gray".into())
    }
}
