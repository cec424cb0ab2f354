//! The faces in a picture, with gender and age, as the local back end sees them.
//!
//! The picture is taken as it is stored: an orientation in its EXIF data is not applied,
//! and coordinates are those of the stored pixels. All of this is work for the processor
//! and must not run on the async runtime.

use std::io::Cursor;

use face::Gender;
use face::local::Analyser;
use image::{DynamicImage, ImageFormat, ImageReader};

use super::known::Person;
use super::picture::{Picture, PictureError};

/// How many pixels a picture may have on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The least.
    pub(super) shortest: u32,
    /// The most.
    pub(super) longest: u32,
}

/// One face.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Left, top, width and height in pixels.
    pub(super) rectangle: [u32; 4],
    /// How sure the nets are that it is a face, 0 to 1.
    pub(super) probability: f32,
    /// Gender and age, where they are known.
    pub(super) person: Option<Person>,
}

impl Found {
    fn area(&self) -> u64 {
        let [_, _, width, height] = self.rectangle;
        u64::from(width) * u64::from(height)
    }

    /// Twice the horizontal middle, to stay with whole numbers.
    fn middle(&self) -> u64 {
        let [left, _, width, _] = self.rectangle;
        u64::from(left) * 2 + u64::from(width)
    }
}

/// Finds the faces in a picture, from left to right.
pub(super) fn look(
    analyser: &Analyser,
    picture: &Picture,
    limits: Limits,
) -> Result<Vec<Found>, PictureError> {
    let image = open(picture, limits)?;
    let analysis = analyser.analyse(&image.into_rgb8());
    let faces = analysis.map_err(|_| PictureError::Detector)?.faces;
    let mut found: Vec<_> = faces
        .into_iter()
        .map(|face| Found {
            rectangle: [
                face.rect.left,
                face.rect.top,
                face.rect.width,
                face.rect.height,
            ],
            probability: face.probability.unwrap_or(1.0),
            person: person(&face),
        })
        .collect();
    found.sort_by_key(Found::middle);
    name(&mut found, picture.people.as_deref());
    Ok(found)
}

/// What the nets say of a face.
fn person(face: &face::Face) -> Option<Person> {
    let gender = match face.gender? {
        Gender::Female => 0,
        Gender::Male => 1,
    };
    let age = face.age?;
    Some(Person { gender, age })
}

/// Keeps the `most` largest faces, in the order they are in.
pub(super) fn keep_largest(found: &mut Vec<Found>, most: usize) {
    let mut areas: Vec<u64> = found.iter().map(Found::area).collect();
    areas.sort_unstable_by(|a, b| b.cmp(a));
    let Some(smallest) = most.checked_sub(1).and_then(|last| areas.get(last)) else {
        return;
    };
    found.retain(|face| face.area() >= *smallest);
    found.truncate(most);
}

/// Replaces what was seen by what the picture's owner says. Nothing is replaced when there are
/// more or fewer people than faces.
fn name(found: &mut [Found], people: Option<&[Person]>) {
    let Some(people) = people else { return };
    if people.len() != found.len() {
        tracing::warn!(
            people = people.len(),
            faces = found.len(),
            "the picture is said to show another number of people than faces were found",
        );
        return;
    }
    for (face, person) in found.iter_mut().zip(people) {
        face.person = Some(*person);
    }
}

fn open(picture: &Picture, limits: Limits) -> Result<DynamicImage, PictureError> {
    let (width, height) = reader(picture)?
        .into_dimensions()
        .map_err(|_| PictureError::Format)?;
    let allowed = limits.shortest..=limits.longest;
    if !allowed.contains(&width) || !allowed.contains(&height) {
        return Err(PictureError::Resolution { width, height });
    }
    reader(picture)?.decode().map_err(|_| PictureError::Format)
}

fn reader(picture: &Picture) -> Result<ImageReader<Cursor<&[u8]>>, PictureError> {
    let cursor = Cursor::new(picture.bytes.as_ref());
    let reader = ImageReader::new(cursor).with_guessed_format();
    let reader = reader.map_err(|_| PictureError::Format)?;
    match reader.format() {
        Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Bmp) => Ok(reader),
        _ => Err(PictureError::Format),
    }
}

#[cfg(test)]
mod tests;
