//! Progressive JPEG files are drawn upon in their code, scan by scan: the result has the scans of
//! its source, and pixels beside the drawing are the same to the last bit in any decoder.

use face::Face;
use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};
use picture::Options;
use proptest::prelude::*;

use crate::forge::tagged;
use crate::patches::{Make, distance, drawn, faces, is_near, makes};
use crate::pictures::{annotated, fixture, open, redrawn, somebody, woman};

const FILES: [&str; 4] = [
    "progressive.jpg",
    "progressive-420.jpg",
    "progressive-grey.jpg",
    "progressive-restarts.jpg",
];

/// As another decoder shows it.
fn shown(file: &[u8]) -> RgbImage {
    image::load_from_memory(file).unwrap().into_rgb8()
}

/// Pixels that are not near the drawing are the same, others are not.
fn exact(name: &str, file: &[u8], faces: &[Face]) -> Vec<u8> {
    let result = annotated(file, faces).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (before, after) = (shown(file), shown(&result));
    let drawn = drawn(before.width(), before.height(), faces);
    for (x, y, pixel) in after.enumerate_pixels() {
        assert!(
            pixel == before.get_pixel(x, y) || is_near(&drawn, (x, y), (16, 16)),
            "{name} at {x}, {y}"
        );
    }
    assert!(
        before != after || drawn.pixels().all(|pixel| pixel.0 == [0; 3]),
        "{name}: nothing is drawn"
    );
    result
}

/// The headers of all scans.
fn scans(file: &[u8]) -> Vec<&[u8]> {
    let is_scan = |at: &usize| file[*at..].starts_with(b"\xff\xda");
    let headers = (0..file.len()).filter(is_scan).map(|at| {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        &file[at..at + length]
    });
    headers.collect()
}

fn restarts(file: &[u8]) -> usize {
    let pairs = file.windows(2);
    pairs
        .filter(|pair| matches!(pair, [0xff, 0xd0..=0xd7]))
        .count()
}

#[test]
fn pixels_beside_the_drawing_are_the_same_and_so_are_the_scans() {
    for name in FILES {
        let file = fixture(name);
        let (width, height) = open(&file).unwrap().header().dimensions();
        for (left, top) in [(0, 0), (width / 3, height / 2), (width - 14, height - 12)] {
            let result = exact(name, &file, &[somebody(left, top, 12)]);
            assert_eq!(scans(&result), scans(&file), "{name}");
            assert_eq!(restarts(&result), restarts(&file), "{name}");
        }
        exact(name, &file, &[woman(20, 12, 30)]);
    }
}

#[test]
fn a_result_is_hardly_larger_than_its_source() {
    let file = fixture("progressive-420.jpg");
    let result = annotated(&file, &[somebody(60, 40, 12)]).unwrap();
    let more = result.len() - file.len();
    // Codes that the file did without, and a box of some 15 blocks.
    assert!(more < 2500, "{more} bytes more");
    let copy = annotated(&file, &[]).unwrap();
    assert_eq!(copy.len(), file.len());
}

/// The result of one on its side is that of a sequential file of the same coefficients.
#[test]
fn whole_blocks_of_a_turned_file_lose_nothing() {
    let [width, height] = [96_u16, 64];
    let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height) * 3)
        .map(|at| u8::try_from(at * at / 331 % 251).unwrap())
        .collect();
    let file = |is_progressive: bool| {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 90);
        encoder.set_progressive(is_progressive);
        encoder
            .encode(&pixels, width, height, ColorType::Rgb)
            .unwrap();
        file
    };
    let [one, other] = [file(true), file(false)];
    for way in 2..=8 {
        for faces in [vec![], vec![somebody(30, 20, 20)]] {
            let result = annotated(&tagged(&one, way), &faces).unwrap();
            let expected = annotated(&tagged(&other, way), &faces).unwrap();
            assert_eq!(shown(&result), shown(&expected), "orientation {way}");
        }
    }
}

/// The bit for each coefficient, and the blocks that are drawn upon.
#[test]
fn memory_is_a_fraction_of_the_coefficients() {
    let mut file = fixture("progressive-420.jpg");
    let frame = crate::forge::frame_at(&file) + 5;
    file[frame..frame + 4].copy_from_slice(&[0x0b, 0xb8, 0x0f, 0xa0]); // 3000 by 4000
    file.resize(30_000, 0); // Long enough to be believed.
    let picture = open(&file).unwrap();
    let plan = picture.plan(&[somebody(1000, 1000, 500)], Options::default());
    let bytes = picture.annotate_bytes(&plan);
    assert!(bytes < 12 << 20, "{bytes}");
}

/// The same picture, all frequencies of each component in some scans of their own.
fn progressive(make: &Make) -> Vec<u8> {
    let pixels = shown(&make.file());
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, make.quality);
    encoder.set_progressive_scans(2 + make.quality % 30);
    encoder.set_restart_interval(make.restart_interval);
    encoder
        .encode(&pixels, make.width, make.height, ColorType::Rgb)
        .unwrap();
    file
}

proptest! {
    #[test]
    fn files_of_another_encoder_are_exact(make in makes(), faces in faces()) {
        exact("a file", &progressive(&make), &faces);
    }

    #[test]
    fn what_is_drawn_looks_as_if_drawn_on_pixels(make in makes(), faces in faces()) {
        let make = Make { quality: 95, ..make };
        let file = progressive(&make);
        let one = shown(&annotated(&file, &faces).unwrap());
        let other = shown(&redrawn(&file, &faces).unwrap());
        let far: u32 = one.pixels().zip(other.pixels()).map(|(one, other)| distance(*one, *other)).sum();
        let mean = far / 3 / (one.width() * one.height());
        prop_assert!(mean <= 8, "{} on average", mean);
    }
}
