//! The answer document of `/face/attribute`.
//!
//! Only what is used is read; landmarks, features and the rest may have any form.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::SERVICE;
use crate::analysis::{Analysis, Dimensions};
use crate::answer::{List, Lists, list};
use crate::error::{AnswerError, FaceError, Refusal};
use crate::refusal::ERRNO;

/// The document. The service states an error in a 200 answer by a number other than 0.
#[derive(Deserialize)]
struct Document {
    errno: i64,
    /// Text; not relied on to be text.
    #[serde(default)]
    err_msg: Value,
    #[serde(default)]
    request_id: Value,
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
    if !status.is_success() {
        return Refusal::read(status, body).into_analysis(SERVICE, status);
    }
    let document: Document =
        serde_json::from_slice(body).map_err(|source| invalid(AnswerError::Form { source }))?;
    if document.errno != 0 {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let code = format!("{ERRNO} {}", document.errno);
        let refusal = Refusal::new(&code, &text(&document.err_msg), &text(&document.request_id));
        return refusal.into_analysis(SERVICE, status);
    }
    document.lists()?.analysis(sent).map_err(invalid)
}

impl Document {
    fn lists(self) -> Result<Lists, FaceError> {
        let missing = || invalid(AnswerError::Missing { field: "face_num" });
        let list = |name, values| List { name, values };
        Ok(Lists {
            count: self.face_num.ok_or_else(missing)?,
            rectangles: list("face_rect", self.face_rect),
            probabilities: list("face_prob", self.face_prob),
            genders: list("gender", self.gender),
            ages: list("age", self.age),
        })
    }
}

fn invalid(source: AnswerError) -> FaceError {
    FaceError::InvalidAnswer {
        service: SERVICE,
        source,
    }
}
