//! The end of a run: waits until nothing is under way, then verifies the result of each photo.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use image::{ImageFormat, ImageReader};
use oss::ListRequest;
use testbed::metrics::scrape;
use testbed::{Cloud, TARGET, target_key};
use tokio::time::{Instant, sleep};

use crate::environment::Environment;
use crate::photos::{Photo, Version};
use crate::schedule::Upload;

/// How long the queue may stay as full as it is. Beyond the longest time that a message stays
/// hidden (30 s after its last extension), that a photo may take (2 min), and that the
/// services wait before they try again.
const DEADLINE: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(250);
/// Results that are verified at one time.
const CONCURRENCY: usize = 8;
/// The marker at the end of every JPEG.
const END_OF_JPEG: [u8; 2] = [0xff, 0xd9];

/// The last version of each photo that was uploaded: what its result must be of. Extra
/// photos have but one.
pub(crate) fn expected<'a>(
    photos: &'a [Photo],
    uploads: &[Upload],
    extra: &'a [Photo],
) -> Vec<(&'a Photo, &'a Version)> {
    let last = |upload: &Upload| {
        let photo = &photos[upload.photo];
        let version = usize::from(upload.overwritten_after.is_some());
        (photo, &photo.versions[version])
    };
    let extra = extra.iter().map(|photo| (photo, &photo.versions[0]));
    uploads.iter().map(last).chain(extra).collect()
}

/// Waits until the queue is empty and nobody works on anything, for as long as it gets
/// emptier. Gives the number of messages that are left at the deadline.
pub(crate) async fn settle(environment: &Environment) -> Result<u64> {
    let mut fewest = u64::MAX;
    let mut give_up = Instant::now() + DEADLINE;
    loop {
        let left = environment.cloud.backlog().await;
        if matches!(left, Ok(0)) && is_idle(environment).await {
            return Ok(0);
        }
        if let Ok(left) = left
            && left < fewest
        {
            fewest = left;
            give_up = Instant::now() + DEADLINE;
        }
        if Instant::now() > give_up {
            return left;
        }
        sleep(POLL).await;
    }
}

async fn is_idle(environment: &Environment) -> bool {
    let (http, addresses) = (&environment.services.http, environment.services.addresses());
    let (face, adapter) = (
        scrape(http, &addresses.face_recognition).await,
        scrape(http, &addresses.source_adapter).await,
    );
    let (Ok(face), Ok(adapter)) = (face, adapter) else {
        return false;
    };
    let in_work = face.sum("face_requests_in_work", "")
        + face.sum("face_photos_in_work", "")
        + adapter.sum("adapter_messages_held", "");
    in_work < 0.5
}

/// Mistakes in the results by the photo's key; none for a photo that is right.
pub(crate) async fn mistakes(
    cloud: &Cloud,
    expected: &[(&Photo, &Version)],
) -> Result<BTreeMap<String, String>> {
    let verified = stream::iter(expected).map(|(photo, version)| async move {
        let verified = verify(cloud, photo, version).await;
        verified
            .err()
            .map(|error| (photo.key.to_string(), format!("{error:#}")))
    });
    let mistakes = verified
        .buffer_unordered(CONCURRENCY)
        .filter_map(async |mistake| mistake);
    Ok(mistakes.collect().await)
}

async fn verify(cloud: &Cloud, photo: &Photo, version: &Version) -> Result<()> {
    let target = target_key(&photo.key)?;
    let meta = cloud.head(&target).await?.context("there is no result")?;
    let note = |name: &str| meta.metadata.get(name).unwrap_or_default().to_owned();
    ensure!(
        note("annotated-by") == "face-recognition",
        "the result is not ours"
    );
    ensure!(
        note("source-etag") == version.etag.as_str(),
        "the result is of another version"
    );
    let faces = testbed::face_count(&meta)?;
    ensure!(
        faces == version.faces,
        "the result has {faces} faces in place of {}",
        version.faces
    );
    let mime = version.format.to_mime_type();
    ensure!(
        meta.content_type.as_deref() == Some(mime),
        "the result is said to be {:?} in place of `{mime}`",
        meta.content_type
    );
    picture(&cloud.read(&target).await?, version)
}

