//! JPEG files that are drawn upon without being decoded: pixels beside the drawing are the same to
//! the last bit, and the drawing looks as if it had been drawn on pixels.

use face::Face;
use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use picture::{Metadata, Options};
use proptest::prelude::*;

use crate::pictures::{annotated, annotated_with, fixture, png, redrawn, shown, woman};

/// Luma samples per chroma sample, across and down, as an encoder writes them.
const SAMPLINGS: [(SamplingFactor, u32, u32); 4] = [
    (SamplingFactor::F_1_1, 1, 1),
    (SamplingFactor::F_2_1, 2, 1),
    (SamplingFactor::F_1_2, 1, 2),
    (SamplingFactor::F_2_2, 2, 2),
];

/// How a file is made.
#[derive(Debug, Clone)]
pub(crate) struct Make {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) sampling: usize,
    pub(crate) colour: ColorType,
    pub(crate) restart_interval: u16,
    pub(crate) quality: u8,
}

impl Make {
    pub(crate) fn file(&self) -> Vec<u8> {
        let channels = match self.colour {
            ColorType::Luma => 1,
            ColorType::Rgb => 3,
            _ => 4,
        };
        let size = usize::from(self.width) * usize::from(self.height) * channels;
        // Soft shapes and some grain.
        let pixels: Vec<u8> = (0..size)
            .map(|at| {
                let (pixel, channel) = (at / channels, at % channels);
                let (x, y) = (
                    pixel % usize::from(self.width),
                    pixel / usize::from(self.width),
                );
                let grain = x.wrapping_mul(31).wrapping_mul(y + 7) % 23;
                u8::try_from((x * (channel + 1) + 2 * y) % 200 + grain).unwrap()
            })
            .collect();
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.quality);
        encoder.set_sampling_factor(SAMPLINGS[self.sampling].0);
        encoder.set_restart_interval(self.restart_interval);
        encoder
            .encode(&pixels, self.width, self.height, self.colour)
            .unwrap();
        file
    }

    /// Pixels of a unit of the file's code, in the worst case.
    pub(crate) fn unit(&self) -> (u32, u32) {
        let (_, across, down) = SAMPLINGS[self.sampling];
        (8 * across, 8 * down)
    }
}

pub(crate) fn makes() -> impl Strategy<Value = Make> {
    let colours = [
        ColorType::Rgb,
        ColorType::Luma,
        ColorType::Cmyk,
        ColorType::CmykAsYcck,
    ];
    (
        (1_u16..150, 1_u16..150),
        0..SAMPLINGS.len(),
        prop::sample::select(colours.to_vec()),
        0_u16..9,
        40_u8..=98,
    )
        .prop_map(
            |((width, height), sampling, colour, restart_interval, quality)| Make {
                width,
                height,
                // Other colours are hardly ever sampled coarsely.
                sampling: if colour == ColorType::Rgb {
                    sampling
                } else {
                    0
                },
                colour,
                restart_interval,
                quality,
            },
        )
}

pub(crate) fn faces() -> impl Strategy<Value = Vec<Face>> {
    let face =
        (0_u32..150, 0_u32..150, 0_u32..90).prop_map(|(left, top, side)| woman(left, top, side));
    prop::collection::vec(face, 0..3)
}

/// White where anything is drawn.
pub(crate) fn drawn(width: u32, height: u32, faces: &[Face]) -> RgbImage {
    let grey = png(&RgbImage::from_pixel(width, height, Rgb([128; 3])));
    let mut result = shown(&annotated(&grey, faces).unwrap());
    for pixel in result.pixels_mut() {
        *pixel = if pixel.0 == [128; 3] {
            Rgb([0; 3])
        } else {
            Rgb([255; 3])
        };
    }
    result
}

/// Whether anything is drawn on the unit of this pixel, or on one whose colours may run into it.
pub(crate) fn is_near(drawn: &RgbImage, (x, y): (u32, u32), unit: (u32, u32)) -> bool {
    let reach = |at: u32, unit: u32, side: u32| {
        let first = at.saturating_sub(unit / 8) / unit * unit;
        let last = ((at + unit / 8) / unit + 1) * unit;
        first..last.min(side)
    };
    let columns = reach(x, unit.0, drawn.width());
    reach(y, unit.1, drawn.height())
        .any(|y| columns.clone().any(|x| drawn.get_pixel(x, y).0 == [255; 3]))
}

