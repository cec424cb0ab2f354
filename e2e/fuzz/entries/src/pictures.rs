//! Files that call themselves pictures.

use face::{Face, Gender, Rect};
use picture::annotate::annotate;
use picture::{EncodedPicture, Header, Limits, Picture, Sheet, patch, rgb};

/// Small, so that an input costs microseconds and a broken bound shows.
const SMALL: Limits = Limits {
    max_pixels: 1 << 16,
    max_side: 4096,
    max_decoded_bytes: 1 << 20,
};

/// Reads the header under the limits of the service.
pub(crate) fn header(input: &[u8]) {
    let limits = Limits::default();
    let Ok(header) = Header::read(input, &limits) else {
        return;
    };
    within(&header, &limits);
    assert_eq!(
        Header::read(input, &limits).ok(),
        Some(header),
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
    let bytes = header.patch_bytes.unwrap_or(header.working_bytes);
    assert!(bytes <= limits.max_decoded_bytes, "{header:?}");
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
    let header = Header::read(&file, &Limits::default());
    assert!(header.is_ok(), "EXIF spoils a photo: {header:?}");
    if let Ok(header) = header {
        let (width, height) = header.dimensions();
        assert!((width, height) == (9, 7) || (width, height) == (7, 9));
    }
}

/// Decodes, shrinks, encodes, and reads the result.
pub(crate) fn decode(input: &[u8]) {
    let Ok(header) = Header::read(input, &SMALL) else {
        return;
    };
    within(&header, &SMALL);
    let Ok(picture) = Picture::decode(input, &header, &SMALL) else {
        return;
    };
    let size = picture.dimensions();
    assert_eq!(size, header.dimensions(), "the picture is not as announced");
    let luma = picture.luma(32);
    assert!(luma.width() <= 32 && luma.height() <= 32, "not scaled down");
    let _ = picture.rgb(32);
    let Ok(encoded) = picture.encode() else {
        return;
    };
    readable(&encoded, size);
}

/// Draws upon a JPEG file without decoding it.
pub(crate) fn patched(input: &[u8]) {
    let Ok(header) = Header::read(input, &SMALL) else {
        return;
    };
    let (width, height) = header.dimensions();
    let sheet = annotate((width, height), &[face_of(width, height)]);
    let Ok(Some(result)) = patch(input, &header, &sheet) else {
        return;
    };
    readable(&result, (width, height));
    let small = rgb(input, &header, 32);
    assert!(matches!(small, Ok(Some(_))), "patched, not read: {small:?}");
    let Ok(again) = Header::read(&result.bytes, &Limits::default()) else {
        return;
    };
    let again = patch(&result.bytes, &again, &Sheet::new(width, height));
    assert!(
        matches!(again, Ok(Some(_))),
        "patched beyond recognition: {again:?}"
    );
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
fn readable(result: &EncodedPicture, size: (u32, u32)) {
    let header = Header::read(&result.bytes, &Limits::default());
    assert!(header.is_ok(), "our own result cannot be read: {header:?}");
    if let Ok(header) = header {
        assert_eq!(header.dimensions(), size, "the result has another size");
        assert_eq!(header.format.media_type(), result.content_type);
    }
}