/// The result must be a picture of the same kind. It differs from the photo if, and only if, there
/// are faces to mark.
fn picture(bytes: &Bytes, version: &Version) -> Result<()> {
    let has_faces = version.faces > 0;
    ensure!(!has_faces || *bytes != version.bytes, "nothing was drawn");
    let reader = ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format()?;
    ensure!(
        reader.format() == Some(version.format),
        "the result is {:?} in place of {:?}",
        reader.format(),
        version.format
    );
    // Decoders make do with half a JPEG.
    ensure!(
        version.format != ImageFormat::Jpeg || bytes.ends_with(&END_OF_JPEG),
        "the result is cut"
    );
    let picture = reader.decode().context("the result is damaged")?;
    let size = (picture.width(), picture.height());
    ensure!(
        size == version.size,
        "the result has {size:?} pixels in place of {:?}",
        version.size
    );
    if !has_faces {
        let photo = image::load_from_memory(&version.bytes)?;
        ensure!(
            picture.to_rgba8() == photo.to_rgba8(),
            "a photo without faces changed"
        );
    }
    Ok(())
}

/// Objects among the results that belong to no photo.
pub(crate) async fn strays(cloud: &Cloud, photos: &[(&Photo, &Version)]) -> Result<Vec<String>> {
    let targets = photos.iter().map(|(photo, _)| target_key(&photo.key));
    let targets = targets.collect::<Result<BTreeSet<_>>>()?;
    let list = ListRequest {
        prefix: format!("{TARGET}/"),
        ..ListRequest::default()
    };
    let pages: Vec<_> = cloud.bucket.pages(list).try_collect().await?;
    let objects = pages.into_iter().flat_map(|page| page.objects);
    let strays = objects.filter(|object| !targets.contains(&object.key));
    Ok(strays.map(|object| object.key.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photos;

    #[test]
    fn results_that_are_not_right_are_told_from_those_that_are() {
        let photos = photos::make(2).unwrap();
        let (jpeg, png) = (&photos[0].versions[0], &photos[1].versions[0]);
        let other = &photos[1].versions[1].bytes;
        let half = |version: &Version| version.bytes.slice(..2000);
        // The same pixels in another file: all that a drawing needs to have in common.
        let drawn = [&png.bytes[..], b"."].concat().into();
        let cases = [
            ("drawn", drawn, png, ""),
            (
                "the photo itself",
                png.bytes.clone(),
                png,
                "nothing was drawn",
            ),
            ("half a PNG", half(png), png, "the result is damaged"),
            ("half a JPEG", half(jpeg), jpeg, "the result is cut"),
            ("another version", other.clone(), png, "the result has "),
            (
                "another format",
                jpeg.bytes.clone(),
                png,
                "the result is Some(Jpeg)",
            ),
        ];
        for (name, bytes, version, expected) in cases {
            let error = picture(&bytes, version).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(expected), "{name}: {error}");
            assert_eq!(error.is_empty(), expected.is_empty(), "{name}: {error}");
        }
    }

    #[test]
    fn a_photo_without_faces_keeps_its_pixels() {
        let photos = photos::make(72).unwrap();
        let plain: Vec<_> = photos
            .iter()
            .flat_map(|photo| &photo.versions)
            .filter(|version| version.faces == 0 && version.format == ImageFormat::Png)
            .collect();
        picture(&plain[0].bytes, plain[0]).unwrap();
        let error = picture(&plain[1].bytes, plain[0]).unwrap_err();
        assert_eq!(error.to_string(), "a photo without faces changed");
    }

    #[test]
    fn the_last_version_is_expected() {
        let photos = photos::make(3).unwrap();
        let upload = |photo, overwritten_after| Upload {
            photo,
            at: Duration::ZERO,
            overwritten_after,
        };
        let uploads = [upload(1, None), upload(0, Some(Duration::ZERO))];
        let etags: Vec<_> = expected(&photos, &uploads, &photos[2..])
            .iter()
            .map(|(_, version)| version.etag.clone())
            .collect();
        let versions = [(1, 0), (0, 1), (2, 0)]
            .map(|(photo, version): (usize, usize)| photos[photo].versions[version].etag.clone());
        assert_eq!(etags, versions);
    }
}
