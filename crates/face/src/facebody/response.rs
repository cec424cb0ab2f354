//! The response document of `RecognizeFace`.
//!
//! Only what is used is read; landmarks, features and the rest may have any form.

use http::StatusCode;
use serde::Deserialize;

use super::SERVICE;
use crate::analysis::{Analysis, Dimensions};
use crate::error::{FaceError, Refusal, ResponseError};
use crate::response::{Content, List, Lists, list, read};

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

/// Reads a response about a picture that was sent in the size `sent`, in whose coordinates the
/// faces are given. Never panics, whatever the bytes; every rectangle lies inside the picture.
///
/// # Errors
/// [`FaceError::InvalidResponse`], or what the service's refusal amounts to.
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
        Document { .. } => Err(ResponseError::Missing { field: "Data" }),
    })
}

impl Data {
    fn lists(self) -> Result<Lists, ResponseError> {
        let missing = ResponseError::Missing { field: "FaceCount" };
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
