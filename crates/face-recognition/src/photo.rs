//! A fetched photo, as the back ends see it.
//!
//! Nothing decoded is kept: between analysis and drawing a photo is its file and nothing more,
//! so that photos which wait for a face API cost little. Decoding asks the budget for memory
//! first. Only threads that hold a CPU permit decode, so a thread that holds memory never waits
//! for a permit, and no deadlock can arise.

use std::sync::Arc;

use bytes::Bytes;
use face::{Dimensions, Encoded, Photo, StoredFile};
use image::RgbImage;
use oss::PresignedUrl;
use oss::event::ObjectAddress;
use picture::{Annotated, Header, Limits, Orientation, Picture, PictureError, Plan};
use tokio::runtime::Handle;
use transport::BoxError;

use crate::budget::{Budget, Grant};

/// Quality of pictures made for a face API: detectors see no difference above it.
const QUALITY: u8 = 90;

/// A photo's file with what its header says.
pub(crate) struct FetchedPhoto {
    pub(crate) file: Bytes,
    /// For the file and what is made of it. Kept with the file, because drawing goes on for a
    /// while when nobody waits for it any more.
    pub(crate) set_aside: Arc<Grant>,
    pub(crate) header: Header,
    pub(crate) limits: Limits,
    pub(crate) url: PresignedUrl,
    /// Where the photo was found.
    pub(crate) address: ObjectAddress,
    pub(crate) memory: Budget,
    /// The runtime that the waiting is done on.
    pub(crate) runtime: Handle,
}

impl FetchedPhoto {
    /// The photo's file, taken apart.
    pub(crate) fn picture(&self) -> Result<Picture<'_>, PictureError> {
        Picture::open(&self.file, &self.limits)
    }

    fn memory_for(&self, bytes: u64) -> Grant {
        self.runtime.block_on(self.memory.ask(bytes))
    }

    /// The photo in colours, once there is memory for it. Call it from a blocking thread.
    fn rgb(&self, max_side: u32) -> Result<RgbImage, PictureError> {
        let _grant = self.memory_for(self.header.rgb_bytes(max_side));
        self.picture()?.rgb(max_side)
    }

    /// The result, once there are the `needed` bytes of memory for it beside the file. It takes the
    /// memory of the file where it can, if nobody else holds that. Call it from a blocking thread.
    pub(crate) fn annotate(
        self: Arc<Self>,
        plan: &Plan,
        needed: u64,
    ) -> Result<(Annotated, Grant), PictureError> {
        // As much as the file has is set aside for its result.
        let grant = self.memory_for(needed.saturating_sub(self.file.len() as u64));
        let limits = self.limits;
        let set_aside = self.set_aside.clone();
        let file = Arc::try_unwrap(self).map_or_else(|one| one.file.clone(), |photo| photo.file);
        let annotated = Picture::annotate_in_place(file.into(), &limits, plan)?;
        drop(set_aside);
        Ok((annotated, grant))
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
            bucket: self.address.bucket.as_str(),
            key: self.address.key.as_str(),
            region: self.address.region.as_str(),
            media_type: self.header.format.media_type(),
            size_bytes: self.file.len() as u64,
        })
    }

    fn encoded(&self, max_side: u32) -> Result<Encoded, BoxError> {
        let _grant = self.memory_for(self.header.rgb_bytes(max_side));
        let copy = self.picture()?.jpeg(max_side, QUALITY)?;
        Ok(Encoded {
            bytes: copy.bytes.into(),
            media_type: "image/jpeg",
            dimensions: copy.dimensions.into(),
        })
    }

    fn rgb(&self, max_side: u32) -> Result<RgbImage, BoxError> {
        Ok(self.rgb(max_side)?)
    }
}

/// Shared by the pipeline and the back end.
pub(crate) type SharedPhoto = Arc<FetchedPhoto>;
