//! Small pictures that are read from a JPEG without decoding all of it look like those that are
//! made of all of its pixels.

use image::RgbImage;
use jpeg_encoder::ColorType;
use proptest::prelude::*;

use crate::forge::{segment, tagged};
use crate::patches::{Make, makes};
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

/// A smaller file of a JPEG is never larger than it may be, a quarter smaller at most, and looks the
/// same.
#[test]
fn files_of_every_make_are_made_smaller() {
    for name in NAMES.into_iter().chain(["422.jpg", "440.jpg", "alpha.png"]) {
        for way in 1..=8 {
            let file = fixture(name);
            let file = if name.ends_with("jpg") {
                tagged(&file, way)
            } else {
                file
            };
            let picture = open(&file).unwrap();
            let (width, height) = picture.header().dimensions();
            let long = width.max(height);
            for max_side in [20, 32, 40, 60, 1000] {
                let small = picture.jpeg(max_side, 95).unwrap();
                let dimensions = small.dimensions;
                let side = dimensions.0.max(dimensions.1);
                let wanted = max_side.min(long);
                let case = format!("{name}, {way} in {max_side}: {dimensions:?}");
                assert!(side <= wanted && 4 * side >= 3 * wanted, "{case}");
                let shown = image::load_from_memory(&small.bytes).unwrap().into_rgb8();
                assert_eq!(shown.dimensions(), dimensions, "{case}");
                let expected = picture.rgb(side).unwrap();
                if expected.dimensions() == dimensions {
                    let mean = mean_distance(&shown, &expected);
                    assert!(mean <= 100, "{case}: {mean}");
                }
            }
        }
    }
}

/// Also where a sample of the source and one of the copy differ in height, and so do not begin in the same
/// row of units.
#[test]
fn files_of_every_height_are_made_smaller() {
    for tall in 1..=4 {
        for height in 16..120 {
            let file = even(40, height, [(1, tall), (1, 1), (1, 1)]);
            for way in [1, 3, 6] {
                let file = tagged(&file, way);
                let picture = open(&file).unwrap();
                for eighths in 4..=8 {
                    let side = u32::from(height.max(40)) * eighths / 8;
                    let small = picture.jpeg(side, 90);
                    let case = format!("{tall} samples, {height} rows, {way}, to {side}");
                    let small = small.unwrap_or_else(|error| panic!("{case}: {error}"));
                    let shown = image::load_from_memory(&small.bytes).unwrap().into_rgb8();
                    assert_eq!(shown.dimensions(), small.dimensions, "{case}");
                    assert!(shown.iter().all(|value| value.abs_diff(128) < 2), "{case}");
                }
            }
        }
    }
}

/// If there are fewer samples of brightness than pixels, those are blended, to any size.
#[test]
fn coarse_brightness_is_not_scaled_by_eighths() {
    for (brightness, colour, side) in [
        ((2, 1), (2, 1), 56),
        ((1, 1), (2, 1), 57),
        ((1, 2), (1, 2), 56),
        ((1, 1), (1, 2), 57),
    ] {
        let file = even(64, 64, [brightness, colour, colour]);
        let small = open(&file).unwrap().jpeg(57, 90).unwrap();
        assert_eq!(small.dimensions, (side, side), "{brightness:?}, {colour:?}");
    }
}

#[test]
fn no_file_is_made_smaller_that_is_damaged_further_down() {
    for (sampling, restart_interval) in [(0, 0), (3, 0), (3, 5)] {
        let make = Make {
            width: 140,
            height: 120,
            sampling,
            colour: ColorType::Rgb,
            restart_interval,
            quality: 90,
        };
        let mut file = make.file();
        let below = file.len() / 4 * 3;
        file.splice(below..below + 400, []);
        let picture = open(&file).unwrap();
        let error = picture.jpeg(1000, 95).unwrap_err();
        assert_eq!(error.reason(), "corrupt", "{make:?}");
    }
}

const NAMES: [&str; 10] = [
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

#[test]
fn files_of_every_make_are_read_small() {
    for name in NAMES {
        let file = fixture(name);
        for max_side in [8, 16, 32, 40, 64, 1000] {
            let mean = mean_distance(&small(&file, max_side), &expected(&file, max_side));
            assert!(mean <= 60, "{name} in {max_side}: {mean}");
        }
    }
}

/// A JPEG of one grey, whose components are sampled like this, across and down.
fn even(width: u16, height: u16, factors: [(u8, u8); 3]) -> Vec<u8> {
    let across = factors.iter().map(|own| own.0).max().unwrap();
    let down = factors.iter().map(|own| own.1).max().unwrap();
    let units = width.div_ceil(8 * u16::from(across)) * height.div_ceil(8 * u16::from(down));
    let blocks: u8 = factors.iter().map(|own| own.0 * own.1).sum();
    let [[h1, h0], [w1, w0]] = [height, width].map(u16::to_be_bytes);
    let mut frame = vec![8, h1, h0, w1, w0, 3];
    for (id, (across, down)) in (1..).zip(factors) {
        frame.extend([id, across << 4 | down, 0]);
    }
    // A bit for a difference of nothing, and another one for the end of the block.
    let code = [&[1], [0; 16].as_slice()].concat();
    let codes = [&[0x00], code.as_slice(), &[0x10], &code].concat();
    let data = vec![0; (usize::from(units) * usize::from(blocks)).div_ceil(4)];
    [
        b"\xff\xd8".as_slice(),
        &segment(0xdb, &[&[0], [1; 64].as_slice()].concat()),
        &segment(0xc0, &frame),
        &segment(0xc4, &codes),
        &segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
        &data,
        b"\xff\xd9",
    ]
    .concat()
}
