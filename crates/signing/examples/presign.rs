//! Prints a URL with which anybody can read an object for five minutes.
//!
//! `presign <ENDPOINT> <BUCKET> <KEY>`, with the key pair in `ALIBABA_CLOUD_ACCESS_KEY_ID` and
//! `ALIBABA_CLOUD_ACCESS_KEY_SECRET`. The bucket is written into the path, as the emulator takes
//! it.
#![expect(clippy::print_stdout, reason = "the URL is the result")]

use std::error::Error;
use std::time::Duration;

use http::Request;
use jiff::Timestamp;
use signing::oss::{Resource, v4};
use signing::{Credentials, encode};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, bucket, key] = arguments.as_slice() else {
        return Err("usage: presign <ENDPOINT> <BUCKET> <KEY>".into());
    };
    let credentials = Credentials::from_vars(|name| std::env::var(name).ok())?;
    let credentials = credentials.ok_or("set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET")?;

    let url = format!("{endpoint}/{bucket}/{}", encode::path(key));
    let (mut parts, ()) = Request::get(url).body(())?.into_parts();
    let object = Resource {
        bucket: Some(bucket),
        key: Some(key),
    };
    let lifetime = Duration::from_mins(5);
    let now = Timestamp::now();
    v4::presign(
        &mut parts,
        object,
        "cn-shanghai",
        lifetime,
        &credentials,
        now,
    )?;
    println!("{}", parts.uri);
    Ok(())
}
