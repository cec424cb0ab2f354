//! Every odd kind of file by name: the result, or the reason of the refusal.

use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use picture::{Limits, Picture};

use crate::odd_files::bmps;
use crate::pictures::{annotated, fixture, redrawn, woman};

/// A face whose label is short enough to leave most of a small picture alone.
fn nameless(left: u32, top: u32, side: u32) -> face::Face {
    face::Face {
        age: None,
        ..woman(left, top, side)
    }
}

/// The quadrants of every fixture, at places that neither banner nor label reach.
const QUADRANTS: [(u32, u32, [u8; 3]); 3] = [
    (6, 16, [200, 30, 30]),
    (58, 16, [30, 160, 40]),
    (6, 32, [30, 50, 190]),
];

fn reopened(name: &str, file: &[u8]) -> (RgbImage, Option<Vec<u8>>) {
    let reader = ImageReader::new(std::io::Cursor::new(file))
        .with_guessed_format()
        .unwrap();
    let mut decoder = reader
        .into_decoder()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let profile = decoder.icc_profile().unwrap();
    (
        DynamicImage::from_decoder(decoder).unwrap().into_rgb8(),
        profile,
    )
}

#[test]
fn each_file_comes_back_as_the_kind_it_was() {
    // Name, tolerated difference per channel.
    let cases = [
        ("420.jpg", 12),
        ("422.jpg", 12),
        ("444-icc.jpg", 12),
        ("progressive.jpg", 12),
        ("restarts.jpg", 12),
        ("rgb.jpg", 12),
        ("cmyk.jpg", 12),
        ("interlaced-palette.png", 0),
        ("palette-alpha.png", 0),
        ("alpha.png", 0),
        ("lossy.webp", 8),
        ("lossless-alpha.webp", 0),
        ("palette.bmp", 0),
        ("24-bit.bmp", 0),
        ("still.gif", 0),
    ];
    for (name, tolerance) in cases {
        let file = fixture(name);
        let result = annotated(&file, &[nameless(26, 18, 12)]).unwrap();
        assert_eq!(
            image::guess_format(&result).unwrap(),
            image::guess_format(&file).unwrap(),
            "{name}"
        );
        let (before, profile) = reopened(name, &file);
        let (after, kept) = reopened(name, &result);
        assert_eq!(kept, profile, "{name}: colour profile");
        assert_eq!(after.dimensions(), before.dimensions(), "{name}");
        for (x, y, colour) in QUADRANTS {
            for (shown, expected) in after.get_pixel(x, y).0.into_iter().zip(colour) {
                let difference = shown.abs_diff(expected);
                assert!(
                    difference <= tolerance,
                    "{name} at {x}, {y}: {shown} for {expected}"
                );
            }
        }
        // The upper border of the box, in amber.
        let border = after.get_pixel(32, 18).0;
        assert!(
            border[0] > 200 && border[1] > 120 && border[2] < 90,
            "{name}: {border:?}"
        );
    }
}

#[test]
fn shades_of_grey_stay_shades_of_grey_at_their_depth() {
    let cases = [
        ("grey.jpg", image::ColorType::L8),
        ("grey-16.png", image::ColorType::L16),
        ("grey-alpha.png", image::ColorType::La8),
        ("one-bit.png", image::ColorType::L8),
    ];
    for (name, expected) in cases {
        let result = annotated(&fixture(name), &[nameless(26, 18, 12)]).unwrap();
        let decoder = ImageReader::new(std::io::Cursor::new(result))
            .with_guessed_format()
            .unwrap()
            .into_decoder()
            .unwrap();
        assert_eq!(decoder.color_type(), expected, "{name}");
    }
}

/// Pillow cannot write YCCK, so this one is made here.
#[test]
fn ycck_comes_back_as_ycck() {
    let inks = [10, 200, 190, 40].repeat(64 * 48);
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 98)
        .encode(&inks, 64, 48, jpeg_encoder::ColorType::CmykAsYcck)
        .unwrap();
    let result = annotated(&file, &[nameless(26, 18, 12)]).unwrap();
    let adobe = result
        .windows(5)
        .position(|window| window == b"Adobe")
        .unwrap();
    assert_eq!(result[adobe + 11], 2, "the transform that means YCCK");
    let (before, _) = reopened("ycck", &file);
    let (after, _) = reopened("ycck", &result);
    for (one, other) in before
        .get_pixel(6, 16)
        .0
        .into_iter()
        .zip(after.get_pixel(6, 16).0)
    {
        assert!(one.abs_diff(other) < 4);
    }
    assert!(after.get_pixel(32, 18).0[0] > 200, "the box is amber");
}

