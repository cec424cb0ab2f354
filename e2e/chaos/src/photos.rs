//! The photos that go through, and what must come back of each.
//!
//! All are made of the sample portrait: other sizes and formats, twice side by side or not
//! at all, and a row of marks that makes each file one of its kind. A second version of a
//! photo differs in size from the first, so that nobody can mistake one for the other.

use std::io::Cursor;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, replace, resize};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use md5::{Digest as _, Md5};
use oss::{ETag, ObjectKey};

/// Edges of the portrait, in pixels: small enough for hundreds of photos, large enough for
/// the detector, which below these sees faces where there are none.
const EDGES: [u32; 4] = [192, 224, 256, 288];
/// Formats that come back as what they were.
const FORMATS: [ImageFormat; 4] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::WebP,
    ImageFormat::Bmp,
];
/// Edge of one mark of the row, in pixels.
const MARK: u32 = 8;
/// Bits in the row: the photo's number and its version.
const BITS: u32 = 20;

/// Keys as people choose them; `{}` becomes the photo's number, which keeps them apart.
const KEYS: [&str; 8] = [
    "photo-{}",
    "team/photo {}",
    "人脸/照片 {}",
    "a+b%20&c=d#{}",
    "deep/er/and/deep/er/{}",
    "smile 😀/{}",
    "quote's \"{}\"",
    "rec-{}",
];

/// One photo and its versions.
#[derive(Debug)]
pub(crate) struct Photo {
    /// Where it goes.
    pub(crate) key: ObjectKey,
    /// The first version, and the one that overwrites it if there is one.
    pub(crate) versions: [Version; 2],
}

/// One version of a photo, and what must come back of it.
#[derive(Debug)]
pub(crate) struct Version {
    /// The file.
    pub(crate) bytes: Bytes,
    /// The entity tag of this version: the MD5 of the file.
    pub(crate) etag: ETag,
    /// Format of file and result.
    pub(crate) format: ImageFormat,
    /// Width and height of both, in pixels.
    pub(crate) size: (u32, u32),
    /// How many faces there are to mark.
    pub(crate) faces: u32,
}

/// Makes `count` photos. The same number gives the same photos.
///
/// # Errors
/// When the sample portrait cannot be read.
pub(crate) fn make(count: usize) -> Result<Vec<Photo>> {
    let sheets = sheets()?;
    (0..count).map(|number| photo(number, &sheets)).collect()
}

/// A picture to stamp marks on.
struct Sheet {
    picture: RgbImage,
    faces: u32,
}

