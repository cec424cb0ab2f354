//! The record in a result's metadata: the version of the photo, the method, and the faces.
//!
//! It makes a second delivery cheap. The analysis is kept in a compact form of digits and
//! separators, because OSS allows 8 KiB of metadata in all; when it does not fit, the numbers
//! of faces have to do.

use std::str::FromStr;

use face::{Analysis, Face, Gender, Rect};
use oss::{ETag, Metadata, NameError, ObjectMeta};
use serde::Serialize;

use picture::{MAX_BOXES, Plan, keep_largest};

/// Marks results. An object that carries it is never taken for a photo.
const MARK: &str = "annotated-by";
const MAKER: &str = "face-recognition";
const SOURCE_ETAG: &str = "source-etag";
const METHOD: &str = "method";
const FACES: &str = "faces";
const GENDERS: &str = "genders";
const DRAWN: &str = "drawn";
const SIZE: &str = "size";
const ANALYSIS: &str = "analysis";

/// Room for the analysis within OSS's 8 KiB, the other entries taken off.
const MAX_ANALYSIS: usize = 7 * 1024;

/// The record of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The version of the photo it was made of.
    pub source_etag: ETag,
    /// Back end, version of the drawing, and the settings that results depend on.
    pub method: String,
    /// Upright width and height in pixels.
    pub size: (u32, u32),
    /// How many faces were found.
    pub counts: Counts,
    /// How many of them are marked.
    pub drawn: Drawn,
    /// The faces that were found, of more than [`MAX_BOXES`] faces the largest; absent when there was no
    /// room to keep it.
    pub analysis: Option<Analysis>,
}

/// Faces by gender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Men and boys.
    pub male: usize,
    /// Women and girls.
    pub female: usize,
    /// Faces whose gender is not known.
    pub unknown: usize,
}

impl Counts {
    /// Counts `faces`.
    #[must_use]
    pub fn of(faces: &[Face]) -> Self {
        let count = |gender| faces.iter().filter(|face| face.gender == gender).count();
        Self {
            male: count(Some(Gender::Male)),
            female: count(Some(Gender::Female)),
            unknown: count(None),
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        let Self {
            male,
            female,
            unknown,
        } = self;
        male.saturating_add(*female).saturating_add(*unknown)
    }
}

/// How many faces are marked; in a crowd, not all of them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// With a box.
    pub boxes: usize,
    /// With a label.
    pub labels: usize,
}

impl From<&Plan> for Drawn {
    fn from(plan: &Plan) -> Self {
        Self {
            boxes: plan.marked(),
            labels: plan.labelled(),
        }
    }
}

/// Metadata of an object that this service made.
pub(crate) fn marked() -> Result<Metadata, NameError> {
    Metadata::default().try_with(MARK, MAKER)
}

impl Record {
    /// As metadata of an object.
    ///
    /// # Errors
    /// None are known: the entries are short and plain.
    pub fn metadata(&self) -> Result<Metadata, NameError> {
        let metadata = marked()?
            .try_with(SOURCE_ETAG, self.source_etag.as_str())?
            .try_with(METHOD, &self.method)?
            .try_with(SIZE, &format!("{}x{}", self.size.0, self.size.1))?
            .try_with(FACES, &self.counts.total().to_string())?
            .try_with(GENDERS, &genders(&self.counts))?
            .try_with(
                DRAWN,
                &format!("{},{}", self.drawn.boxes, self.drawn.labels),
            )?;
        match self.analysis.as_ref().map(compact) {
            Some(text) if text.len() <= MAX_ANALYSIS && !text.is_empty() => {
                metadata.try_with(ANALYSIS, &text)
            }
            _ => Ok(metadata),
        }
    }