#[test]
fn each_refusal_has_its_reason() {
    let jpeg = fixture("420.jpg");
    let mut no_end = jpeg.clone();
    no_end.truncate(jpeg.len() * 2 / 3);
    let arithmetic: Vec<u8> = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .map(|at| {
            let mut file = jpeg.clone();
            file[at + 1] = 0xc9;
            file
        })
        .unwrap();
    let cases = [
        ("nothing at all", Vec::new(), "not_a_picture"),
        (
            "a text called photo.jpg",
            b"<html>not found</html>".to_vec(),
            "not_a_picture",
        ),
        (
            "an iPhone's HEIC",
            b"\0\0\0\x18ftypheic\0\0\0\0heic".to_vec(),
            "unsupported_format",
        ),
        ("arithmetic coding", arithmetic, "unsupported_format"),
        ("animated GIF", fixture("animated.gif"), "animated"),
        ("animated PNG", fixture("animated.png"), "animated"),
        ("animated WebP", fixture("animated.webp"), "animated"),
        ("decompression bomb", fixture("bomb.png"), "too_many_pixels"),
        ("zero pixels", fixture("empty.png"), "empty_picture"),
        ("JPEG cut in its data", no_end, "truncated"),
        ("JPEG cut in its header", jpeg[..100].to_vec(), "truncated"),
        ("PNG cut in its data", cut("alpha.png"), "truncated"),
        ("GIF cut in its data", cut("still.gif"), "truncated"),
        ("BMP cut in its data", cut("24-bit.bmp"), "truncated"),
        ("WebP cut in its data", cut("lossy.webp"), "truncated"),
    ];
    for (name, file, reason) in cases {
        let error = redrawn(&file, &[])
            .err()
            .unwrap_or_else(|| panic!("{name} was decoded"));
        assert_eq!(error.reason(), reason, "{name}: {error:?}");
    }
}

fn cut(name: &str) -> Vec<u8> {
    let mut file = fixture(name);
    file.truncate(file.len() * 2 / 3);
    file
}

/// There are such files, and each program makes something else of them.
#[test]
fn a_bmp_whose_pixels_are_its_palette_is_refused() {
    for (name, file) in bmps() {
        let [begin, length] = [10, 14].map(|at| {
            let bytes = file[at..].first_chunk().unwrap();
            u32::from_le_bytes(*bytes)
        });
        let has_palette = matches!(name, "8 bits" | "4 bits" | "1 bit" | "runs");
        for (place, is_refused) in [
            (begin, false),
            (14 + length, has_palette),
            (14 + length - 1, true),
            (0, true),
        ] {
            let mut file = file.clone();
            file[10..14].copy_from_slice(&place.to_le_bytes());
            let opened = Picture::open(&file, &Limits::default());
            let reason = opened.err().map(|error| error.reason());
            let expected = is_refused.then_some("corrupt");
            assert_eq!(reason, expected, "{name}, pixels at {place}");
        }
    }
}

#[test]
fn limits_are_checked_on_the_header() {
    let limits = Limits {
        max_pixels: 64 * 48 - 1,
        ..Limits::default()
    };
    for name in [
        "420.jpg",
        "progressive.jpg",
        "alpha.png",
        "lossy.webp",
        "24-bit.bmp",
        "still.gif",
    ] {
        let error = Picture::open(&fixture(name), &limits).unwrap_err();
        assert_eq!(
            error.to_string(),
            "3072 pixels exceed the limit of 3071 (`FACE_MAX_PIXELS`)",
            "{name}"
        );
    }
}

#[test]
fn a_polyglot_loses_its_other_half() {
    let mut file = fixture("420.jpg");
    file.extend_from_slice(b"PK\x03\x04<script>alert(1)</script>");
    let result = annotated(&file, &[]).unwrap();
    assert!(!result.windows(7).any(|window| window == b"<script"));
}
