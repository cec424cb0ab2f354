//! facebody, the face API of today: `RecognizeFace` and `DetectFace`.
//!
//! Its limits hold: the picture must be in the service's own region, of an allowed format and
//! of an allowed resolution. Landmarks are five in place of the service's 105: both eyes, the tip
//! of the nose, the corners of the mouth. Lists that nothing is known for are empty, such as that
//! of the pupils, whose radius is not measured here.

use serde::Serialize;

use super::Face;
use super::found::{self, Found, Limits};
use super::known::Person;
use super::picture::PictureError;
use crate::gateway::{RpcCall, RpcError};

/// The only version there is.
pub(super) const VERSION: &str = "2019-12-30";
/// The only region the service is in.
pub(super) const REGION: &str = "cn-shanghai";

/// Both sides must be longer than 32 and shorter than 4096 pixels.
const LIMITS: Limits = Limits {
    shortest: 33,
    longest: 4095,
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Recognized {
    #[serde(flatten)]
    faces: Faces,
    gender_list: Vec<u8>,
    age_list: Vec<u16>,
    expressions: [u8; 0],
    glasses: [u8; 0],
    hat_list: [u8; 0],
    masks: [u8; 0],
    beauty_list: [f32; 0],
    dense_feature_length: u32,
    dense_features: [&'static str; 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Detected {
    #[serde(flatten)]
    faces: Faces,
    landmark_score: [f32; 0],
}

/// What both actions say of the faces.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Faces {
    face_count: usize,
    face_rectangles: Vec<u32>,
    face_probability_list: Vec<f32>,
    pose_list: [f32; 0],
    pupils: [f32; 0],
    landmark_count: usize,
    landmarks: Vec<f32>,
    qualities: Qualities,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names of the service")]
struct Qualities {
    blur_list: [f32; 0],
    fnf_list: [f32; 0],
    glass_list: [f32; 0],
    illu_list: [f32; 0],
    mask_list: [f32; 0],
    noise_list: [f32; 0],
    pose_list: [f32; 0],
    score_list: [f32; 0],
}

impl Faces {
    fn of(found: &[Found], with_landmarks: bool) -> Self {
        let landmarks = found.iter().filter(|_| with_landmarks);
        Self {
            face_count: found.len(),
            face_rectangles: found.iter().flat_map(|face| face.rectangle).collect(),
            face_probability_list: found.iter().map(|face| face.probability).collect(),
            pose_list: [],
            pupils: [],
            landmark_count: if with_landmarks { found::LANDMARKS } else { 0 },
            landmarks: landmarks.flat_map(Found::landmarks).collect(),
            qualities: Qualities::default(),
        }
    }
}

/// `RecognizeFace`. Gender and age are told when they were asked for and are known.
pub(super) async fn recognize(face: &Face, call: &RpcCall) -> Result<Recognized, RpcError> {
    let found = find_faces(face, call).await?;
    let people: Vec<Person> = found.iter().filter_map(|face| face.person).collect();
    let (gender, age) = (call.flag("Gender"), call.flag("Age"));
    Ok(Recognized {
        faces: Faces::of(&found, true),
        gender_list: people
            .iter()
            .filter(|_| gender)
            .map(|person| person.gender)
            .collect(),
        age_list: people
            .iter()
            .filter(|_| age)
            .map(|person| person.age)
            .collect(),
        expressions: [],
        glasses: [],
        hat_list: [],
        masks: [],
        beauty_list: [],
        dense_feature_length: 0,
        dense_features: [],
    })
}

/// `DetectFace`. Landmarks are told when they were asked for.
pub(super) async fn detect(face: &Face, call: &RpcCall) -> Result<Detected, RpcError> {
    let found = find_faces(face, call).await?;
    Ok(Detected {
        faces: Faces::of(&found, call.flag("Landmark")),
        landmark_score: [],
    })
}

async fn find_faces(face: &Face, call: &RpcCall) -> Result<Vec<Found>, RpcError> {
    let url = call.require("ImageURL")?;
    let most = most(call)?;
    let picture = face
        .downloads
        .fetch_in(url, REGION)
        .await
        .map_err(|it| refused(&it))?;
    let mut found = face
        .detect(picture, LIMITS)
        .await
        .map_err(|it| refused(&it))?;
    if let Some(most) = most {
        super::found::keep_largest(&mut found, most);
    }
    Ok(found)
}

fn most(call: &RpcCall) -> Result<Option<usize>, RpcError> {
    let Some(text) = call.get("MaxFaceNumber") else {
        return Ok(None);
    };
    let most = text.parse().ok().filter(|most| *most > 0);
    let message = "The value of MaxFaceNumber is not a positive number.";
    most.map(Some)
        .ok_or_else(|| RpcError::bad("InvalidParameter", message))
}

fn refused(error: &PictureError) -> RpcError {
    let code = match error {
        PictureError::Url => "InvalidImage.URL",
        PictureError::Region => "InvalidImage.Region",
        PictureError::Download(_) | PictureError::Status(_) => "InvalidImage.Download",
        PictureError::Timeout => "InvalidImage.Timeout",
        PictureError::Resolution { .. } => "InvalidImage.Resolution",
        // No source gives the codes for these two.
        PictureError::Size => "InvalidImage.Size",
        PictureError::Format | PictureError::Content => "InvalidImage.Content",
        PictureError::Detector => return RpcError::internal(error.to_string()),
    };
    RpcError::bad(code, error.to_string())
}
