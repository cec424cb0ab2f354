//! Makes a bucket, writes, lists, reads and deletes an object in it.
//!
//! `objects <ENDPOINT>`, with the key pair in `ALIBABA_CLOUD_ACCESS_KEY_ID` and
//! `ALIBABA_CLOUD_ACCESS_KEY_SECRET`. The bucket is written into the path, as the emulator takes
//! it.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use oss::{
    Addressing, Client, Credentials, Endpoint, ListRequest, Metadata, ObjectKey, PutOptions,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: objects <ENDPOINT>")?;
    let credentials = Credentials::from_vars(|name| std::env::var(name).ok())?;
    let credentials = credentials.ok_or("set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET")?;
    let endpoint = Endpoint::new(&url.parse()?, Addressing::Path, "cn-shanghai".parse()?)?;
    let client = Client::builder(endpoint, credentials)
        .timeout(Duration::from_secs(10))
        .build()?;

    let bucket = client.bucket("example-objects".parse()?);
    bucket.create().await?;
    let key: ObjectKey = "hello/世界.txt".parse()?;
    let options = PutOptions {
        content_type: Some("text/plain; charset=utf-8".to_owned()),
        metadata: Metadata::default().try_with("language", "中文")?,
        ..PutOptions::default()
    };
    let stored = bucket.put(&key, "你好".into(), &options).await?;
    println!("stored version {}", stored.etag);

    let page = bucket.list(&ListRequest::default(), None).await?;
    for object in page.objects {
        println!("{} has {} bytes", object.key, object.size_bytes);
    }
    let object = bucket.get(&key).await?;
    println!("its media type is {:?}", object.meta().content_type);
    let content = object.read_to_end(1 << 20).await?;
    println!("it says {}", String::from_utf8_lossy(&content));
    let url = bucket.presign_get(&key, Duration::from_mins(5), Timestamp::now())?;
    println!("for five minutes also at {}", url.expose());
    bucket.delete(&key).await?;
    Ok(())
}
