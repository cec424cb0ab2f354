//! A photo that says it lies on its side ends like the same photo stored upright.

use image::codecs::png::PngEncoder;
use image::metadata::Orientation as Turn;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, Rgb, RgbImage};
use picture::Orientation;

use crate::pictures::{annotated, open, shown, somebody, woman};

/// EXIF that says nothing but which way is up.
pub(crate) fn exif(value: u8) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend([value, 0, 0, 0, 0, 0, 0]);
    block
}

/// A picture in which no two corners look alike.
fn upright() -> RgbImage {
    RgbImage::from_fn(90, 70, |x, y| {
        let shade = |value: u32| u8::try_from(value * 2).unwrap();
        Rgb([shade(x), shade(y), if x < 20 && y < 20 { 250 } else { 90 }])
    })
}

/// How a camera would store the upright picture under this orientation.
fn stored(value: u8) -> RgbImage {
    let turn = Turn::from_exif(value).unwrap();
    let inverse = match turn {
        Turn::Rotate90 => Turn::Rotate270,
        Turn::Rotate270 => Turn::Rotate90,
        other => other,
    };
    let mut picture = DynamicImage::ImageRgb8(upright());
    picture.apply_orientation(inverse);
    picture.into_rgb8()
}

fn png(value: u8) -> Vec<u8> {
    let picture = stored(value);
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new(&mut file);
    encoder.set_exif_metadata(exif(value)).unwrap();
    encoder
        .write_image(
            &picture,
            picture.width(),
            picture.height(),
            ExtendedColorType::Rgb8,
        )
        .unwrap();
    file
}

fn jpeg(value: u8) -> Vec<u8> {
    let picture = stored(value);
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 98);
    encoder.add_exif_metadata(&exif(value)).unwrap();
    let side = |side: u32| u16::try_from(side).unwrap();
    encoder
        .encode(
            &picture,
            side(picture.width()),
            side(picture.height()),
            jpeg_encoder::ColorType::Rgb,
        )
        .unwrap();
    file
}

fn reopened(file: &[u8]) -> RgbImage {
    image::load_from_memory(file).unwrap().into_rgb8()
}

#[test]
fn png_in_every_orientation_ends_pixel_for_pixel_alike() {
    let faces = [woman(30, 20, 18), somebody(60, 40, 16)];
    let reference = reopened(&annotated(&png(1), &faces).unwrap());
    assert_ne!(reference, upright(), "something was drawn");
    for value in 2..=8 {
        let result = annotated(&png(value), &faces).unwrap();
        assert_eq!(reopened(&result), reference, "orientation {value}");
    }
}

#[test]
fn jpeg_in_every_orientation_ends_alike_and_upright() {
    let faces = [woman(30, 20, 18)];
    let reference = reopened(&annotated(&jpeg(1), &faces).unwrap());
    for value in 1..=8 {
        let source = jpeg(value);
        let header = *open(&source).unwrap().header();
        assert_eq!(header.orientation, Orientation::from_exif(value.into()));
        assert_eq!(header.dimensions(), (90, 70), "orientation {value}");
        let result = annotated(&source, &faces).unwrap();
        let turned = open(&result).unwrap().header().orientation;
        assert_eq!(turned, Orientation::Upright, "orientation {value}");
        let shown = reopened(&result);
        assert_eq!(shown.dimensions(), (90, 70), "orientation {value}");
        let worst = shown
            .iter()
            .zip(reference.iter())
            .map(|(one, other)| one.abs_diff(*other));
        assert!(worst.max() <= Some(20), "orientation {value}");
    }
}

#[test]
fn what_the_detector_sees_is_upright() {
    for value in 1..=8 {
        let file = png(value);
        assert_eq!(shown(&file), upright(), "orientation {value}");
        let small = open(&file).unwrap().rgb(45).unwrap();
        assert_eq!(small.dimensions(), (45, 35), "orientation {value}");
    }
}

#[test]
fn broken_exif_is_no_exif() {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 98);
    encoder
        .add_exif_metadata(b"MM\0*\xff\xff\xff\xff\0")
        .unwrap();
    encoder
        .encode(&upright(), 90, 70, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    assert_eq!(shown(&file).dimensions(), (90, 70));
}
