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

use crate::memory_budget::{MemoryBudget, MemoryPermit};

/// Quality of pictures made for a face API: detectors see no difference above it.
const QUALITY: u8 = 90;

/// A photo's file with what its header says.
pub(crate) struct FetchedPhoto {
    pub(crate) file: Bytes,
    /// For the file. Kept with it, because drawing goes on for a while when nobody waits for it any
    /// more.
    pub(crate) file_permit: Arc<MemoryPermit>,
    pub(crate) header: Header,
    pub(crate) limits: Limits,
    pub(crate) url: PresignedUrl,
    /// Where the photo was found.
    pub(crate) address: ObjectAddress,
    pub(crate) memory: MemoryBudget,
    /// The runtime that the waiting is done on.
    pub(crate) runtime: Handle,
}

impl FetchedPhoto {
    /// The photo's file, taken apart.
    pub(crate) fn picture(&self) -> Result<Picture<'_>, PictureError> {
        Picture::open(&self.file, &self.limits)
    }

    fn memory_for(&self, bytes: u64) -> MemoryPermit {
        self.runtime.block_on(self.memory.acquire(bytes))
    }

    /// The photo in colours, once there is memory for it. Call it from a blocking thread.
    fn rgb(&self, max_side: u32) -> Result<RgbImage, PictureError> {
        let _grant = self.memory_for(self.header.rgb_bytes(max_side));
        self.picture()?.rgb(max_side)
    }

    /// The result, once there are the `needed` bytes of memory for it beside the file; with the memory
    /// that it keeps beyond that of the file. Call it from a blocking thread.
    pub(crate) fn annotate(
        self: Arc<Self>,
        plan: &Plan,
        needed: u64,
    ) -> Result<(Annotated, MemoryPermit), PictureError> {
        let permit = self.memory_for(needed);
        let (limits, _file_permit) = (self.limits, self.file_permit.clone());
        let file = Arc::try_unwrap(self).map_or_else(|one| one.file.clone(), |photo| photo.file);
        annotate(file, &limits, plan, permit)
    }
}

/// The result, in place of the file unless that is shared. `permit` is for what is needed beside
/// the file, and what the result does not need of it is given back.
fn annotate(
    file: Bytes,
    limits: &Limits,
    plan: &Plan,
    mut permit: MemoryPermit,
) -> Result<(Annotated, MemoryPermit), PictureError> {
    let freed = if file.is_unique() { file.len() } else { 0 };
    let annotated = Picture::annotate_in_place(file.into(), limits, plan)?;
    permit.shrink(annotated.bytes.len().saturating_sub(freed) as u64);
    Ok((annotated, permit))
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

#[cfg(test)]
mod tests {
    use picture::Options;

    use super::*;

    const MEBI: u64 = 1 << 20;

    fn fixture(name: &str) -> Bytes {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../picture/tests/fixtures");
        std::fs::read(format!("{folder}/{name}")).unwrap().into()
    }

    /// The first is written over its file, the second is not.
    #[tokio::test]
    async fn a_result_keeps_the_memory_of_its_file_and_what_it_takes_beyond_that() {
        for (name, is_shared) in [
            ("420.jpg", false),
            ("progressive.jpg", false),
            ("420.jpg", true),
            ("progressive.jpg", true),
        ] {
            let (file, budget) = (fixture(name), MemoryBudget::new(MEBI));
            let picture = Picture::open(&file, &Limits::default()).unwrap();
            let plan = picture.plan(&[], Options::default());
            let needed = picture.annotate_bytes(&plan);
            assert!(
                needed > 2 * file.len() as u64,
                "{name}: no room for a second buffer"
            );
            let size = if is_shared { 0 } else { file.len() };
            let other = is_shared.then(|| file.clone());
            let permit = budget.acquire(needed).await;
            let (result, _kept) = annotate(file, &Limits::default(), &plan, permit).unwrap();
            let kept = result.bytes.len().saturating_sub(size) as u64;
            let is_free = |bytes| budget.grow(&mut MemoryPermit::default(), bytes);
            let left = MEBI - kept.next_multiple_of(4096);
            assert!(is_free(left), "{name}: more is kept than {kept} bytes");
            assert!(!is_free(left + 1), "{name}: less is kept than {kept} bytes");
            drop(other);
        }
    }
}
