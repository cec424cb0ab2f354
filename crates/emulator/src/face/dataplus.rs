//! The old face API: `/face/attribute` and `/face/detect` under the Dataplus signature.
//!
//! A readable request with a good signature gets status 200 and an `errno`; the
//! service never published its values, so those here are the emulator's own. `/face/verify`
//! compares two people, which nothing here can.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use signing::dataplus::string_to_sign;

use super::Face;
use super::found::{self, Found, Limits};
use super::known::Person;
use super::picture::{self, Picture, PictureError};
use crate::call::named;
use crate::gateway::MAX_SKEW;
use crate::presented::dataplus::Presented;
use crate::shared::Shared;

/// Number and text of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    errno: u32,
    message: String,
}

#[derive(Debug, Deserialize)]
struct Request {
    #[serde(rename = "type", default)]
    kind: u8,
    image_url: Option<String>,
    content: Option<String>,
}

/// An answer to either operation. What only one of them tells is left out of the other.
#[derive(Debug, Default, Serialize)]
struct Answer<'a> {
    errno: u32,
    err_msg: &'a str,
    request_id: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    faces: Option<Faces>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    attributes: Option<Attributes>,
}

#[derive(Debug, Default, Serialize)]
struct Faces {
    face_num: usize,
    face_rect: Vec<u32>,
    face_prob: Vec<f32>,
    pose: [f32; 0],
    landmark_num: usize,
    landmark: Vec<f32>,
    iris: [f32; 0],
}

#[derive(Debug, Default, Serialize)]
struct Attributes {
    gender: Vec<u8>,
    age: Vec<u16>,
    expression: [u8; 0],
    glass: [u8; 0],
    dense_fea_len: u32,
    dense_fea: [f32; 0],
}

named! {
    /// An operation of the old face API.
    pub(super) enum Operation {
        Attribute = "FaceAttribute",
        Detect = "FaceDetect",
        Verify = "FaceVerify",
    }
}

impl Operation {
    /// The operation at a path.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/face/attribute" => Self::Attribute,
            "/face/detect" => Self::Detect,
            "/face/verify" => Self::Verify,
            _ => return None,
        })
    }
}

impl Failure {
    /// A fault that was asked for.
    pub(super) fn injected(status: StatusCode, code: &str) -> Self {
        Self {
            status,
            errno: u32::from(status.as_u16()),
            message: code.to_owned(),
        }
    }

    fn denied(errno: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            errno,
            message: message.into(),
        }
    }

    fn other(errno: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            errno,
            message: message.into(),
        }
    }

    /// The answer to the caller.
    pub(super) fn respond(&self, request_id: &str) -> Response {
        let answer = Answer {
            errno: self.errno,
            err_msg: &self.message,
            request_id,
            ..Answer::default()
        };
        (self.status, axum::Json(answer)).into_response()
    }
}

/// Carries out an operation.
pub(super) async fn answer(
    face: &Face,
    operation: Operation,
    parts: &Parts,
    body: &[u8],
    request_id: &str,
    now: Timestamp,
) -> Response {
    match try_answer(face, operation, parts, body, request_id, now).await {
        Ok(response) => response,
        Err(failure) => failure.respond(request_id),
    }
}

async fn try_answer(
    face: &Face,
    operation: Operation,
    parts: &Parts,
    body: &[u8],
    request_id: &str,
    now: Timestamp,
) -> Result<Response, Failure> {
    authenticate(&face.shared, parts, body, now)?;
    if operation == Operation::Verify {
        return Err(Failure::other(
            1002,
            "this emulator does not support /face/verify",
        ));
    }
    let picture = picture(face, body).await?;
    let found = face
        .detect(picture, Limits::UNPUBLISHED)
        .await
        .map_err(|error| unseen(&error))?;
    let attributes = (operation == Operation::Attribute).then(|| Attributes::of(&found));
    let faces = Some(Faces::of(&found));
    let answer = Answer {
        request_id,
        faces,
        attributes,
        ..Answer::default()
    };
    Ok(axum::Json(answer).into_response())
}

async fn picture(face: &Face, body: &[u8]) -> Result<Picture, Failure> {
    let request: Request = serde_json::from_slice(body)
        .map_err(|error| Failure::other(1001, format!("the request is not readable: {error}")))?;
    match (request.kind, request.image_url, request.content) {
        (0, Some(url), _) => face
            .downloads
            .fetch(&url)
            .await
            .map_err(|error| unseen(&error)),
        (1, _, Some(content)) => picture::decode(&content).map_err(|error| unseen(&error)),
        (0, None, _) => Err(Failure::other(1001, "image_url is missing")),
        (1, _, None) => Err(Failure::other(1001, "content is missing")),
        (kind, ..) => Err(Failure::other(1001, format!("there is no type {kind}"))),
    }
}

fn unseen(error: &PictureError) -> Failure {
    let errno = match error {
        PictureError::Url | PictureError::Content => 1001,
        PictureError::Download(_) | PictureError::Status(_) | PictureError::Region => 2001,
        PictureError::Timeout => 2002,
        PictureError::Size => 2003,
        PictureError::Format => 2004,
        PictureError::Resolution { .. } => 2005,
        PictureError::Detector => 5001,
    };
    Failure::other(errno, error.to_string())
}

fn authenticate(
    shared: &Shared,
    parts: &Parts,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Failure> {
    let presented = Presented::from_request(parts);
    let presented = presented.map_err(|error| Failure::denied(4001, error.to_string()))?;
    let presented = presented.ok_or_else(|| Failure::denied(4001, "no authorization"))?;
    if now.duration_since(presented.signed_at).abs() > MAX_SKEW {
        return Err(Failure::denied(
            4002,
            "the date is more than 15 minutes off",
        ));
    }
    let credentials = shared
        .keys
        .find(presented.access_key_id.as_str(), None, now);
    let credentials = credentials.map_err(|error| Failure::denied(4003, error.to_string()))?;
    let text = string_to_sign(parts, body);
    let text = text.map_err(|error| Failure::denied(4004, error.to_string()))?;
    if presented.matches(&text, credentials.access_key_secret()) {
        Ok(())
    } else {
        Err(Failure::denied(4004, "the signature does not match"))
    }
}

impl Faces {
    fn of(found: &[Found]) -> Self {
        Self {
            face_num: found.len(),
            face_rect: found.iter().flat_map(|face| face.rectangle).collect(),
            face_prob: found.iter().map(|face| face.probability).collect(),
            landmark_num: found::LANDMARKS,
            landmark: found.iter().flat_map(Found::landmarks).collect(),
            ..Self::default()
        }
    }
}

impl Attributes {
    fn of(found: &[Found]) -> Self {
        let people: Vec<Person> = found.iter().filter_map(|face| face.person).collect();
        Self {
            gender: people.iter().map(|person| person.gender).collect(),
            age: people.iter().map(|person| person.age).collect(),
            ..Self::default()
        }
    }
}
