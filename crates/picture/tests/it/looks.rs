//! Small pictures that are read from a JPEG without decoding all of it look like those that are
//! made of all of its pixels.

use image::RgbImage;
use proptest::prelude::*;

use crate::forge::tagged;
use crate::patches::makes;
use crate::pictures::{fixture, open, png, redrawn};

fn small(file: &[u8], max_side: u32) -> RgbImage {
    open(file).unwrap().rgb(max_side).unwrap()
}

/// All pixels, as another decoder shows them, scaled down by the path of lossless files.
fn expected(file: &[u8], max_side: u32) -> RgbImage {
    let pixels = image::load_from_memory(&redrawn(file, &[]).unwrap()).unwrap();
    small(&png(&pixels.into_rgb8()), max_side)
}

/// In tenths.
fn mean_distance(one: &RgbImage, other: &RgbImage) -> u64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let pixels = one.iter().zip(other.iter());
    let sum: u64 = pixels
        .map(|(one, other)| u64::from(one.abs_diff(*other)))
        .sum();
    10 * sum / (one.len() as u64)
}

proptest! {
    #[test]
    fn a_picture_read_small_looks_like_one_made_small(
        make in makes(), way in 1_u32..=8, max_side in 1_u32..200,
    ) {
        let file = tagged(&make.file(), way);
        let side = make.width.max(make.height);
        // Pictures that are not scaled down are the same but for rounding.
        let allowed = if max_side >= side.into() { 100 } else { 200 };
        let mean = mean_distance(&small(&file, max_side), &expected(&file, max_side));
        prop_assert!(mean <= allowed, "{} tenths on average", mean);
    }
}

#[test]
fn files_of_every_make_are_read_small() {
    let names = [
        "420.jpg",
        "411.jpg",
        "grey.jpg",
        "restarts.jpg",
        "optimised.jpg",
        "scans.jpg",
        "scans-420.jpg",
        "progressive.jpg",
        "cmyk.jpg",
        "rgb.jpg",
    ];
    for name in names {
        let file = fixture(name);
        for max_side in [8, 16, 32, 40, 64, 1000] {
            let mean = mean_distance(&small(&file, max_side), &expected(&file, max_side));
            assert!(mean <= 60, "{name} in {max_side}: {mean}");
        }
    }
}
