use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Uri};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use signing::rpc;

use crate::face::caller::{PHOTO, Scene, Scheme, shape, unsigned};
use crate::running::{Running, credentials, settings};

const FACEBODY: &str = "2019-12-30";
const OPENPLATFORM: &str = "2019-12-19";
const SCHEMES: [Scheme; 2] = [Scheme::Acs3, Scheme::Rpc];

#[tokio::test]
async fn a_face_is_recognized_under_either_signature() {
    let scene = Scene::new().await;
    let url = scene.photo(Some("female/37")).await;
    for scheme in SCHEMES {
        let parameters = [
            ("ImageURL", url.as_str()),
            ("Age", "True"),
            ("Gender", "true"),
        ];
        let answer = scene
            .act(scheme, FACEBODY, "RecognizeFace", &parameters)
            .await;
        assert_eq!(answer.outcome(), "200", "{scheme:?}");
        let data = &answer.json["Data"];
        assert_eq!(
            (&data["GenderList"], &data["AgeList"]),
            (&json!([0]), &json!([37]))
        );
    }
}

#[tokio::test]
async fn answers_have_every_field_of_the_service() {
    let scene = Scene::new().await;
    let url = scene.photo(None).await;
    let parameters = [("ImageURL", url.as_str())];
    let recognized = scene
        .act(Scheme::Acs3, FACEBODY, "RecognizeFace", &parameters)
        .await;
    let changing = [
        "/RequestId",
        "/Data/AgeList",
        "/Data/FaceRectangles",
        "/Data/FaceProbabilityList",
        "/Data/GenderList",
        "/Data/Landmarks",
    ];
    insta::assert_snapshot!(shape(&recognized, &changing), @r#"
    {
      "Data": {
        "AgeList": "...",
        "BeautyList": [],
        "DenseFeatureLength": 0,
        "DenseFeatures": [],
        "Expressions": [],
        "FaceCount": 1,
        "FaceProbabilityList": "...",
        "FaceRectangles": "...",
        "GenderList": "...",
        "Glasses": [],
        "HatList": [],
        "LandmarkCount": 5,
        "Landmarks": "...",
        "Masks": [],
        "PoseList": [],
        "Pupils": [],
        "Qualities": {
          "BlurList": [],
          "FnfList": [],
          "GlassList": [],
          "IlluList": [],
          "MaskList": [],
          "NoiseList": [],
          "PoseList": [],
          "ScoreList": []
        }
      },
      "RequestId": "..."
    }
    "#);
    let detected = scene
        .act(Scheme::Acs3, FACEBODY, "DetectFace", &parameters)
        .await;
    assert_eq!(
        detected.json["Data"]["Landmarks"],
        json!([]),
        "not asked for"
    );
    let keys: Vec<_> = detected.json["Data"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    insta::assert_snapshot!(keys.join(" "), @"FaceCount FaceProbabilityList FaceRectangles LandmarkCount LandmarkScore Landmarks PoseList Pupils Qualities");
}

/// x and y of each point.
fn pairs(numbers: &Value) -> Value {
    numbers
        .as_array()
        .unwrap()
        .chunks(2)
        .map(Value::from)
        .collect()
}

#[tokio::test]
async fn five_landmarks_are_told_of_a_face() {
    let scene = Scene::new().await;
    let url = scene.photo(None).await;
    let parameters = [("ImageURL", url.as_str()), ("Landmark", "true")];
    for action in ["RecognizeFace", "DetectFace"] {
        let answer = scene.act(Scheme::Acs3, FACEBODY, action, &parameters).await;
        let data = &answer.json["Data"];
        assert_eq!(data["LandmarkCount"], 5, "{action}");
        let landmarks = serde_json::from_value::<[[f64; 2]; 5]>(pairs(&data["Landmarks"]));
        let [left_eye, right_eye, nose, left_corner, right_corner] = landmarks.unwrap();
        let across = [left_eye[0], nose[0], right_eye[0]];
        assert!(
            across.is_sorted() && left_corner[0] < right_corner[0],
            "{data}"
        );
        assert!([left_eye[1], nose[1], left_corner[1]].is_sorted(), "{data}");
    }
}

#[tokio::test]
async fn calls_that_make_no_sense_are_told_apart() {
    let scene = Scene::new().await;
    for scheme in SCHEMES {
        let upload = "AuthorizeFileUpload";
        let none = ("ImageURL", "x");
        for (version, action, parameters, expected) in [
            (FACEBODY, "RecognizeFace", &[][..], "400 MissingParameter"),
            (
                FACEBODY,
                "RecognizeFace",
                &[("ImageURL", "")],
                "400 MissingParameter",
            ),
            (
                FACEBODY,
                "RecognizeAnimal",
                &[],
                "404 InvalidAction.NotFound",
            ),
            (FACEBODY, "", &[], "404 InvalidAction.NotFound"),
            (OPENPLATFORM, "RecognizeFace", &[], "400 InvalidVersion"),
            (
                FACEBODY,
                "DetectFace",
                &[none, ("MaxFaceNumber", "0")],
                "400 InvalidParameter",
            ),
            (FACEBODY, "DetectFace", &[none], "400 InvalidImage.URL"),
            (OPENPLATFORM, upload, &[], "400 MissingParameter"),
            (
                OPENPLATFORM,
                upload,
                &[("Product", "ocr")],
                "400 InvalidProduct",
            ),
        ] {
            let answer = scene.act(scheme, version, action, parameters).await;
            assert_eq!(
                answer.outcome(),
                expected,
                "{scheme:?} {action} {parameters:?}"
            );
        }
    }
}

#[tokio::test]
async fn strangers_are_refused_under_either_signature() {
    let scene = Scene::new().await;
    let call = async |scheme, change: fn(&mut http::request::Parts)| {
        scene
            .act_changed(scheme, FACEBODY, "DetectFace", &[], change)
            .await
            .outcome()
    };
    assert_eq!(call(Scheme::Acs3, unsigned).await, "400 MissingParameter");
    let other = call(Scheme::Acs3, |parts| {
        parts
            .headers
            .insert(AUTHORIZATION, HeaderValue::from_static("Basic a:b"));
    });
    assert_eq!(other.await, "400 IncompleteSignature");
    let altered = call(Scheme::Acs3, |parts| {
        parts
            .headers
            .insert("x-acs-action", HeaderValue::from_static("RecognizeFace"));
    });
    assert_eq!(altered.await, "400 SignatureDoesNotMatch");
    let body = call(Scheme::Acs3, |parts| {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        parts
            .headers
            .insert("x-acs-content-sha256", HeaderValue::from_static(empty));
    });
    assert_eq!(
        body.await,
        "400 MissingParameter",
        "the hash of an empty body is right"
    );
    let altered = call(Scheme::Rpc, |parts| {
        parts.uri = format!("{}&Added=1", parts.uri).parse::<Uri>().unwrap();
    });
    assert_eq!(altered.await, "400 SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_recorded_call_cannot_be_sent_again() {
    let scene = Scene::new().await;
    let face = scene.running.addresses.face;
    let request = |now| {
        let uri = format!("http://{face}/?Action=DetectFace&Version={FACEBODY}");
        let mut parts = Request::post(uri).body(()).unwrap().into_parts().0;
        rpc::sign(&mut parts, "", "nonce", &credentials(), now).unwrap();
        parts
    };
    let parts = request(Timestamp::now());
    assert_eq!(
        scene.answer(parts.clone(), "").await.outcome(),
        "400 MissingParameter"
    );
    assert_eq!(
        scene.answer(parts, "").await.outcome(),
        "400 SignatureNonceUsed"
    );
    let old = request(Timestamp::now() - SignedDuration::from_mins(16));
    assert_eq!(
        scene.answer(old, "").await.outcome(),
        "400 InvalidTimeStamp.Expired"
    );
}

#[tokio::test]
async fn an_authorized_upload_can_be_looked_at() {
    // The service is in Shanghai, whatever region the emulator's own buckets are in.
    let mut settings = settings();
    settings.region = "cn-beijing".to_owned();
    let scene = Scene::of(Running::start_with(settings).await);
    let leave = leave(&scene).await;
    let host = format!("{}.{}", leave.bucket, leave.endpoint);
    assert_eq!(host, scene.running.addresses.oss.to_string());
    let as_sdks_do = format!("http://{host}/");
    let as_told = format!("http://{host}/{}/", leave.bucket);
    for url in [as_sdks_do, as_told] {
        let (status, body) = leave.upload(&scene, &url, &format!("{}x", leave.key)).await;
        assert_eq!(status, 403, "leave is for one key only: {body}");
        let (status, body) = leave.upload(&scene, &url, &leave.key).await;
        assert_eq!(status, 201, "{body}");
        let picture = format!("{url}{}", leave.key);
        let parameters = [("ImageURL", picture.as_str())];
        let seen = scene
            .act(Scheme::Acs3, FACEBODY, "DetectFace", &parameters)
            .await;
        assert_eq!(seen.json["Data"]["FaceCount"], 1, "{}", seen.json);
    }
}

/// Leave to upload one file.
struct Leave {
    bucket: String,
    endpoint: String,
    key: String,
    signed: [(&'static str, String); 3],
}

async fn leave(scene: &Scene) -> Leave {
    let parameters = [("Product", "facebody"), ("RegionId", "cn-shanghai")];
    let answer = scene
        .act(
            Scheme::Rpc,
            OPENPLATFORM,
            "AuthorizeFileUpload",
            &parameters,
        )
        .await;
    assert_eq!(answer.outcome(), "200");
    let text = |name: &str| answer.json[name].as_str().unwrap().to_owned();
    Leave {
        bucket: text("Bucket"),
        endpoint: text("Endpoint"),
        key: text("ObjectKey"),
        signed: [
            ("OSSAccessKeyId", text("AccessKeyId")),
            ("policy", text("EncodedPolicy")),
            ("Signature", text("Signature")),
        ],
    }
}

impl Leave {
    async fn upload(&self, scene: &Scene, url: &str, key: &str) -> (u16, String) {
        let signed = self
            .signed
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = signed
            .chain([("key", key), ("success_action_status", "201")])
            .collect();
        scene.upload(url, &fields, PHOTO).await
    }
}

#[tokio::test]
async fn pictures_of_other_regions_are_refused() {
    let mut settings = settings();
    settings.region = "cn-beijing".to_owned();
    let scene = Scene::of(Running::start_with(settings).await);
    let own = scene.presigned("photos", "a.jpg");
    for url in [own.as_str(), "http://b.oss-us-west-1.aliyuncs.com/a.jpg"] {
        let answer = scene
            .act(Scheme::Acs3, FACEBODY, "DetectFace", &[("ImageURL", url)])
            .await;
        assert_eq!(answer.outcome(), "400 InvalidImage.Region", "{url}");
    }
}
