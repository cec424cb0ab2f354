//! The faces in a response, as parallel lists in most services.
//!
//! Nothing is indexed before its length is compared with the number of faces. A value that makes no
//! sense (an age of -1, a third gender code) is absent from its face.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::analysis::{Analysis, Dimensions, Face, Gender, Rect};
use crate::error::{FaceError, Refusal, ResponseError};

/// Numbers of a face's rectangle: left, top, width, height.
const RECTANGLE: usize = 4;

/// The oldest age that is believed, in years.
const OLDEST: f64 = 150.0;

/// The content of a document that came with a 2xx status.
pub(crate) enum Content {
    /// The faces.
    Faces(Analysis),
    /// A refusal in spite of the status.
    Refused(Refusal),
}

/// Reads a response of `service`; `content` takes the service's own document apart.
pub(crate) fn read<D: DeserializeOwned>(
    service: &'static str,
    (status, body): (StatusCode, &[u8]),
    content: impl FnOnce(D) -> Result<Content, ResponseError>,
) -> Result<Analysis, FaceError> {
    if !status.is_success() {
        return Refusal::read(status, body).into_analysis(service, status);
    }
    let invalid = |source| FaceError::InvalidResponse { service, source };
    let form = |error: serde_json::Error| ResponseError::Form {
        source: error.into(),
    };
    let document = serde_json::from_slice(body).map_err(|error| invalid(form(error)))?;
    match content(document).map_err(invalid)? {
        Content::Faces(analysis) => Ok(analysis),
        Content::Refused(refusal) => refusal.into_analysis(service, status),
    }
}

/// One of the lists, by its name on the wire. Single entries may be `null`.
pub(crate) struct List {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<Option<f64>>,
}

/// The lists that are read.
pub(crate) struct Lists {
    pub(crate) count: u32,
    pub(crate) rectangles: List,
    pub(crate) probabilities: List,
    pub(crate) genders: List,
    pub(crate) ages: List,
}

impl Lists {
    /// Puts the faces of a picture of this size together. Faces outside the picture are left out.
    pub(crate) fn analysis(&self, picture: Dimensions) -> Result<Analysis, ResponseError> {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        self.rectangles
            .expect_length(count.saturating_mul(RECTANGLE))?;
        for list in [&self.probabilities, &self.genders, &self.ages] {
            if !list.values.is_empty() {
                list.expect_length(count)?;
            }
        }
        let rectangles = self.rectangles.values.chunks_exact(RECTANGLE);
        let faces = rectangles.enumerate().filter_map(|(index, sides)| {
            Some(Face {
                rect: rectangle(sides, picture)?,
                probability: self.probabilities.at(index).and_then(probability),
                gender: self.genders.at(index).and_then(gender),
                gender_probability: None,
                age: self.ages.at(index).and_then(age),
            })
        });
        Ok(Analysis {
            faces: faces.collect(),
        })
    }
}

impl List {
    fn expect_length(&self, expected: usize) -> Result<(), ResponseError> {
        let found = self.values.len();
        if found == expected {
            return Ok(());
        }
        Err(ResponseError::Length {
            list: self.name,
            expected,
            found,
        })
    }

    fn at(&self, index: usize) -> Option<f64> {
        self.values.get(index).copied().flatten()
    }
}

/// Reads a list that may also be `null`; use it with `default` for lists that may be missing.
pub(crate) fn list<'de, D>(deserializer: D) -> Result<Vec<Option<f64>>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn rectangle(sides: &[Option<f64>], picture: Dimensions) -> Option<Rect> {
    let [left, top, width, height] = sides else {
        return None;
    };
    Rect::clipped((*left)?, (*top)?, (*width)?, (*height)?, picture)
}

/// A probability, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a probability needs no more than 24 bits"
)]
pub(crate) fn probability(value: f64) -> Option<f32> {
    (0.0..=1.0).contains(&value).then_some(value as f32)
}

