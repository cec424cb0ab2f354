//! Files that call themselves pictures.

use face::{Face, Gender, Rect};
use picture::{Annotated, Header, Limits, Mark, Options, Picture};

/// Small, so that an input costs microseconds and a broken bound shows.
const SMALL: Limits = Limits {
    max_pixels: 1 << 16,
    max_side: 4096,
    max_decoded_bytes: 1 << 20,
};

/// Reads the header under the limits of the service.
pub(crate) fn header(input: &[u8]) {
    let limits = Limits::default();
    let Ok(picture) = Picture::open(input, &limits) else {
        return;
    };
    within(picture.header(), &limits);
    let again = Picture::open(input, &limits);
    assert_eq!(
        again.map(|picture| *picture.header()).ok(),
        Some(*picture.header()),
        "read twice"
    );
}

fn within(header: &Header, limits: &Limits) {
    let pixels = u64::from(header.width) * u64::from(header.height);
    assert!((1..=limits.max_pixels).contains(&pixels), "{header:?}");
    assert!(
        header.width.max(header.height) <= limits.max_side,
        "{header:?}"
    );
}

/// Reads the orientation from an EXIF block, in the place where cameras put it.
pub(crate) fn exif(input: &[u8]) {
    let block = &input[..input.len().min(60_000)];
    let Ok(length) = u16::try_from(block.len() + 8) else {
        return;
    };
    let mut file = b"\xff\xd8\xff\xe1".to_vec();
    file.extend(length.to_be_bytes());
    file.extend(b"Exif\0\0");
    file.extend(block);
    // A table, one grey component of 9 by 7 pixels, a scan without data, the end.
    file.extend(b"\xff\xdb\x00\x43\x00");
    file.extend([1; 64]);
    file.extend(b"\xff\xc0\x00\x0b\x08\x00\x07\x00\x09\x01\x01\x11\x00");
    file.extend(b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\xff\xd9");
    let picture = Picture::open(&file, &Limits::default());
    assert!(picture.is_ok(), "EXIF spoils a photo: {picture:?}");
    if let Ok(picture) = picture {
        let (width, height) = picture.header().dimensions();
        assert!((width, height) == (9, 7) || (width, height) == (7, 9));
    }
}

/// Decodes, shrinks, encodes, and reads the result.
pub(crate) fn decode(input: &[u8]) {
    let Ok(picture) = Picture::open(input, &SMALL) else {
        return;
    };
    within(picture.header(), &SMALL);
    let size = picture.header().dimensions();
    let plan = picture.plan(&[], Options::default());
    let Ok(encoded) = picture.redraw(&plan) else {
        return;
    };
    readable(&encoded, size);
    if let Ok(small) = picture.rgb(32) {
        assert!(
            small.width() <= 32 && small.height() <= 32,
            "not scaled down"
        );
    }
}

/// Draws upon a file, a JPEG without decoding it.
pub(crate) fn patched(input: &[u8]) {
    let Ok(picture) = Picture::open(input, &SMALL) else {
        return;
    };
    let (width, height) = picture.header().dimensions();
    for mark in [Mark::Box, Mark::Mosaic, Mark::Blur] {
        let options = Options {
            mark,
            ..Options::default()
        };
        let plan = picture.plan(&[face_of(width, height)], options);
        let result = picture.annotate(&plan);
        let in_place = Picture::annotate_in_place(input.to_vec(), &SMALL, &plan);
        assert_eq!(result.is_ok(), in_place.is_ok(), "not so in place");
        let (Ok(result), Ok(in_place)) = (result, in_place) else {
            return;
        };
        assert!(result.bytes == in_place.bytes, "other bytes in place");
        readable(&result, (width, height));
        let small = picture.rgb(32);
        assert!(small.is_ok(), "annotated, not read: {small:?}");
        let Ok(again) = Picture::open(&result.bytes, &Limits::default()) else {
            return;
        };
        let again = again.annotate(&again.plan(&[], Options::default()));
        assert!(again.is_ok(), "annotated beyond recognition: {again:?}");
    }
}

/// A face in the middle.
fn face_of(width: u32, height: u32) -> Face {
    Face {
        rect: Rect {
            left: width / 4,
            top: height / 4,
            width: (width / 2).max(1),
            height: (height / 2).max(1),
        },
        probability: None,
        gender: Some(Gender::Female),
        gender_probability: None,
        age: Some(37),
    }
}

/// Our own result is a picture of this size.
fn readable(result: &Annotated, size: (u32, u32)) {
    let picture = Picture::open(&result.bytes, &Limits::default());
    assert!(
        picture.is_ok(),
        "our own result cannot be read: {picture:?}"
    );
    if let Ok(picture) = picture {
        let header = picture.header();
        assert_eq!(header.dimensions(), size, "the result has another size");
        assert_eq!(header.format.media_type(), result.content_type);
    }
}
