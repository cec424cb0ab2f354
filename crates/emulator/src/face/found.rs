//! The faces in a picture, with gender and age, as the local back end sees them.
//!
//! The picture is taken as it is stored: an orientation in its EXIF data is not applied,
//! and coordinates are those of the stored pixels. All of this is work for the processor
//! and must not run on the async runtime.

use std::io::Cursor;

use face::Gender;
use face::local::{Analyser, Detection};
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

impl Limits {
    /// For services that publish none: bounds what a small file can make the emulator decode.
    pub(super) const UNPUBLISHED: Self = Self {
        shortest: 1,
        longest: 16_384,
    };
}

/// How many landmarks a face has.
pub(super) const LANDMARKS: usize = 5;

/// One face.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Left, top, width and height in pixels.
    pub(super) rectangle: [u32; 4],
    /// How sure the nets are that it is a face, 0 to 1.
    pub(super) probability: f32,
    /// Left and right eye, tip of the nose, left and right corner of the mouth: x and y in pixels.
    pub(super) landmarks: [[f32; 2]; LANDMARKS],
    /// Gender and age, where they are known.
    pub(super) person: Option<Person>,
    /// How sure the nets are of the person; nothing where its owner said who it is.
    pub(super) estimate: Option<Estimate>,
}

/// How sure the nets are of a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    /// 0.5 to 1.
    pub(super) gender_probability: f32,
    /// Standard deviation in years.
    pub(super) age_deviation: f32,
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

    /// All numbers of the landmarks, x before y, to a hundredth of a pixel.
    pub(super) fn landmarks(&self) -> impl Iterator<Item = f32> + use<> {
        let numbers = self.landmarks.into_iter().flatten();
        numbers.map(|number| (number * 100.0).round() / 100.0)
    }

    /// How far the line between the eyes is turned clockwise, in degrees.
    pub(super) fn roll(&self) -> f32 {
        let [[left_x, left_y], [right_x, right_y], ..] = self.landmarks;
        (right_y - left_y).atan2(right_x - left_x).to_degrees()
    }
}

/// Finds the faces in a picture, from left to right.
pub(super) fn detect(
    analyser: &Analyser,
    picture: &Picture,
    limits: Limits,
) -> Result<Vec<Found>, PictureError> {
    let image = open(picture, limits)?;
    let detections = analyser.detect(&image.into_rgb8());
    let detections = detections.map_err(|_| PictureError::Detector)?;
    let mut found: Vec<_> = detections.iter().map(seen).collect();
    found.sort_by_key(Found::middle);
    name(&mut found, picture.people.as_deref());
    Ok(found)
}

/// What the nets say of a face.
fn seen(detection: &Detection) -> Found {
    let Detection {
        face,
        landmarks,
        age_deviation,
    } = detection;
    let estimate = face.gender_probability.map(|gender_probability| Estimate {
        gender_probability,
        age_deviation: *age_deviation,
    });
    Found {
        rectangle: [
            face.rect.left,
            face.rect.top,
            face.rect.width,
            face.rect.height,
        ],
        probability: face.probability.unwrap_or(1.0),
        landmarks: *landmarks,
        person: person(face),
        estimate,
    }
}

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
        face.estimate = None;
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
