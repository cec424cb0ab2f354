//! Real photos in every form that cameras and programs write.

use std::io::Cursor;

use bytes::Bytes;
use image::imageops::{FilterType, flip_horizontal, resize, rotate90, rotate180, rotate270};
use image::{DynamicImage, ImageFormat, RgbImage};
use testbed::{FaceBackend, Outcome, face_count};

use crate::fixture::{Fixture, pipeline, portrait};

fn upright() -> RgbImage {
    image::load_from_memory(&portrait()).unwrap().into_rgb8()
}

fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Bytes {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner().into()
}

/// As a camera held in another way stores the same scene, by EXIF orientation.
fn stored(upright: &RgbImage, orientation: u8) -> RgbImage {
    match orientation {
        1 => upright.clone(),
        2 => flip_horizontal(upright),
        3 => rotate180(upright),
        4 => flip_horizontal(&rotate180(upright)),
        5 => flip_horizontal(&rotate90(upright)),
        6 => rotate270(upright),
        7 => flip_horizontal(&rotate270(upright)),
        _ => rotate90(upright),
    }
}

/// Puts an EXIF block that holds nothing but the orientation behind the JPEG's start.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Bytes {
    let exif = [
        b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
        &[orientation],
        b"\0\0\0\0\0\0",
    ]
    .concat();
    [&jpeg[..2], &exif, &jpeg[2..]].concat().into()
}

/// The mean difference of two pictures of one size, 0 to 255.
fn difference(left: &RgbImage, right: &RgbImage) -> u64 {
    assert_eq!(left.dimensions(), right.dimensions());
    let sum: u64 = left
        .as_raw()
        .iter()
        .zip(right.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum / left.as_raw().len() as u64
}

async fn annotated(pipeline: &Fixture, key: &str, photo: Bytes) -> (u32, DynamicImage) {
    let (meta, result) = pipeline.annotate(key, photo).await;
    (
        face_count(&meta).unwrap(),
        image::load_from_memory(&result).unwrap(),
    )
}

#[tokio::test]
async fn every_orientation_comes_back_upright_with_the_box_on_the_face() {
    let pipeline = pipeline(|_| ()).await;
    let upright = upright();
    let (_, reference) = annotated(
        &pipeline,
        "reference.jpg",
        encode(upright.clone(), ImageFormat::Jpeg),
    )
    .await;
    let reference = reference.into_rgb8();
    for orientation in 1..=8 {
        let jpeg = encode(stored(&upright, orientation), ImageFormat::Jpeg);
        let photo = with_orientation(&jpeg, orientation);
        let (faces, result) = annotated(&pipeline, &format!("{orientation}.jpg"), photo).await;
        assert_eq!(faces, 1, "orientation {orientation}");
        let off = difference(&result.into_rgb8(), &reference);
        assert!(off <= 4, "orientation {orientation} differs by {off}");
    }
    pipeline.stop().await;
}

#[tokio::test]
async fn every_format_comes_back_as_what_it_was() {
    let pipeline = pipeline(|_| ()).await;
    let colour = upright();
    let gray = image::imageops::grayscale(&colour);
    for (name, photo, format) in [
        (
            "a.png",
            encode(colour.clone(), ImageFormat::Png),
            ImageFormat::Png,
        ),
        (
            "a.webp",
            encode(colour.clone(), ImageFormat::WebP),
            ImageFormat::WebP,
        ),
        (
            "a.bmp",
            encode(colour.clone(), ImageFormat::Bmp),
            ImageFormat::Bmp,
        ),
        (
            "gray.jpg",
            encode(gray.clone(), ImageFormat::Jpeg),
            ImageFormat::Jpeg,
        ),
        ("gray.png", encode(gray, ImageFormat::Png), ImageFormat::Png),
        ("cmyk.jpg", cmyk(&colour), ImageFormat::Jpeg),
        ("mislabelled.png", portrait(), ImageFormat::Jpeg),
    ] {
        let (meta, result) = pipeline.annotate(name, photo).await;
        assert_eq!(image::guess_format(&result).unwrap(), format, "{name}");
        assert_eq!(
            meta.content_type.as_deref(),
            Some(format.to_mime_type()),
            "{name}"
        );
        assert_eq!(face_count(&meta).unwrap(), 1, "{name}");
    }
    pipeline.stop().await;
}

/// A four-colour JPEG as image editors write it for print.
fn cmyk(colour: &RgbImage) -> Bytes {
    let inks: Vec<u8> = colour
        .pixels()
        .flat_map(|pixel| pixel.0.map(|part| 255 - part).into_iter().chain([0]))
        .collect();
    let (width, height) = (
        u16::try_from(colour.width()).unwrap(),
        u16::try_from(colour.height()).unwrap(),
    );
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 90)
        .encode(&inks, width, height, jpeg_encoder::ColorType::Cmyk)
        .unwrap();
    file.into()
}

#[tokio::test]
async fn sizes_from_a_thumbnail_to_fifty_megapixels_come_back() {
    let pipeline = pipeline(|_| ()).await;
    let upright = upright();
    for side in [64, 7072] {
        let photo = encode(
            resize(&upright, side, side, FilterType::Triangle),
            ImageFormat::Jpeg,
        );
        let (faces, result) = annotated(&pipeline, &format!("{side}.jpg"), photo).await;
        assert_eq!((result.width(), result.height()), (side, side));
        assert_eq!(faces, 1, "{side} pixels wide");
    }
    pipeline.stop().await;
}

#[tokio::test]
async fn every_back_end_finds_the_face() {
    for backend in [
        FaceBackend::Dataplus,
        FaceBackend::Facebody,
        FaceBackend::Imm,
        FaceBackend::Local,
    ] {
        let pipeline = pipeline(|settings| settings.backend = backend).await;
        let (meta, _) = pipeline.annotate("a.jpg", portrait()).await;
        assert_eq!(face_count(&meta).unwrap(), 1, "{backend:?}");
        pipeline.stop().await;
    }
}

#[tokio::test]
async fn imm_refuses_a_photo_that_is_not_stored_upright() {
    let pipeline = pipeline(|settings| settings.backend = FaceBackend::Imm).await;
    let jpeg = encode(stored(&upright(), 6), ImageFormat::Jpeg);
    let outcome = pipeline.send("a.jpg", with_orientation(&jpeg, 6)).await;
    let Outcome::Refused(letter) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(letter.reason.contains("store it upright"), "{letter:?}");
    pipeline.stop().await;
}

#[tokio::test]
async fn picture_of_the_readme_is_what_comes_back() {
    let pipeline = pipeline(|settings| settings.backend = FaceBackend::Local).await;
    let (_, result) = pipeline.annotate("astronaut.jpg", portrait()).await;
    let shown = testbed::workspace_root().join("docs/astronaut.after.jpg");
    assert!(
        std::fs::read(&shown).unwrap() == result,
        "`cargo xtask demo` makes another picture: look at it, and copy out/astronaut.after.jpg to {}",
        shown.display()
    );
    pipeline.stop().await;
}
