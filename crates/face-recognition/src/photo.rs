//! A fetched photo, as a back end may look at it.
//!
//! Nothing decoded is kept: between analysis and drawing a photo is its file and nothing more,
//! so that photos which wait for a face API cost little. Decoding asks the budget for memory
//! first. It is done by threads that hold one of the process's CPU permits; whoever holds
//! memory holds a permit too and so never waits for one, hence nobody waits in a circle.

use std::sync::Arc;

use bytes::Bytes;
use face::{Dimensions, Encoded, Photo, StoredFile};
use image::GrayImage;
use image::codecs::jpeg::JpegEncoder;
use oss::{PresignedUrl, Region};
use tokio::runtime::Handle;
use transport::BoxError;

use crate::budget::{Budget, Grant};
use crate::picture::{
    EncodedPicture, Header, Limits, Orientation, Picture, PictureError, Sheet, luma, patch,
};

/// Quality of pictures made for a face API: detectors see no difference above it.
const QUALITY: u8 = 90;

/// A photo's file with what its header says.
pub(crate) struct FetchedPhoto {
    pub(crate) file: Bytes,
    /// For the file and what is made of it. Kept with the file, because drawing goes on for a
    /// while when nobody waits for it any more.
    pub(crate) _set_aside: Arc<Grant>,
    pub(crate) header: Header,
    pub(crate) limits: Limits,
    pub(crate) url: PresignedUrl,
    pub(crate) region: Region,
    pub(crate) memory: Budget,
    /// The runtime that the waiting is done on.
    pub(crate) runtime: Handle,
}

impl FetchedPhoto {
    /// Decodes the photo once there is memory for it. Call it from a blocking thread.
    pub(crate) fn decode(&self) -> Result<(Picture, Grant), PictureError> {
        let grant = self
            .runtime
            .block_on(self.memory.ask(self.header.working_bytes));
        let picture = Picture::decode(&self.file, &self.header, &self.limits)?;
        Ok((picture, grant))
    }

    /// The photo in shades of grey, if that can be had without decoding all of it, once there is
    /// memory for it: for the small picture, and for one that is turned upright.
    fn look(&self, max_side: u32) -> Option<GrayImage> {
        let side = |side: u32| u64::from(side.min(max_side));
        let needed = 2 * side(self.header.width) * side(self.header.height);
        let _grant = self.runtime.block_on(self.memory.ask(needed));
        luma(&self.file, &self.header, &self.limits, max_side)
    }

    /// Draws on the photo without decoding it, if it lends itself to that, once there is memory
    /// for it. Call it from a blocking thread.
    pub(crate) fn patch(&self, sheet: &Sheet) -> Option<EncodedPicture> {
        let needed = self.header.patch_bytes;
        let _grant = (needed > 0).then(|| self.runtime.block_on(self.memory.ask(needed)));
        patch(&self.file, &self.header, &self.limits, sheet)
    }
}

impl Photo for FetchedPhoto {
    fn dimensions(&self) -> Dimensions {
        self.header.dimensions().into()
    }

    /// Not for a photo that lies on its side: services differ in whether they heed the tag.
    fn stored(&self) -> Option<StoredFile<'_>> {
        (self.header.orientation == Orientation::Upright).then(|| StoredFile {
            url: self.url.expose(),
            region: self.region.as_str(),
            media_type: self.header.format.media_type(),
            size_bytes: self.file.len() as u64,
        })
    }

    fn encoded(&self, max_side: u32) -> Result<Encoded, BoxError> {
        let (picture, grant) = self.decode()?;
        let small = picture.rgb(max_side);
        drop((picture, grant));
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, QUALITY).encode_image(&small)?;
        Ok(Encoded {
            bytes: file.into(),
            media_type: "image/jpeg",
            dimensions: small.dimensions().into(),
        })
    }

    fn luma(&self, max_side: u32) -> Result<GrayImage, BoxError> {
        if let Some(small) = self.look(max_side) {
            return Ok(small);
        }
        let (picture, _grant) = self.decode()?;
        Ok(picture.luma(max_side))
    }
}

/// Shared by the pipeline and the back end.
pub(crate) type SharedPhoto = Arc<FetchedPhoto>;
