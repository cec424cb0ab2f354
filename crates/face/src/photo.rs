//! The photo that a back end analyses, in the form that its service takes.
//!
//! A back end knows its service; only the implementor of [`Photo`] knows the file. The costly forms
//! are made on demand, and an analysis needs at most one of them. All coordinates and sizes are
//! those of the upright picture: the implementor applies the orientation.

use bytes::Bytes;
use image::RgbImage;
use transport::BoxError;
use url::Url;

use crate::analysis::Dimensions;

/// A photo as a back end sees it.
///
/// [`encoded`](Photo::encoded) and [`rgb`](Photo::rgb) are CPU work of up to seconds; back
/// ends call them away from the async runtime. Their errors are taken as final: the file is
/// damaged or too large, and no repetition changes that.
pub trait Photo: Send + Sync {
    /// Size of the upright picture.
    fn dimensions(&self) -> Dimensions;

    /// The file in its bucket, if a service may fetch it there and sees it upright.
    fn stored(&self) -> Option<StoredFile<'_>>;

    /// The upright picture as a JPEG, PNG or BMP file, scaled down so that no side exceeds
    /// `max_side` pixels. Never scaled up.
    fn encoded(&self, max_side: u32) -> Result<Encoded, BoxError>;

    /// The upright picture in sRGB, scaled down so that no side exceeds `max_side` pixels. Never
    /// scaled up.
    fn rgb(&self, max_side: u32) -> Result<RgbImage, BoxError>;
}

/// A photo's file as its bucket holds it.
#[derive(Clone, Copy)]
pub struct StoredFile<'a> {
    /// Where a service can read it. A presigned URL is a secret: never shown, never logged.
    pub url: &'a Url,
    /// The bucket.
    pub bucket: &'a str,
    /// The key in the bucket, as it is: not percent-encoded.
    pub key: &'a str,
    /// The region of the bucket, as in `cn-shanghai`.
    pub region: &'a str,
    /// The media type found in the file, as in `image/jpeg`, whatever the bucket says.
    pub media_type: &'a str,
    /// Size of the file in bytes.
    pub size_bytes: u64,
}

/// A file made for a service.
#[derive(Clone)]
pub struct Encoded {
    /// The file.
    pub bytes: Bytes,
    /// `image/jpeg`, `image/png` or `image/bmp`.
    pub media_type: &'static str,
    /// Size of the picture in it.
    pub dimensions: Dimensions,
}
