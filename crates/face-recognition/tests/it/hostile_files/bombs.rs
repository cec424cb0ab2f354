//! Small files that claim to be large.

use super::case::{CORRUPT, CUT, Case, FINE, TOO_MANY, case};
use super::forge::{blank_png, bmp, gif, png_with, resized, scans, webp, zeros};
use crate::pictures::fixture;

pub(super) fn bombs_as_png() -> Vec<Case> {
    let rgba16 = [16, 6, 0];
    let inflating = |name: &[u8]| [name, &[0, 0], &zeros(400 << 20)].concat();
    let text = [b"a\0\x01\0\0\0".as_slice(), &zeros(400 << 20)].concat();
    vec![
        case(
            "PNG of 65,535 by 65,535",
            blank_png((65_535, 65_535), [8, 2, 0], b""),
            TOO_MANY,
        ),
        case(
            "PNG of 400 megapixels",
            blank_png((20_000, 20_000), [8, 2, 0], b""),
            TOO_MANY,
        ),
        case(
            "PNG of two billion a side",
            blank_png((u32::MAX >> 1, u32::MAX >> 1), [8, 2, 0], b""),
            TOO_MANY,
        ),
        case(
            "PNG of few pixels with many bytes",
            blank_png((9_000, 9_000), rgba16, b""),
            TOO_MANY,
        ),
        case(
            "interlaced PNG of 400 megapixels",
            blank_png((20_000, 20_000), [8, 2, 1], b""),
            TOO_MANY,
        ),
        case(
            "PNG that holds all that it claims",
            blank_png((3_000, 3_000), [8, 0, 0], &zeros(3_001 * 3_000)),
            FINE,
        ),
        case(
            "PNG whose data goes on and on",
            blank_png((100, 100), [8, 0, 0], &zeros(400 << 20)),
            FINE,
        ),
        case(
            "PNG with a colour profile of 400 MB",
            png_with(*b"iCCP", &inflating(b"a")),
            FINE,
        ),
        case(
            "PNG with a text of 400 MB",
            png_with(*b"zTXt", &inflating(b"a")),
            FINE,
        ),
        case(
            "PNG with an international text of 400 MB",
            png_with(*b"iTXt", &text),
            FINE,
        ),
    ]
}

pub(super) fn other_bombs() -> Vec<Case> {
    let mut claiming = fixture("lossless-alpha.webp");
    claiming.extend(b"EXIF\xff\xff\xff\xff");
    let length = u32::try_from(claiming.len() - 8).unwrap();
    claiming[4..8].copy_from_slice(&length.to_le_bytes());
    vec![
        case(
            "GIF of 65,535 by 65,535",
            gif((65_535, 65_535), (1, 1), 1),
            TOO_MANY,
        ),
        case(
            "GIF whose frame is larger than its canvas",
            gif((10, 10), (20_000, 20_000), 400_000_000),
            TOO_MANY,
        ),
        case(
            "GIF whose frame is a little larger",
            gif((10, 10), (11, 10), 110),
            FINE,
        ),
        case(
            "BMP of two billion a side",
            bmp(i32::MAX, i32::MAX, 0),
            TOO_MANY,
        ),
        case("BMP of 400 megapixels", bmp(20_000, 20_000, 0), TOO_MANY),
        case("BMP of the lowest height", bmp(10, i32::MIN, 0), TOO_MANY),
        case(
            "WebP of 16,383 by 16,383",
            webp(*b"VP8L", b"\x2f\xfe\xbf\xff\x0f\0\0\0\0"),
            TOO_MANY,
        ),
        case(
            "WebP canvas of 16 million a side",
            webp(*b"VP8X", b"\0\0\0\0\xff\xff\xff\xff\xff\xff"),
            CORRUPT,
        ),
        case("WebP with a part of 4 GB", claiming, CUT),
        case(
            "JPEG of 65,535 by 65,535",
            resized("420.jpg", 65_535, 65_535),
            TOO_MANY,
        ),
        case(
            "JPEG a little wider than others show it",
            resized("420.jpg", 65_501, 1),
            TOO_MANY,
        ),
        case(
            "JPEG of 100 megapixels in a few hundred bytes",
            resized("420.jpg", 10_000, 9_999),
            CUT,
        ),
        case(
            "JPEG of 16 megapixels in a few hundred bytes",
            resized("420.jpg", 4_000, 4_000),
            CUT,
        ),
        case(
            "progressive JPEG of 90 megapixels",
            resized("progressive.jpg", 9_000, 9_999),
            TOO_MANY,
        ),
        case("progressive JPEG of 5,000 scans", scans(5_000), CORRUPT),
        case(
            "side of 50,000",
            blank_png((1, 50_000), [8, 0, 0], &zeros(100_000)),
            FINE,
        ),
    ]
}