fn sheets() -> Result<Vec<Sheet>> {
    let path = testbed::sample();
    let portrait = image::open(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?
        .into_rgb8();
    let scaled = EDGES.map(|edge| resize(&portrait, edge, edge, FilterType::Triangle));
    let mut sheets: Vec<_> = scaled.iter().map(|picture| sheet(picture, 1)).collect();
    sheets.push(sheet(&scaled[1], 2));
    sheets.push(sheet(&scaled[2], 0));
    Ok(sheets)
}

/// `faces` portraits side by side above room for the marks; a plain wall if there are none.
fn sheet(portrait: &RgbImage, faces: u32) -> Sheet {
    let (width, height) = portrait.dimensions();
    let size = (width * faces.max(1), height + MARK);
    let mut picture = RgbImage::from_fn(size.0, size.1, wall);
    for place in 0..faces {
        replace(&mut picture, portrait, i64::from(place * width), 0);
    }
    Sheet { picture, faces }
}

fn wall(x: u32, y: u32) -> Rgb<u8> {
    let shade = |number: u32| u8::try_from(number % 64).unwrap_or_default() + 96;
    Rgb([shade(x / 4), shade(y / 4), 128])
}

fn photo(number: usize, sheets: &[Sheet]) -> Result<Photo> {
    let format = FORMATS[number % FORMATS.len()];
    let ending = format.extensions_str()[0];
    let key = KEYS[(number / FORMATS.len()) % KEYS.len()].replace("{}", &number.to_string());
    // Co-prime steps, so that every format meets every sheet.
    let first = number / 3;
    Ok(Photo {
        key: format!("{key}.{ending}").parse()?,
        versions: [
            version(number, 0, &sheets[first % sheets.len()], format)?,
            version(number, 1, &sheets[(first + 1) % sheets.len()], format)?,
        ],
    })
}

fn version(number: usize, version: usize, sheet: &Sheet, format: ImageFormat) -> Result<Version> {
    let mut picture = sheet.picture.clone();
    stamp(&mut picture, number * 2 + version);
    let size = picture.dimensions();
    let bytes = encode(picture, format)?;
    let etag = format!("{:X}", Bytes::copy_from_slice(&Md5::digest(&bytes)));
    Ok(Version {
        etag: etag.parse()?,
        bytes,
        format,
        size,
        faces: sheet.faces,
    })
}

/// Writes a number below the picture, as dark and bright squares.
fn stamp(picture: &mut RgbImage, number: usize) {
    let top = picture.height() - MARK;
    for bit in 0..BITS {
        let shade = if number >> bit & 1 == 1 { 255 } else { 0 };
        for (x, y) in (0..MARK).flat_map(|x| (0..MARK).map(move |y| (x, y))) {
            picture.put_pixel(bit * MARK + x, top + y, Rgb([shade; 3]));
        }
    }
}

/// Which photo, and which version of it, a picture is a copy of, even if it was made into a
/// JPEG on the way: the marks say it.
pub(crate) fn recognise<'a>(file: &[u8], photos: &'a [Photo]) -> Option<(&'a Photo, &'a Version)> {
    let picture = image::load_from_memory(file).ok()?.into_luma8();
    let centre = picture.height().checked_sub(MARK / 2)?;
    let mut number = 0;
    for bit in 0..BITS {
        let shade = picture.get_pixel_checked(bit * MARK + MARK / 2, centre)?.0[0];
        number |= usize::from(shade > 127) << bit;
    }
    let photo = photos.get(number / 2)?;
    Some((photo, &photo.versions[number % 2]))
}

fn encode(picture: RgbImage, format: ImageFormat) -> Result<Bytes> {
    let mut file = Vec::new();
    let picture = DynamicImage::from(picture);
    if format == ImageFormat::Jpeg {
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, 90))?;
    } else {
        picture.write_to(&mut Cursor::new(&mut file), format)?;
    }
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_photos_or_versions_are_alike() {
        let photos = make(100).unwrap();
        let keys: BTreeSet<_> = photos.iter().map(|photo| photo.key.as_str()).collect();
        let etags: BTreeSet<_> = photos
            .iter()
            .flat_map(|photo| photo.versions.iter().map(|version| version.etag.as_str()))
            .collect();
        assert_eq!((keys.len(), etags.len()), (100, 200));
        for photo in &photos {
            let [first, second] = &photo.versions;
            assert_ne!(first.size, second.size, "{}", photo.key);
        }
    }

    #[test]
    fn every_format_and_number_of_faces_is_among_them() {
        let photos = make(96).unwrap();
        let kinds: BTreeSet<_> = photos
            .iter()
            .map(|photo| &photo.versions[0])
            .map(|version| (version.format.extensions_str()[0], version.faces))
            .collect();
        assert_eq!(kinds.len(), FORMATS.len() * 3, "{kinds:?}");
    }

    #[test]
    fn files_are_what_they_are_said_to_be() {
        for photo in make(24).unwrap() {
            for version in &photo.versions {
                let read = image::load_from_memory_with_format(&version.bytes, version.format);
                let read = read.unwrap();
                assert_eq!((read.width(), read.height()), version.size, "{}", photo.key);
            }
        }
    }

    #[test]
    fn photos_are_recognised_by_their_marks() {
        let photos = make(24).unwrap();
        for photo in &photos {
            for version in &photo.versions {
                let copy = image::load_from_memory(&version.bytes).unwrap().into_rgb8();
                let copy = encode(copy, ImageFormat::Jpeg).unwrap();
                let (found, of) = recognise(&copy, &photos).unwrap();
                assert_eq!((&found.key, &of.etag), (&photo.key, &version.etag));
            }
        }
        assert!(recognise(b"no picture", &photos).is_none());
    }
}