#[expect(
    clippy::float_cmp,
    reason = "the codes are whole numbers, which floats hold exactly"
)]
fn gender(code: f64) -> Option<Gender> {
    if code == 0.0 {
        Some(Gender::Female)
    } else if code == 1.0 {
        Some(Gender::Male)
    } else {
        None
    }
}

/// An age in whole years, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked first"
)]
pub(crate) fn age(years: f64) -> Option<u16> {
    (0.0..=OLDEST)
        .contains(&years)
        .then(|| years.round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Dimensions = Dimensions {
        width: 640,
        height: 480,
    };

    fn lists(count: u32, rectangles: &[f64], others: [&[f64]; 3]) -> Lists {
        let list = |name, values: &[f64]| List {
            name,
            values: values.iter().copied().map(Some).collect(),
        };
        Lists {
            count,
            rectangles: list("rects", rectangles),
            probabilities: list("probabilities", others[0]),
            genders: list("genders", others[1]),
            ages: list("ages", others[2]),
        }
    }

    #[test]
    fn absurd_values_are_unknown() {
        let cases: [(&str, [f64; 3], [bool; 3]); 6] = [
            ("all good", [0.5, 0.0, 30.0], [true, true, true]),
            ("limits", [1.0, 1.0, 150.0], [true, true, true]),
            ("below", [-0.1, -1.0, -1.0], [false, false, false]),
            ("above", [1.1, 2.0, 151.0], [false, false, false]),
            ("between the codes", [0.0, 0.5, 0.4], [true, false, true]),
            ("not numbers", [f64::NAN; 3], [false, false, false]),
        ];
        for (name, [probability, gender, age], expected) in cases {
            let lists = lists(
                1,
                &[1.0, 2.0, 3.0, 4.0],
                [&[probability], &[gender], &[age]],
            );
            let analysis = lists.analysis(PICTURE).unwrap();
            let [face] = analysis.faces.as_slice() else {
                panic!("{name}: {analysis:?}");
            };
            let known = [
                face.probability.is_some(),
                face.gender.is_some(),
                face.age.is_some(),
            ];
            assert_eq!(known, expected, "{name}");
        }
    }

    #[test]
    fn lists_must_fit_the_count() {
        let rect = [1.0, 2.0, 3.0, 4.0];
        let two = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let cases: [(&str, Lists, &str); 6] = [
            ("no rectangle", lists(1, &[], [&[], &[], &[]]), "rects"),
            (
                "half a rectangle",
                lists(1, &rect[..2], [&[], &[], &[]]),
                "rects",
            ),
            (
                "a rectangle too many",
                lists(1, &two, [&[], &[], &[]]),
                "rects",
            ),
            (
                "no room for the count",
                lists(u32::MAX, &rect, [&[], &[], &[]]),
                "rects",
            ),
            (
                "short genders",
                lists(2, &two, [&[], &[1.0], &[]]),
                "genders",
            ),
            (
                "long ages",
                lists(1, &rect, [&[], &[], &[1.0, 2.0]]),
                "ages",
            ),
        ];
        for (name, lists, culprit) in cases {
            match lists.analysis(PICTURE) {
                Err(ResponseError::Length { list, .. }) => assert_eq!(list, culprit, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn face_outside_the_picture_takes_its_attributes_along() {
        let rectangles = [900.0, 0.0, 10.0, 10.0, 600.0, 400.0, 100.0, 100.0];
        let lists = lists(2, &rectangles, [&[], &[0.0, 1.0], &[20.0, 40.0]]);
        insta::assert_debug_snapshot!(lists.analysis(PICTURE).unwrap().faces, @r"
        [
            Face {
                rect: Rect {
                    left: 600,
                    top: 400,
                    width: 40,
                    height: 80,
                },
                probability: None,
                gender: Some(
                    Male,
                ),
                gender_probability: None,
                age: Some(
                    40,
                ),
            },
        ]
        ");
    }
}
