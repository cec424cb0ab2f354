//! The answer documents: samples and malformed ones.

use face::{Analysis, Dimensions, Face, FaceError, dataplus, facebody, imm};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::told;

const PICTURE: Dimensions = Dimensions {
    width: 640,
    height: 480,
};

const ATTRIBUTE: &str = include_str!("../json/face-attribute-response.json");
const RECOGNIZE: &str = include_str!("../json/facebody-recognize-face-response.json");
const FIGURES: &str = include_str!("../json/imm-detect-image-faces-response.json");
const DETECT: &str = include_str!("../json/facebody-detect-face-response.json");
const REFUSAL: &str = include_str!("../json/facebody-error-response.json");
const AUTHORIZATION: &str = include_str!("../json/authorize-file-upload-response.json");

type Reader = fn(StatusCode, &[u8], Dimensions) -> Result<Analysis, FaceError>;

#[test]
fn samples_of_all_services_say_the_same() {
    let ours = dataplus::read_answer(StatusCode::OK, ATTRIBUTE.as_bytes(), PICTURE).unwrap();
    let theirs = facebody::read_answer(StatusCode::OK, RECOGNIZE.as_bytes(), PICTURE).unwrap();
    assert_eq!(ours, theirs);
    let figures = imm::read_answer(StatusCode::OK, FIGURES.as_bytes(), PICTURE).unwrap();
    let sure: Vec<_> = figures
        .faces
        .iter()
        .map(|it| it.gender_probability)
        .collect();
    assert_eq!(sure, [Some(0.95), Some(0.875)]);
    let without = figures.faces.into_iter().map(|face| Face {
        gender_probability: None,
        ..face
    });
    assert_eq!(ours.faces, without.collect::<Vec<_>>());
    insta::assert_json_snapshot!(ours, @r#"
    {
      "faces": [
        {
          "rect": {
            "left": 120,
            "top": 80,
            "width": 96,
            "height": 110
          },
          "probability": 0.99,
          "gender": "male",
          "age": 34
        },
        {
          "rect": {
            "left": 400,
            "top": 90,
            "width": 88,
            "height": 101
          },
          "probability": 0.97,
          "gender": "female",
          "age": 28
        }
      ]
    }
    "#);
}

#[test]
fn answer_without_attributes_leaves_them_unknown() {
    let analysis = facebody::read_answer(StatusCode::OK, DETECT.as_bytes(), PICTURE).unwrap();
    let [face] = analysis.faces.as_slice() else {
        panic!("{analysis:?}");
    };
    assert_eq!((face.gender, face.age), (None, None));
}

/// What the reader makes of a document, in a few words.
fn verdict(read: Reader, status: u16, document: &str) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    match read(status, document.as_bytes(), PICTURE) {
        Ok(analysis) => format!("{} faces", analysis.faces.len()),
        Err(error) => format!("{}: {}", error.reason(), told(&error)),
    }
}

/// The refusal with another code.
fn refusal(code: &str) -> String {
    REFUSAL.replace("InvalidImage.Region", code)
}

/// The sample with one field replaced, or removed if the value is `null`.
fn changed(sample: &str, path: &str, value: Value) -> String {
    let mut document: Value = serde_json::from_str(sample).unwrap();
    let (parent, field) = path.rsplit_once('/').unwrap();
    let parent = document
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap();
    match value {
        Value::Null => parent.remove(field),
        value => parent.insert(field.to_owned(), value),
    };
    document.to_string()
}