pub(crate) fn distance(one: Rgb<u8>, other: Rgb<u8>) -> u32 {
    one.0
        .iter()
        .zip(other.0)
        .map(|(one, other)| u32::from(one.abs_diff(other)))
        .sum()
}

proptest! {
    #[test]
    fn what_is_not_drawn_upon_is_the_same_to_the_last_bit(make in makes(), faces in faces()) {
        let file = make.file();
        let result = annotated(&file, &faces).unwrap();
        let (before, after) = (shown(&file), shown(&result));
        let drawn = drawn(make.width.into(), make.height.into(), &faces);
        for (x, y, pixel) in after.enumerate_pixels() {
            prop_assert!(
                pixel == before.get_pixel(x, y) || is_near(&drawn, (x, y), make.unit()),
                "{} x {}", x, y
            );
        }
    }

    #[test]
    fn what_is_drawn_looks_as_if_drawn_on_pixels(make in makes(), faces in faces()) {
        // Lines of one pixel have a colour of their own only if every pixel has.
        let make = Make { sampling: 0, quality: 95, ..make };
        let file = make.file();
        let one = shown(&annotated(&file, &faces).unwrap());
        let other = shown(&redrawn(&file, &faces).unwrap());
        let far: u32 = one.pixels().zip(other.pixels()).map(|(one, other)| distance(*one, *other)).sum();
        let mean = far / 3 / (one.width() * one.height());
        prop_assert!(mean <= 8, "{} on average", mean);
    }
}

/// Codes that lack symbols, one scan per component, and colour of a quarter of the width, all
/// of them written by another encoder.
#[test]
fn odd_files_are_patched_as_well() {
    let faces = [woman(26, 18, 12)];
    let drawn = drawn(64, 48, &faces);
    for name in [
        "411.jpg",
        "440.jpg",
        "optimised.jpg",
        "scans.jpg",
        "scans-420.jpg",
    ] {
        let file = fixture(name);
        let (before, after) = (shown(&file), shown(&annotated(&file, &faces).unwrap()));
        for (x, y, pixel) in after.enumerate_pixels() {
            assert!(
                pixel == before.get_pixel(x, y) || is_near(&drawn, (x, y), (32, 16)),
                "{name} at {x}, {y}"
            );
        }
        assert_ne!(before, after, "{name}");
    }
}

/// Places that only arithmetic can find: the last pixels of a picture that ends within a unit.
#[test]
fn boxes_at_the_edge_are_as_bright_as_others() {
    let make = Make {
        width: 149,
        height: 93,
        sampling: 3,
        colour: ColorType::Luma,
        restart_interval: 0,
        quality: 90,
    };
    let result = shown(&annotated(&make.file(), &[woman(60, 30, 200)]).unwrap());
    let mint = result.get_pixel(60, 60)[0];
    for (name, x, y) in [("right", 148, 60), ("bottom", 100, 92), ("corner", 148, 92)] {
        let edge = result.get_pixel(x, y)[0];
        assert!(edge.abs_diff(mint) < 12, "{name}: {edge}, not {mint}");
    }
}

#[test]
fn nothing_but_the_profile_is_kept_of_metadata_that_is_stripped() {
    let annotated = |file: &[u8]| {
        let options = Options {
            metadata: Some(Metadata::Strip),
            ..Options::default()
        };
        annotated_with(file, &[], options).unwrap()
    };
    let file = fixture("444-icc.jpg");
    let secret = b"\xff\xe1\0\x18Exif\0\0 home address \xff\xfe\0\x08secret\xff\xe2\0\x06MPF\0";
    let told = [&file[..2], secret, &file[2..], b"more"].concat();
    let result = annotated(&told);
    assert_eq!(result, annotated(&file));
    assert!(result.windows(12).any(|window| window == b"ICC_PROFILE\0"));
    for secret in [b"secret", b"home a"] {
        assert!(!result.windows(6).any(|window| window == secret));
    }
}