    /// Reads a result's metadata; `None` if it is of something else or incomplete.
    #[must_use]
    pub fn read(meta: &ObjectMeta) -> Option<Self> {
        let entry = |name| meta.metadata.get(name);
        let (width, height) = entry(SIZE)?.split_once('x')?;
        let counts = parse_genders(entry(GENDERS)?)?;
        let (boxes, labels) = entry(DRAWN)?.split_once(',')?;
        let analysis = match entry(ANALYSIS) {
            None if counts.total() == 0 => Some(Analysis::default()),
            None => None,
            Some(text) => {
                parse(text).filter(|analysis| analysis.faces.len() == counts.total().min(MAX_BOXES))
            }
        };
        Some(Self {
            source_etag: entry(SOURCE_ETAG)?.parse().ok()?,
            method: entry(METHOD)?.to_owned(),
            size: (width.parse().ok()?, height.parse().ok()?),
            counts,
            drawn: Drawn {
                boxes: boxes.parse().ok()?,
                labels: labels.parse().ok()?,
            },
            analysis,
        })
    }
}

/// The part of an analysis that is passed on: of too many faces, the largest.
#[must_use]
pub fn listed(mut analysis: Analysis) -> Analysis {
    keep_largest(&mut analysis.faces, MAX_BOXES, |face| {
        f64::from(face.rect.width) * f64::from(face.rect.height)
    });
    analysis
}

/// `male,female,unknown`.
fn genders(counts: &Counts) -> String {
    let Counts {
        male,
        female,
        unknown,
    } = counts;
    format!("{male},{female},{unknown}")
}

fn parse_genders(text: &str) -> Option<Counts> {
    let numbers: Vec<usize> = text
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [male, female, unknown] = *numbers.as_slice() else {
        return None;
    };
    Some(Counts {
        male,
        female,
        unknown,
    })
}

/// Whether an object is a result, of this service or of another installation of it.
#[must_use]
pub fn is_result(meta: &ObjectMeta) -> bool {
    meta.metadata.get(MARK).is_some()
}

/// `left,top,width,height,probability,gender,age,gender_probability` per face, `;` between faces.
fn compact(analysis: &Analysis) -> String {
    let faces: Vec<String> = analysis.faces.iter().map(compact_face).collect();
    faces.join(";")
}

fn compact_face(face: &Face) -> String {
    let Rect {
        left,
        top,
        width,
        height,
    } = face.rect;
    let share = |share: Option<f32>| share.map(|it| it.to_string()).unwrap_or_default();
    let probability = share(face.probability);
    let gender = match face.gender {
        Some(Gender::Female) => "F",
        Some(Gender::Male) => "M",
        None => "",
    };
    let age = face.age.map(|age| age.to_string()).unwrap_or_default();
    let sureness = share(face.gender_probability);
    format!("{left},{top},{width},{height},{probability},{gender},{age},{sureness}")
}

fn parse(text: &str) -> Option<Analysis> {
    let faces = text.split(';').map(parse_face).collect::<Option<_>>()?;
    Some(Analysis { faces })
}

fn parse_face(text: &str) -> Option<Face> {
    let fields: Vec<&str> = text.split(',').collect();
    let [left, top, width, height, share, gender, age, sureness] = fields.as_slice() else {
        return None;
    };
    let gender = match *gender {
        "F" => Some(Gender::Female),
        "M" => Some(Gender::Male),
        "" => None,
        _ => return None,
    };
    Some(Face {
        rect: Rect {
            left: left.parse().ok()?,
            top: top.parse().ok()?,
            width: width.parse().ok()?,
            height: height.parse().ok()?,
        },
        probability: probability(share).ok()?,
        gender,
        gender_probability: probability(sureness).ok()?,
        age: optional(age).ok()?,
    })
}

/// A probability or nothing; an error if it is neither.
fn probability(text: &str) -> Result<Option<f32>, ()> {
    let probability: Option<f32> = optional(text).map_err(drop)?;
    match probability {
        Some(number) if !(0.0..=1.0).contains(&number) => Err(()),
        number => Ok(number),
    }
}

/// An empty text is absent; anything else must parse.
fn optional<T: FromStr>(text: &str) -> Result<Option<T>, T::Err> {
    if text.is_empty() {
        Ok(None)
    } else {
        text.parse().map(Some)
    }
}

#[cfg(test)]
mod tests;
