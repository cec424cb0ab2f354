//! A photo, credentials and a transport for all tests.

use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use face::{Dimensions, Encoded, Photo, StoredFile};
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbImage};
use signing::{Credentials, LiveCredentials};
use tokio::sync::Semaphore;
use transport::{BoxError, ConnectOptions, RetryPolicy, Transport};
use url::Url;

/// A presigned URL. Its signature must never be seen in an error.
pub(crate) const PRESIGNED: &str = "https://photos.oss-cn-shanghai.aliyuncs.com/a%20b.jpg?OSSAccessKeyId=AK&Signature=SECRETSIGNATURE";

pub(crate) fn credentials() -> Credentials {
    Credentials::new("LTAI5tTESTKEYID", "TestSecret0123456789")
}

pub(crate) fn live() -> LiveCredentials {
    LiveCredentials::fixed(credentials())
}

pub(crate) fn permits() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(2))
}

/// Two attempts with pauses too short to notice.
pub(crate) fn transport() -> Transport {
    let pause = Duration::from_millis(1);
    let transport = Transport::connect(&ConnectOptions::default()).unwrap();
    transport.with_retry(RetryPolicy::new(2, pause, pause))
}

/// A picture in memory that may claim to be stored somewhere, and remembers what it was asked.
pub(crate) struct TestPhoto {
    picture: DynamicImage,
    stored: Option<(Url, &'static str, &'static str)>,
    pub(crate) sides_asked: Mutex<Vec<u32>>,
}

impl TestPhoto {
    pub(crate) fn new(picture: impl Into<DynamicImage>) -> Self {
        Self {
            picture: picture.into(),
            stored: None,
            sides_asked: Mutex::default(),
        }
    }

    /// A plain picture; no cloud will look at it in these tests.
    pub(crate) fn blank(width: u32, height: u32) -> Self {
        Self::new(RgbImage::new(width, height))
    }

    pub(crate) fn stored(self, region: &'static str, media_type: &'static str) -> Self {
        let url = Url::parse(PRESIGNED).unwrap();
        Self {
            stored: Some((url, region, media_type)),
            ..self
        }
    }

    fn fitted(&self, max_side: u32) -> DynamicImage {
        self.sides_asked.lock().unwrap().push(max_side);
        if self.dimensions().long_side() <= max_side {
            return self.picture.clone();
        }
        self.picture
            .resize(max_side, max_side, FilterType::Triangle)
    }
}

impl Photo for TestPhoto {
    fn dimensions(&self) -> Dimensions {
        (self.picture.width(), self.picture.height()).into()
    }

    fn stored(&self) -> Option<StoredFile<'_>> {
        let (url, region, media_type) = self.stored.as_ref()?;
        Some(StoredFile {
            url,
            bucket: "photos",
            key: "a b.jpg",
            region,
            media_type,
            size_bytes: 1000,
        })
    }

    fn encoded(&self, max_side: u32) -> Result<Encoded, BoxError> {
        let picture = self.fitted(max_side);
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png)?;
        Ok(Encoded {
            bytes: file.into_inner().into(),
            media_type: "image/png",
            dimensions: (picture.width(), picture.height()).into(),
        })
    }

    fn rgb(&self, max_side: u32) -> Result<RgbImage, BoxError> {
        Ok(self.fitted(max_side).into_rgb8())
    }
}

/// A photo that cannot be decoded.
pub(crate) struct BrokenPhoto;

impl Photo for BrokenPhoto {
    fn dimensions(&self) -> Dimensions {
        (640, 480).into()
    }

    fn stored(&self) -> Option<StoredFile<'_>> {
        None
    }

    fn encoded(&self, _: u32) -> Result<Encoded, BoxError> {
        Err("the file ends early".into())
    }

    fn rgb(&self, _: u32) -> Result<RgbImage, BoxError> {
        Err("the file ends early".into())
    }
}

/// Everything that an error says, causes included.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        told = format!("{told}: {cause}");
        next = cause.source();
    }
    told
}
