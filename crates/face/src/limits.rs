//! The limits of the face services, and encoding a photo within them.
//!
//! The limits are those that the vendor documents for `RecognizeFace`; for the old API none are
//! documented, so the strictest figure known is kept there.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::debug;

use crate::analysis::Dimensions;
use crate::cpu::on_cpu;
use crate::error::FaceError;
use crate::photo::{Encoded, Photo, StoredFile};

/// Both sides must be longer, in pixels.
const MIN_SIDE: u32 = 32;

/// Both sides must be shorter, in pixels.
const MAX_SIDE: u32 = 4096;

/// The kinds of file that the services read.
const MEDIA_TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/bmp"];

/// How often a file that is too large is made again at half the size.
const HALVINGS: u32 = 4;

/// The limits of one service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest file.
    pub(crate) file_bytes: usize,
    /// The side that a picture is scaled down to when it has to be made anew, in pixels.
    pub(crate) encoded_side: u32,
}

/// Whether the picture is too small for any service, and for a face that could be recognized.
pub(crate) fn is_tiny(picture: Dimensions) -> bool {
    picture.short_side() <= MIN_SIDE
}

impl Limits {
    /// Whether a service can work on the file as it lies in its bucket.
    pub(crate) fn admit(&self, file: StoredFile<'_>, picture: Dimensions) -> bool {
        picture.long_side() < MAX_SIDE
            && !is_tiny(picture)
            && MEDIA_TYPES.contains(&file.media_type)
            && usize::try_from(file.size_bytes).is_ok_and(|size| size <= self.file_bytes)
    }

    /// Makes a file that is within the limits.
    pub(crate) async fn encode(
        self,
        photo: &Arc<dyn Photo>,
        permits: &Arc<Semaphore>,
        service: &'static str,
    ) -> Result<Encoded, FaceError> {
        let photo = Arc::clone(photo);
        on_cpu(permits, service, move || self.encode_now(photo.as_ref())).await?
    }

    fn encode_now(self, photo: &dyn Photo) -> Result<Encoded, FaceError> {
        for halving in 0..HALVINGS {
            let side = self.encoded_side >> halving;
            let encoded = photo.encoded(side);
            let encoded = encoded.map_err(|source| FaceError::PictureUnreadable { source })?;
            if encoded.bytes.len() <= self.file_bytes {
                return Ok(encoded);
            }
            debug!(
                size_bytes = encoded.bytes.len(),
                side, "encoded picture is too large"
            );
        }
        Err(FaceError::PictureUnreadable {
            source: format!(
                "no file of at most {} bytes can be made of it",
                self.file_bytes
            )
            .into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use image::RgbImage;
    use transport::BoxError;
    use url::Url;

    use super::*;

    const LIMITS: Limits = Limits {
        file_bytes: 1000,
        encoded_side: 800,
    };

    /// A photo whose file is as large in bytes as its longer side is in pixels, times `weight`.
    struct Sized {
        weight: usize,
    }

    impl Photo for Sized {
        fn dimensions(&self) -> Dimensions {
            (5000, 400).into()
        }

        fn stored(&self) -> Option<StoredFile<'_>> {
            None
        }

        fn encoded(&self, max_side: u32) -> Result<Encoded, BoxError> {
            let size = usize::try_from(max_side)? * self.weight;
            Ok(Encoded {
                bytes: Bytes::from(vec![0; size]),
                media_type: "image/jpeg",
                dimensions: (max_side, max_side / 2).into(),
            })
        }

        fn rgb(&self, _: u32) -> Result<RgbImage, BoxError> {
            Err("not asked for".into())
        }
    }

    #[test]
    fn files_beyond_the_limits_are_not_sent_by_url() {
        let cases = [
            ("a photo", (1600, 1200), "image/jpeg", 900, true),
            ("a drawing", (33, 4095), "image/png", 900, true),
            ("a bitmap", (100, 100), "image/bmp", 1000, true),
            ("too wide", (4096, 100), "image/jpeg", 900, false),
            ("too high", (100, 9000), "image/jpeg", 900, false),
            ("too small", (32, 100), "image/jpeg", 900, false),
            ("too heavy", (100, 100), "image/jpeg", 1001, false),
            ("webp", (100, 100), "image/webp", 900, false),
            ("no kind", (100, 100), "", 900, false),
        ];
        let url = Url::parse("https://b.example/a").unwrap();
        for (name, dimensions, media_type, size_bytes, expected) in cases {
            let file = StoredFile {
                url: &url,
                bucket: "b",
                key: "a",
                region: "cn-shanghai",
                media_type,
                size_bytes,
            };
            assert_eq!(LIMITS.admit(file, dimensions.into()), expected, "{name}");
        }
    }

    #[test]
    fn heavy_pictures_are_made_smaller_until_they_fit() {
        let side = |weight| {
            let encoded = LIMITS.encode_now(&Sized { weight });
            encoded.map(|encoded| encoded.dimensions.width)
        };
        assert_eq!(side(1).unwrap(), 800);
        assert_eq!(side(2).unwrap(), 400);
        assert_eq!(side(10).unwrap(), 100);
        assert_eq!(side(11).unwrap_err().reason(), "picture_unreadable");
    }
}
