//! Pictures for tests, and the steps that tests take with them.

use std::path::Path;

use face::{Face, Gender, Rect};
use image::{ImageFormat, RgbImage};
use picture::{Limits, Options, Picture, PictureError};

/// A file from `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Opens a file under the default limits.
pub(crate) fn open(file: &[u8]) -> Result<Picture<'_>, PictureError> {
    Picture::open(file, &Limits::default())
}

/// Annotates with the default options.
pub(crate) fn annotated(file: &[u8], faces: &[Face]) -> Result<Vec<u8>, PictureError> {
    annotated_with(file, faces, Options::default())
}

/// Annotates beside the file and within its memory, which is the same.
pub(crate) fn annotated_with(
    file: &[u8],
    faces: &[Face],
    options: Options,
) -> Result<Vec<u8>, PictureError> {
    let picture = open(file)?;
    let plan = picture.plan(faces, options);
    let beside = picture.annotate(&plan).map(|result| result.bytes);
    let within = Picture::annotate_in_place(file.to_vec(), &Limits::default(), &plan);
    match (&beside, &within) {
        (Ok(beside), Ok(within)) => assert!(*beside == within.bytes, "other bytes in place"),
        (Err(beside), Err(within)) => assert_eq!(beside.to_string(), within.to_string()),
        (beside, within) => panic!("{:?}, in place {:?}", beside.is_ok(), within.is_ok()),
    }
    beside
}

/// Decodes, annotates and encodes.
pub(crate) fn redrawn(file: &[u8], faces: &[Face]) -> Result<Vec<u8>, PictureError> {
    let picture = open(file)?;
    let plan = picture.plan(faces, Options::default());
    Ok(picture.redraw(&plan)?.bytes)
}

/// All pixels of a file, upright.
pub(crate) fn shown(file: &[u8]) -> RgbImage {
    open(file).unwrap().rgb(u32::MAX).unwrap()
}

/// A lossless file of these pixels.
pub(crate) fn png(pixels: &RgbImage) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
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
        age: None,
        ..woman(left, top, side)
    }
}
