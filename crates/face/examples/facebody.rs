//! Has facebody look at a file: `facebody <PHOTO> [<ENDPOINT> <UPLOAD ENDPOINT>]`, with the key
//! pair in `ALIBABA_CLOUD_ACCESS_KEY_ID` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET`.
//!
//! Without endpoints it is the real service that looks, and that sends a bill.
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;
use std::io::Cursor;
use std::sync::Arc;

use face::facebody::{Facebody, FacebodyOptions};
use face::{Dimensions, Encoded, Photo, StoredFile};
use image::{DynamicImage, ImageFormat, RgbImage};
use signing::{Credentials, LiveCredentials};
use tokio::sync::Semaphore;
use transport::{BoxError, ConnectOptions, Transport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("usage: facebody <PHOTO> [<ENDPOINT> <UPLOAD ENDPOINT>]")?;
    let credentials = Credentials::from_vars(|name| std::env::var(name).ok())?;
    let credentials = credentials.ok_or("set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET")?;

    let mut options = FacebodyOptions::default();
    if let Some(endpoint) = arguments.next() {
        options.endpoint = endpoint.parse()?;
        options.open_platform_endpoint = endpoint.parse()?;
        options.upload_endpoint = arguments.next().map(|url| url.parse()).transpose()?;
    }
    let transport = Transport::connect(&ConnectOptions::default())?;
    let permits = Arc::new(Semaphore::new(1));
    let facebody = Facebody::new(
        options,
        LiveCredentials::fixed(credentials),
        transport,
        permits,
    );

    let photo = Arc::new(Picture(image::open(path)?));
    let analysis = facebody.analyse(photo).await?;
    println!("{}", serde_json::to_string_pretty(&analysis)?);
    Ok(())
}

/// A decoded picture that lies in no bucket.
struct Picture(DynamicImage);

impl Picture {
    fn at_most(&self, max_side: u32) -> DynamicImage {
        if self.dimensions().long_side() <= max_side {
            return self.0.clone();
        }
        self.0.thumbnail(max_side, max_side)
    }
}

impl Photo for Picture {
    fn dimensions(&self) -> Dimensions {
        (self.0.width(), self.0.height()).into()
    }

    fn stored(&self) -> Option<StoredFile<'_>> {
        None
    }

    fn encoded(&self, max_side: u32) -> Result<Encoded, BoxError> {
        let picture = self.at_most(max_side).into_rgb8();
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Jpeg)?;
        Ok(Encoded {
            bytes: file.into_inner().into(),
            media_type: "image/jpeg",
            dimensions: picture.dimensions().into(),
        })
    }

    fn rgb(&self, max_side: u32) -> Result<RgbImage, BoxError> {
        Ok(self.at_most(max_side).into_rgb8())
    }
}
