//! The answer document of `RecognizeFace`.
//!
//! Only what is used is read; landmarks, features and the rest may have any form.

use http::StatusCode;
use serde::Deserialize;

use super::SERVICE;
use crate::analysis::{Analysis, Dimensions};
use crate::answer::{Content, List, Lists, list, read};
use crate::error::{AnswerError, FaceError, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    data: Option<Data>,
    /// Present in an error document, whatever its HTTP status.
    code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    face_count: Option<u32>,
    #[serde(default, deserialize_with = "list")]
    face_rectangles: Vec<Option<f64>>,
    #[serde(default, deserialize_with = "list")]
    face_probability_list: Vec<Option<f64>>,
    #[serde(default, deserialize_with = "list")]
    gender_list: Vec<Option<f64>>,
    #[serde(default, deserialize_with = "list")]
    age_list: Vec<Option<f64>>,
}

/// Reads an answer about a picture that was sent in the size `sent`, in whose coordinates the
/// faces are given. Never panics, whatever the bytes; every rectangle lies inside the picture.
///
/// # Errors
/// [`FaceError::InvalidAnswer`], or what the service's refusal amounts to.
pub fn read_answer(
    status: StatusCode,
    body: &[u8],
    sent: Dimensions,
) -> Result<Analysis, FaceError> {
    read(SERVICE, (status, body), |document| match document {
        Document {
            data: Some(data), ..
        } => data.lists()?.analysis(sent).map(Content::Faces),
        Document { code: Some(_), .. } => Ok(Content::Refused(Refusal::read(status, body))),
        Document { .. } => Err(AnswerError::Missing { field: "Data" }),
    })
}

impl Data {
    fn lists(self) -> Result<Lists, AnswerError> {
        let missing = AnswerError::Missing { field: "FaceCount" };
        let list = |name, values| List { name, values };
        Ok(Lists {
            count: self.face_count.ok_or(missing)?,
            rectangles: list("FaceRectangles", self.face_rectangles),
            probabilities: list("FaceProbabilityList", self.face_probability_list),
            genders: list("GenderList", self.gender_list),
            ages: list("AgeList", self.age_list),
        })
    }
}
