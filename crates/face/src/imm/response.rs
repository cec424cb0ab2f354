//! The response document of `DetectImageFaces`.
//!
//! Only what is used is read; emotions, poses and the rest may have any form.

use std::fmt;

use http::StatusCode;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::SERVICE;
use crate::analysis::{Analysis, Dimensions, Face, Gender, Rect};
use crate::error::{FaceError, Refusal, ResponseError};
use crate::lenient_string::LenientString;
use crate::response::{Content, age, probability, read};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    faces: Option<Figures>,
    #[serde(default)]
    request_id: LenientString,
    /// Present in an error document, whatever its HTTP status.
    code: Option<String>,
}

/// Those of the figures that have a rectangle. Others are dropped while they are read: a response
/// of millions of empty ones must not take a hundred times its size.
struct Figures(Vec<Figure>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Figure {
    boundary: Option<Boundary>,
    #[serde(rename = "FigureConfidence")]
    confidence: Option<f64>,
    #[serde(default)]
    gender: LenientString,
    gender_confidence: Option<f64>,
    age: Option<f64>,
}

/// In pixels. A polygon has none of these numbers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    left: Option<f64>,
    top: Option<f64>,
    width: Option<f64>,
    height: Option<f64>,
}

/// Reads a response about a picture of the size `picture`. Never panics, whatever the bytes; every
/// rectangle lies inside the picture.
///
/// # Errors
/// [`FaceError::InvalidResponse`], or what the service's refusal amounts to.
pub fn read_answer(
    status: StatusCode,
    body: &[u8],
    picture: Dimensions,
) -> Result<Analysis, FaceError> {
    read(SERVICE, (status, body), |document| match document {
        Document { code: Some(_), .. } => Ok(Content::Refused(Refusal::read(status, body))),
        Document {
            faces: Some(Figures(figures)),
            ..
        } => {
            let faces = figures.iter().filter_map(|figure| figure.face(picture));
            Ok(Content::Faces(Analysis {
                faces: faces.collect(),
            }))
        }
        // Services of this vendor leave out empty lists at times, but never the request id.
        Document { request_id, .. } if !request_id.0.is_empty() => {
            Ok(Content::Faces(Analysis::default()))
        }
        Document { .. } => Err(ResponseError::Missing { field: "Faces" }),
    })
}

impl Figure {
    fn face(&self, picture: Dimensions) -> Option<Face> {
        let gender = match self.gender.0.as_str() {
            "female" => Some(Gender::Female),
            "male" => Some(Gender::Male),
            _ => None,
        };
        let [left, top, width, height] = self.boundary.as_ref()?.sides()?;
        Some(Face {
            rect: Rect::clipped(left, top, width, height, picture)?,
            probability: self.confidence.and_then(probability),
            gender,
            gender_probability: gender.and(self.gender_confidence.and_then(probability)),
            age: self.age.and_then(age),
        })
    }

    fn has_rectangle(&self) -> bool {
        self.boundary.as_ref().and_then(Boundary::sides).is_some()
    }
}

impl Boundary {
    fn sides(&self) -> Option<[f64; 4]> {
        Some([self.left?, self.top?, self.width?, self.height?])
    }
}

impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Figures;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of faces")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Figures, A::Error> {
        let mut figures = Vec::new();
        while let Some(figure) = list.next_element::<Option<Figure>>()? {
            figures.extend(figure.filter(Figure::has_rectangle));
        }
        Ok(Figures(figures))
    }
}
