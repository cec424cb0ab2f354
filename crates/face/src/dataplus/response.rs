//! The response document of `/face/attribute`.
//!
//! Only what is used is read; landmarks, features and the rest may have any form.

use http::StatusCode;
use serde::Deserialize;

use super::SERVICE;
use crate::analysis::{Analysis, Dimensions};
use crate::error::{FaceError, Refusal, ResponseError};
use crate::lenient_string::LenientString;
use crate::refusal::ERRNO;
use crate::response::{Content, List, Lists, list, read};

/// The document. The service states an error in a 200 answer by a number other than 0.
#[derive(Deserialize)]
struct Document {
    errno: i64,
    #[serde(default)]
    err_msg: LenientString,
    #[serde(default)]
    request_id: LenientString,
    face_num: Option<u32>,
    #[serde(default, deserialize_with = "list")]
    face_rect: Vec<Option<f64>>,
    #[serde(default, deserialize_with = "list")]
    face_prob: Vec<Option<f64>>,
    #[serde(default, deserialize_with = "list")]
    gender: Vec<Option<f64>>,
    #[serde(default, deserialize_with = "list")]
    age: Vec<Option<f64>>,
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
    read(SERVICE, (status, body), |document: Document| {
        document.content(sent)
    })
}

impl Document {
    fn content(self, sent: Dimensions) -> Result<Content, ResponseError> {
        if self.errno != 0 {
            return Ok(Content::Refused(self.refusal()));
        }
        let missing = ResponseError::Missing { field: "face_num" };
        let list = |name, values| List { name, values };
        let lists = Lists {
            count: self.face_num.ok_or(missing)?,
            rectangles: list("face_rect", self.face_rect),
            probabilities: list("face_prob", self.face_prob),
            genders: list("gender", self.gender),
            ages: list("age", self.age),
        };
        lists.analysis(sent).map(Content::Faces)
    }

    fn refusal(&self) -> Refusal {
        let code = format!("{ERRNO} {}", self.errno);
        Refusal::new(&code, &self.err_msg.0, &self.request_id.0)
    }
}
