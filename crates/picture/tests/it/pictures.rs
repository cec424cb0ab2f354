//! Pictures for tests: the fixtures, and what is made on the spot.

use std::path::Path;

use face::{Face, Gender, Rect};
use picture::annotate::annotate;
use picture::{Header, Limits, Picture, PictureError, patch};

/// A file from `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Header and pixels of a file, under the default limits.
pub(crate) fn decode(file: &[u8]) -> Result<Picture, PictureError> {
    let limits = Limits::default();
    Picture::decode(file, &Header::read(file, &limits)?, &limits)
}

/// Annotates as the service does: without decoding where that can be done.
pub(crate) fn annotated(file: &[u8], faces: &[Face]) -> Result<Vec<u8>, PictureError> {
    let limits = Limits::default();
    let header = Header::read(file, &limits)?;
    let sheet = annotate(header.dimensions(), faces);
    match patch(file, &header, &sheet)? {
        Some(result) => Ok(result.bytes),
        None => annotated_by_pixels(file, faces),
    }
}

/// Decodes, annotates and encodes.
pub(crate) fn annotated_by_pixels(file: &[u8], faces: &[Face]) -> Result<Vec<u8>, PictureError> {
    let mut picture = decode(file)?;
    picture.lay(&annotate(picture.dimensions(), faces));
    Ok(picture.encode()?.bytes)
}

/// A face of known gender and age.
pub(crate) fn woman(left: u32, top: u32, side: u32) -> Face {
    Face {
        rect: Rect {
            left,
            top,
            width: side,
            height: side,
        },
        probability: None,
        gender: Some(Gender::Female),
        gender_probability: None,
        age: Some(37),
    }
}

/// A face of which nothing is known.
pub(crate) fn somebody(left: u32, top: u32, side: u32) -> Face {
    Face {
        gender: None,
        gender_probability: None,
        age: None,
        ..woman(left, top, side)
    }
}
