//! Small grey pictures that are read from a JPEG without decoding all of it look like those
//! that are made of all of its pixels.

use image::GrayImage;
use picture::{Header, Limits, luma};
use proptest::prelude::*;

use crate::forge::tagged;
use crate::patches::makes;
use crate::pictures::{decode, fixture};

fn looked(file: &[u8], max_side: u32) -> Option<GrayImage> {
    let limits = Limits::default();
    let header = Header::read(file, &limits).ok()?;
    luma(file, &header, max_side).ok()?
}

/// In tenths.
fn mean_distance(one: &GrayImage, other: &GrayImage) -> u64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let pixels = one.iter().zip(other.iter());
    let sum: u64 = pixels
        .map(|(one, other)| u64::from(one.abs_diff(*other)))
        .sum();
    10 * sum / (one.len() as u64)
}

proptest! {
    #[test]
    fn what_is_read_small_looks_like_what_is_made_small(
        make in makes(), way in 1_u32..=8, max_side in 1_u32..200,
    ) {
        let file = tagged(&make.file(), way);
        let small = looked(&file, max_side).expect("such files are read small");
        let expected = decode(&file).unwrap().luma(max_side);
        let side = make.width.max(make.height);
        // What is not scaled down is the same but for rounding.
        let allowed = if max_side >= side.into() { 20 } else { 200 };
        let mean = mean_distance(&small, &expected);
        prop_assert!(mean <= allowed, "{} tenths on average", mean);
    }

    #[test]
    fn damage_does_no_harm(
        make in makes(), at: prop::sample::Index, change in 1_u8.., max_side in 1_u32..200,
    ) {
        let mut file = make.file();
        let at = at.index(file.len());
        file[at] ^= change;
        if let Some(small) = looked(&file, max_side) {
            prop_assert!(small.width().max(small.height()) <= max_side);
        }
    }
}

#[test]
fn ordinary_files_are_read_small_and_others_left_alone() {
    let cases = [
        ("420.jpg", true),
        ("411.jpg", true),
        ("grey.jpg", true),
        ("restarts.jpg", true),
        ("optimised.jpg", true),
        ("scans.jpg", true),
        ("scans-420.jpg", true),
        ("progressive.jpg", false),
        ("cmyk.jpg", true),
        ("rgb.jpg", true),
        ("alpha.png", false),
    ];
    for (name, expected) in cases {
        let file = fixture(name);
        for max_side in [8, 16, 32, 40, 64, 1000] {
            let small = looked(&file, max_side);
            assert_eq!(small.is_some(), expected, "{name} in {max_side}");
            if let Some(small) = small {
                let mean = mean_distance(&small, &decode(&file).unwrap().luma(max_side));
                assert!(mean <= 40, "{name} in {max_side}: {mean}");
            }
        }
    }
}
