//! Boxes and hidden faces in the picture, and that nothing else changes.

use image::{Rgb, RgbImage};
use picture::{Banner, Mark, Options, PictureError};

use crate::forge::{chunk, inserted};
use crate::pictures::{annotated, fixture, open, png, shown, somebody, woman};

const AMBER: Rgb<u8> = Rgb([255, 176, 0]);

#[test]
fn a_box_is_drawn_where_the_face_is() {
    let grey = RgbImage::from_pixel(640, 480, Rgb([128; 3]));
    let shown = shown(&annotated(&png(&grey), &[woman(200, 150, 120)]).unwrap());
    for (name, x, y) in [
        ("left", 200, 200),
        ("right", 319, 200),
        ("bottom", 250, 269),
        ("corner", 319, 269),
    ] {
        assert_eq!(*shown.get_pixel(x, y), AMBER, "{name}");
    }
    assert_eq!(shown.get_pixel(260, 210).0, [128; 3], "the face itself");
}

/// Fine stripes, of which nothing is left in the mean of some.
fn stripes() -> RgbImage {
    RgbImage::from_fn(320, 240, |x, y| {
        let light = if (x / 2 + y / 2) % 2 == 0 { 230 } else { 30 };
        Rgb([
            light,
            u8::try_from(x / 2).unwrap(),
            u8::try_from(y).unwrap(),
        ])
    })
}

fn hidden(file: &[u8], mark: Mark) -> Result<Vec<u8>, PictureError> {
    let options = Options {
        mark,
        banner: Banner::Never,
        metadata: None,
    };
    let picture = open(file)?;
    let plan = picture.plan(&[somebody(100, 80, 60)], options);
    assert_eq!((plan.marked(), plan.labelled()), (1, 0));
    Ok(picture.annotate(&plan)?.bytes)
}

fn jpeg(pixels: &RgbImage) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 92);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder
        .encode(pixels, 320, 240, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    file
}

/// A few shades are left of the face and its surroundings; every other pixel stays.
#[test]
fn a_hidden_face_cannot_be_seen_and_all_else_is_exact() {
    for mark in [Mark::Mosaic, Mark::Blur] {
        for (name, file, unit) in [("PNG", png(&stripes()), 8), ("JPEG", jpeg(&stripes()), 16)] {
            let (before, after) = (shown(&file), shown(&hidden(&file, mark).unwrap()));
            for (x, y, pixel) in after.enumerate_pixels() {
                let name = format!("{name}, {mark:?} at {x}, {y}");
                if (100..160).contains(&x) && (80..140).contains(&y) {
                    let reds = [after.get_pixel(x + 1, y)[0], after.get_pixel(x, y + 1)[0]];
                    let far = reds.map(|red| red.abs_diff(pixel[0]));
                    assert!(far.iter().all(|&far| far < 24), "{name}: {far:?}");
                }
                // A fifth of the face on each side, and the rest of the last tile or unit.
                let margin = 12 + unit + unit / 8;
                let far = |at: u32, first: u32| at + margin < first || at > first + 60 + margin;
                if far(x, 100) || far(y, 80) {
                    assert_eq!(pixel, before.get_pixel(x, y), "{name}");
                }
            }
        }
    }
}

/// Where the pixels of two faces have the same means, their results are the same.
#[test]
fn nothing_of_a_hidden_face_is_left_in_the_file() {
    let flipped = |file: RgbImage| {
        let mut pixels = file;
        for (x, y) in (0..320).flat_map(|x| (0..240).map(move |y| (x, y))) {
            if (96..160).contains(&x) && (80..136).contains(&y) {
                let pixel = pixels.get_pixel_mut(x, y);
                pixel[0] = 230 - (pixel[0] - 30);
            }
        }
        pixels
    };
    for mark in [Mark::Mosaic, Mark::Blur] {
        let one = hidden(&png(&stripes()), mark).unwrap();
        let other = hidden(&png(&flipped(stripes())), mark).unwrap();
        assert!(one == other, "{mark:?}");
    }
}

#[test]
fn no_metadata_tells_whose_face_is_hidden() {
    let photo = png(&stripes());
    let gamma = chunk(*b"gAMA", &[0, 1, 0x86, 0xa0]);
    let told = [
        gamma.clone(),
        chunk(*b"tEXt", b"Title\0Ada"),
        chunk(*b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0\0\0"),
    ];
    let file = inserted(&photo, 33, &told.concat());
    let has = |file: &[u8], part: &[u8]| file.windows(part.len()).any(|window| window == part);
    let boxed = annotated(&file, &[somebody(100, 80, 60)]).unwrap();
    assert!(has(&boxed, b"Ada") && has(&boxed, b"eXIf"));
    let result = hidden(&file, Mark::Blur).unwrap();
    assert!(has(&result, &gamma), "it decides how pixels are shown");
    assert!(!has(&result, b"Ada") && !has(&result, b"eXIf"));
}

#[test]
fn a_picture_without_faces_keeps_all_of_its_pixels() {
    for name in [
        "420.jpg",
        "progressive.jpg",
        "444-icc.jpg",
        "alpha.png",
        "lossy.webp",
        "palette.bmp",
        "still.gif",
    ] {
        let file = fixture(name);
        let result = annotated(&file, &[]).unwrap();
        let [before, after] = [&file, &result].map(|file| image::load_from_memory(file).unwrap());
        assert_eq!(before, after, "{name}");
    }
}