#[test]
fn attribute_answers_are_checked_before_use() {
    let with = |field: &str, value| changed(ATTRIBUTE, field, value);
    let cases = [
        ("error number", 200, with("/errno", json!(5))),
        (
            "passing trouble",
            200,
            with("/errno", json!(5))
                .replace("\"err_msg\":\"\"", "\"err_msg\":\"download timeout\""),
        ),
        ("no error number", 200, with("/errno", json!(null))),
        ("no count", 200, with("/face_num", json!(null))),
        ("negative count", 200, with("/face_num", json!(-1))),
        ("count too high", 200, with("/face_num", json!(3))),
        ("no faces", 200, r#"{"errno":0,"face_num":0}"#.to_owned()),
        ("rectangles missing", 200, with("/face_rect", json!(null))),
        (
            "rectangle of words",
            200,
            with("/face_rect", json!(["a", 1, 2, 3])),
        ),
        ("short genders", 200, with("/gender", json!([1]))),
        ("no genders", 200, with("/gender", json!([]))),
        (
            "genders null",
            200,
            with("/gender", json!(null)).replace('{', "{\"gender\":null,"),
        ),
        ("holes in the ages", 200, with("/age", json!([null, 1]))),
        (
            "a face outside",
            200,
            with("/face_rect", json!([1, 1, 9, 9, 900, 1, 9, 9])),
        ),
        (
            "landmarks of another form",
            200,
            with("/landmark", json!("none")),
        ),
        (
            "number out of range",
            200,
            ATTRIBUTE.replace("0.99", "1e999"),
        ),
        ("not JSON", 200, "<html>".to_owned()),
        ("nothing", 200, String::new()),
        ("unauthorized", 401, "no such key".to_owned()),
        (
            "quota",
            403,
            r#"{"Code":"Throttling.User","Message":"slow"}"#.to_owned(),
        ),
        ("gateway", 502, "<html>".to_owned()),
    ];
    let verdicts = cases.map(|(name, status, document)| {
        format!(
            "{name}: {}",
            verdict(dataplus::read_answer, status, &document)
        )
    });
    insta::assert_snapshot!(verdicts.join("\n"));
}

#[test]
fn recognize_answers_are_checked_before_use() {
    let with = |field: &str, value| changed(RECOGNIZE, field, value);
    let cases = [
        ("region", 400, REFUSAL.to_owned()),
        ("no face found", 400, refusal("InvalidImage.NotFoundFace")),
        ("refused picture", 400, refusal("InvalidImage.Resolution")),
        ("error in a success", 200, REFUSAL.to_owned()),
        ("service not bought", 400, refusal("InvalidApi.NotPurchase")),
        ("throttled", 400, refusal("Throttling")),
        ("download failed", 400, refusal("InvalidImage.Download")),
        ("unknown code", 400, refusal("Unheard.Of")),
        ("no data", 200, with("/Data", json!(null))),
        ("data of another form", 200, with("/Data", json!([1]))),
        ("no count", 200, with("/Data/FaceCount", json!(null))),
        ("no faces", 200, r#"{"Data":{"FaceCount":0}}"#.to_owned()),
        (
            "half a rectangle",
            200,
            with("/Data/FaceRectangles", json!([1, 2])),
        ),
        ("long ages", 200, with("/Data/AgeList", json!([1, 2, 3]))),
        ("flags off", 200, with("/Data/AgeList", json!([]))),
        (
            "fractions",
            200,
            with("/Data/FaceRectangles", json!([1.5, 2, 9.7, 9, 1, 2, 9, 9])),
        ),
    ];
    let verdicts = cases.map(|(name, status, document)| {
        format!(
            "{name}: {}",
            verdict(facebody::read_answer, status, &document)
        )
    });
    insta::assert_snapshot!(verdicts.join("\n"));
}

#[test]
fn image_faces_answers_are_checked_before_use() {
    let with = |field: &str, value| changed(FIGURES, field, value);
    let cases = [
        ("project", 400, refusal("ResourceNotFound")),
        ("error in a success", 200, REFUSAL.to_owned()),
        ("no list", 200, with("/Faces", json!(null))),
        ("no list and no request", 200, "{}".to_owned()),
        ("empty list", 200, with("/Faces", json!([]))),
        ("list of nothing", 200, with("/Faces", json!([null, {}]))),
        ("no list at all", 200, with("/Faces", json!("none"))),
        ("no rectangle", 200, with("/Faces/0/Boundary", json!(null))),
        (
            "a polygon",
            200,
            with("/Faces/0/Boundary", json!({"Polygon": [{"X": 1, "Y": 2}]})),
        ),
        (
            "half a rectangle",
            200,
            with("/Faces/0/Boundary/Top", json!(null)),
        ),
        (
            "a face outside",
            200,
            with("/Faces/0/Boundary/Left", json!(9000)),
        ),
        ("fractions", 200, with("/Faces/0/Boundary/Left", json!(9.5))),
        (
            "a word for a number",
            200,
            with("/Faces/0/Age", json!("old")),
        ),
    ];
    let verdicts = cases.map(|(name, status, document)| {
        format!("{name}: {}", verdict(imm::read_answer, status, &document))
    });
    insta::assert_snapshot!(verdicts.join("\n"), @r#"
    project: misconfigured: `imm` cannot be used as configured: `ResourceNotFound`: the image must be stored in the region of the service (request `7C9E6679-7425-40DE-944B-E07FC1F90AE7`)
    error in a success: misconfigured: `imm` cannot be used as configured: `InvalidImage.Region`: the image must be stored in the region of the service (request `7C9E6679-7425-40DE-944B-E07FC1F90AE7`)
    no list: 0 faces
    no list and no request: invalid_answer: `imm` sent a response that cannot be used: it lacks `Faces`
    empty list: 0 faces
    list of nothing: 0 faces
    no list at all: invalid_answer: `imm` sent a response that cannot be used: it does not have the documented form: invalid type: string "none", expected a list of faces at line 1 column 15
    no rectangle: 1 faces
    a polygon: 1 faces
    half a rectangle: 1 faces
    a face outside: 1 faces
    fractions: 2 faces
    a word for a number: invalid_answer: `imm` sent a response that cannot be used: it does not have the documented form: invalid type: string "old", expected f64 at line 1 column 22
    "#);
}

#[test]
fn figures_attributes_that_make_no_sense_are_unknown() {
    for (field, value) in [
        ("Gender", json!("unknown")),
        ("Gender", json!(1)),
        ("Age", json!(-1)),
        ("Age", json!(1e300)),
        ("FigureConfidence", json!(1.5)),
        ("GenderConfidence", json!(-0.1)),
    ] {
        let document = changed(FIGURES, &format!("/Faces/0/{field}"), value.clone());
        let analysis = imm::read_answer(StatusCode::OK, document.as_bytes(), PICTURE).unwrap();
        let face = &analysis.faces[0];
        let known = match field {
            "Gender" => face.gender.is_some() || face.gender_probability.is_some(),
            "Age" => face.age.is_some(),
            "FigureConfidence" => face.probability.is_some(),
            _ => face.gender_probability.is_some(),
        };
        assert!(!known, "{field} {value}");
    }
}

#[test]
fn authorization_shows_neither_key_nor_signature() {
    let authorization = facebody::read_authorization(StatusCode::OK, AUTHORIZATION.as_bytes());
    insta::assert_snapshot!(format!("{:?}", authorization.unwrap()), @r#"Authorization { bucket: "viapi-upload", object_key: "1234567890123456/2024/5/6/a.jpg", .. }"#);
}

#[test]
fn authorization_is_complete_or_none() {
    for field in [
        "AccessKeyId",
        "EncodedPolicy",
        "Signature",
        "ObjectKey",
        "Bucket",
        "Endpoint",
    ] {
        let document = changed(AUTHORIZATION, &format!("/{field}"), json!(null));
        let read = facebody::read_authorization(StatusCode::OK, document.as_bytes());
        assert_eq!(
            read.unwrap_err().reason(),
            "invalid_answer",
            "without {field}"
        );
    }
}
