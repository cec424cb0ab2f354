//! IMM's `DetectImageFaces`: looks at a photo in a bucket of the emulator.
//!
//! The project of a call stands for the service role that reads the bucket; the settings name the
//! one project that there is. Its role reads with the face services' own key, so that a private
//! bucket needs no presigned URL. Nothing is documented of the codes for photos that cannot be
//! looked at: those here are the general ones of the service.

use std::time::Duration;

use ::oss::{BucketName, ObjectKey};
use http::Request;
use serde::Serialize;
use signing::encode;
use signing::oss::{Resource, SignatureVersion};
use uuid::Uuid;

use super::Face;
use super::found::{Found, Limits};
use super::picture::{Picture, PictureError};
use crate::gateway::{RpcCall, RpcError};

/// The only version that has the action in this form.
pub(super) const VERSION: &str = "2020-09-30";

/// For the emulator's own download, which begins at once.
const URL_LIFETIME: Duration = Duration::from_mins(1);

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Detected {
    faces: Vec<Figure>,
}

/// What the nets tell of a face. Of the pose they give how far the head is tilted, and nothing of
/// emotion, hair, glasses and the like, which are left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names of the service")]
struct Figure {
    figure_id: String,
    figure_type: &'static str,
    figure_confidence: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u16>,
    #[serde(rename = "AgeSD", skip_serializing_if = "Option::is_none")]
    age_deviation: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender_confidence: Option<f32>,
    head_pose: HeadPose,
    boundary: Boundary,
}

/// In degrees.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct HeadPose {
    roll: f32,
}

/// In pixels.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

/// `DetectImageFaces`.
pub(super) async fn detect(face: &Face, call: &RpcCall) -> Result<Detected, RpcError> {
    if required(call, "ProjectName")? != face.shared.settings.imm_project {
        return Err(not_found("project"));
    }
    let (bucket, key) = source(required(call, "SourceURI")?)?;
    check_credential_config(call)?;
    let picture = read(face, &bucket, &key).await;
    let found = match picture {
        Ok(picture) => face.detect(picture, Limits::UNPUBLISHED).await,
        Err(error) => Err(error),
    };
    let found = found.map_err(|error| refused(&error))?;
    Ok(Detected {
        faces: found.iter().map(Figure::of).collect(),
    })
}

/// A parameter that must be there, in the words of this service.
fn required<'a>(call: &'a RpcCall, name: &str) -> Result<&'a str, RpcError> {
    call.get(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| {
            invalid(&format!(
                "The parameter {name} is required but not provided."
            ))
        })
}

/// Bucket and key of `oss://<bucket>/<key>`.
fn source(uri: &str) -> Result<(BucketName, ObjectKey), RpcError> {
    let names = uri
        .strip_prefix("oss://")
        .and_then(|rest| rest.split_once('/'));
    names
        .and_then(|(bucket, key)| Some((bucket.parse().ok()?, key.parse().ok()?)))
        .ok_or_else(|| invalid("The parameter SourceURI is not of the form oss://bucket/key."))
}

/// Roles need not be assumed where one account owns everything.
fn check_credential_config(call: &RpcCall) -> Result<(), RpcError> {
    let is_object = |text: &str| {
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
    };
    if call.get("CredentialConfig").is_none_or(is_object) {
        return Ok(());
    }
    Err(invalid(
        "The parameter CredentialConfig is not a JSON object.",
    ))
}

/// The photo, as the service role reads it.
async fn read(face: &Face, bucket: &BucketName, key: &ObjectKey) -> Result<Picture, PictureError> {
    let (bucket, key) = (bucket.as_str(), key.as_str());
    let uri = format!("http://{}/{bucket}/{}", face.oss_address, encode::path(key));
    let request = Request::get(uri).body(());
    let (mut parts, ()) = request.map_err(|_| PictureError::Url)?.into_parts();
    let resource = Resource {
        bucket: Some(bucket),
        key: Some(key),
    };
    let now = face.shared.clock.now();
    SignatureVersion::V1
        .presign(&mut parts, resource, URL_LIFETIME, &face.own_key, now)
        .map_err(|_| PictureError::Url)?;
    face.downloads.fetch(&parts.uri.to_string()).await
}

fn refused(error: &PictureError) -> RpcError {
    match error {
        PictureError::Status(status) if status.as_u16() == 404 => not_found("object"),
        PictureError::Status(status) if status.is_client_error() => invalid(&error.to_string()),
        PictureError::Url
        | PictureError::Region
        | PictureError::Content
        | PictureError::Size
        | PictureError::Format
        | PictureError::Resolution { .. } => invalid(&error.to_string()),
        PictureError::Download(_)
        | PictureError::Status(_)
        | PictureError::Timeout
        | PictureError::Detector => RpcError::internal(error.to_string()),
    }
}

fn invalid(message: &str) -> RpcError {
    RpcError::bad("InvalidArgument", message)
}

fn not_found(what: &str) -> RpcError {
    let message = format!("The specified resource {what} is not found.");
    RpcError::bad("ResourceNotFound", message)
}

impl Figure {
    fn of(found: &Found) -> Self {
        let [left, top, width, height] = found.rectangle;
        let gender = |code: u8| if code == 0 { "female" } else { "male" };
        Self {
            figure_id: Uuid::new_v4().to_string(),
            figure_type: "face",
            figure_confidence: found.probability,
            age: found.person.map(|person| person.age),
            age_deviation: found
                .estimate
                .map(|it| (it.age_deviation * 10.0).round() / 10.0),
            gender: found.person.map(|person| gender(person.gender)),
            gender_confidence: found.estimate.map(|it| it.gender_probability),
            head_pose: HeadPose {
                roll: found.roll().round(),
            },
            boundary: Boundary {
                left,
                top,
                width,
                height,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_is_bucket_and_key() {
        let (bucket, key) = source("oss://photos/a b/照片.jpg").unwrap();
        assert_eq!((bucket.as_str(), key.as_str()), ("photos", "a b/照片.jpg"));
        for uri in [
            "",
            "photos/a.jpg",
            "oss://photos",
            "oss://photos/",
            "oss:///a.jpg",
            "oss://Photos!/a.jpg",
            "oss://photos/../a.jpg",
            "http://photos/a.jpg",
        ] {
            assert!(source(uri).is_err(), "{uri}");
        }
    }
}
