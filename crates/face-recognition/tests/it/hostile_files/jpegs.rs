//! JPEGs that break a rule, and tags that do.

use super::case::{CORRUPT, Case, EMPTY, FINE, FOREIGN, case};
use super::forge::resized;
use crate::forge::{exif, frame_at, inserted, jpeg_with, segment, tiff};
use crate::pictures::fixture;

pub(super) fn odd_jpegs() -> Vec<Case> {
    let jpeg = fixture("420.jpg");
    let at = frame_at(&jpeg);
    let coded = |marker: u8| {
        let mut file = jpeg.clone();
        file[at + 1] = marker;
        file
    };
    let mut deep = jpeg.clone();
    deep[at + 4] = 12;
    // One reader may take the first frame header, another the second, or skip the first.
    let small = jpeg[at..at + 19].to_vec();
    let mut large = small.clone();
    large[5..9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    let second = inserted(&jpeg, at + 19, &large);
    let skipped = inserted(&jpeg, at, &[&[0xff, 0x01][..], &large].concat());
    let profile = |number: u8, of: u8| {
        let head = [b"ICC_PROFILE\0".as_slice(), &[number, of]].concat();
        segment(0xe2, &[head.as_slice(), &[7].repeat(65_000)].concat())
    };
    let huge: Vec<u8> = (1..=200).flat_map(|number| profile(number, 200)).collect();
    vec![
        case("arithmetic-coded JPEG", coded(0xc9), FOREIGN),
        case("progressive arithmetic-coded JPEG", coded(0xca), FOREIGN),
        case("lossless JPEG", coded(0xc3), FOREIGN),
        case("hierarchical JPEG", coded(0xc5), FOREIGN),
        case("12-bit JPEG", deep, FOREIGN),
        case("JPEG without width", resized("420.jpg", 0, 48), EMPTY),
        case(
            "JPEG that will say its height later",
            resized("420.jpg", 64, 0),
            EMPTY,
        ),
        case("JPEG with two frame headers", second, CORRUPT),
        case("JPEG whose frame header some skip", skipped, CORRUPT),
        case("JPEG with a profile of 13 MB", jpeg_with(&huge), FINE),
        case(
            "JPEG with the first part of a profile",
            jpeg_with(&profile(1, 9)),
            FINE,
        ),
        case(
            "JPEG with a profile part number 0",
            jpeg_with(&profile(0, 0)),
            FINE,
        ),
        case(
            "JPEG with a short Adobe marker",
            jpeg_with(&segment(0xee, b"Adobe")),
            FINE,
        ),
        case(
            "JPEG with an unknown Adobe transform",
            jpeg_with(&segment(0xee, b"Adobe\0\x64\0\0\0\0\x09")),
            FINE,
        ),
        case(
            "JPEG with a segment of no length",
            jpeg_with(&[0xff, 0xe5, 0, 0]),
            FINE,
        ),
        case(
            "JPEG with 10 MB between its segments",
            jpeg_with(&vec![0xff; 10 << 20]),
            FINE,
        ),
    ]
}

pub(super) fn odd_exif() -> Vec<Case> {
    const ORIENTATION: u16 = 0x112;
    let with = |tiff: &[u8]| jpeg_with(&exif(tiff));
    let says = |value| with(&tiff(ORIENTATION, 3, 1, value, 0));
    vec![
        case("orientation 0", says(0), FINE),
        case("orientation 9", says(9), FINE),
        case("orientation 65,535", says(65_535), FINE),
        case(
            "a directory that follows itself",
            with(&tiff(ORIENTATION, 3, 1, 1, 8)),
            FINE,
        ),
        case(
            "a directory beyond the end",
            with(b"II*\0\xff\xff\xff\x7f"),
            FINE,
        ),
        case(
            "a value beyond the end",
            with(&tiff(ORIENTATION, 4, 9, 0x7fff_ffff, 0)),
            FINE,
        ),
        case(
            "four billion values",
            with(&tiff(ORIENTATION, 4, u32::MAX, 8, 0)),
            FINE,
        ),
        case(
            "an unknown kind of value",
            with(&tiff(ORIENTATION, 99, 1, 1, 0)),
            FINE,
        ),
        case(
            "a sub-directory that is its parent",
            with(&tiff(0x8769, 4, 1, 8, 0)),
            FINE,
        ),
        case("EXIF without anything", with(b""), FINE),
    ]
}
