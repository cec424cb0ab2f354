use serde_json::json;

use crate::answer::Answer;
use crate::face::caller::{Scene, Scheme, shape};

const VERSION: &str = "2020-09-30";

async fn detect(scene: &Scene, project: &str, source: &str) -> Answer {
    let parameters = [("ProjectName", project), ("SourceURI", source)];
    let answer = scene.act(Scheme::Acs3, VERSION, "DetectImageFaces", &parameters);
    answer.await
}

#[tokio::test]
async fn a_photo_is_looked_at_in_its_private_bucket() {
    let scene = Scene::new().await;
    scene.photo(None).await;
    let answer = detect(&scene, "faces", "oss://photos/a.jpg").await;
    assert_eq!(answer.outcome(), "200");
    let [face] = answer.json["Faces"].as_array().unwrap().as_slice() else {
        panic!("{}", answer.json);
    };
    assert_eq!(
        (&face["Gender"], &face["FigureType"]),
        (&json!("female"), &json!("face"))
    );
    let years = face["Age"].as_u64().unwrap();
    assert!((20..50).contains(&years), "{face}");
    let changing = [
        "/RequestId",
        "/Faces/0/Age",
        "/Faces/0/AgeSD",
        "/Faces/0/Boundary/Height",
        "/Faces/0/Boundary/Left",
        "/Faces/0/Boundary/Top",
        "/Faces/0/Boundary/Width",
        "/Faces/0/FigureConfidence",
        "/Faces/0/FigureId",
        "/Faces/0/GenderConfidence",
        "/Faces/0/HeadPose/Roll",
    ];
    insta::assert_snapshot!(shape(&answer, &changing), @r#"
    {
      "Faces": [
        {
          "Age": "...",
          "AgeSD": "...",
          "Boundary": {
            "Height": "...",
            "Left": "...",
            "Top": "...",
            "Width": "..."
          },
          "FigureConfidence": "...",
          "FigureId": "...",
          "FigureType": "face",
          "Gender": "female",
          "GenderConfidence": "...",
          "HeadPose": {
            "Roll": "..."
          }
        }
      ],
      "RequestId": "..."
    }
    "#);
}

#[tokio::test]
async fn what_the_owner_says_counts_and_has_no_confidence() {
    let scene = Scene::new().await;
    scene.photo(Some("male/40")).await;
    let answer = detect(&scene, "faces", "oss://photos/a.jpg").await;
    let face = &answer.json["Faces"][0];
    assert_eq!(
        (&face["Gender"], &face["Age"]),
        (&json!("male"), &json!(40))
    );
    assert!(face.get("GenderConfidence").is_none() && face.get("AgeSD").is_none());
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_told_in_the_services_codes() {
    let scene = Scene::new().await;
    scene.photo(None).await;
    scene.oss.call("PUT /photos/text.jpg", "no picture").await;
    for (project, source, expected) in [
        ("", "oss://photos/a.jpg", "400 InvalidArgument"),
        ("other", "oss://photos/a.jpg", "400 ResourceNotFound"),
        ("faces", "", "400 InvalidArgument"),
        ("faces", "http://127.0.0.1/a.jpg", "400 InvalidArgument"),
        ("faces", "oss://photos/none.jpg", "400 ResourceNotFound"),
        ("faces", "oss://nowhere/a.jpg", "400 ResourceNotFound"),
        ("faces", "oss://photos/text.jpg", "400 InvalidArgument"),
    ] {
        let answer = detect(&scene, project, source).await;
        assert_eq!(answer.outcome(), expected, "{project} {source}");
    }
    let parameters = [
        ("ProjectName", "faces"),
        ("SourceURI", "oss://photos/a.jpg"),
        ("CredentialConfig", "{"),
    ];
    let answer = scene.act(Scheme::Acs3, VERSION, "DetectImageFaces", &parameters);
    assert_eq!(answer.await.outcome(), "400 InvalidArgument");
}
