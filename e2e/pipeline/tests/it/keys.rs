//! Object keys that break what is built by gluing strings together.

use crate::fixture::{pipeline, portrait};

#[tokio::test]
async fn photos_come_back_whatever_their_key() {
    let pipeline = pipeline(|_| ()).await;
    for key in [
        "plain.jpg",
        "with blank.jpg",
        "a+b=c&d.jpg",
        "100%.jpg",
        "50%25off.jpg",
        "#1.jpg",
        "what?.jpg",
        "quote'and\"double.jpg",
        "semi;colon,comma.jpg",
        "人脸/照片 1.jpg",
        "smile 😀.jpg",
        "deep/er/and/deep/est/a.jpg",
        "double//slash.jpg",
    ] {
        let (meta, _) = pipeline.annotate(key, portrait()).await;
        assert_eq!(testbed::face_count(&meta).unwrap(), 1, "{key}");
    }
    pipeline.stop().await;
}

#[tokio::test]
async fn the_longest_key_comes_back_under_a_key_that_still_fits() {
    let pipeline = pipeline(|_| ()).await;
    let key = format!("{}.jpg", "k".repeat(1019));
    assert_eq!(key.len(), 1023);
    pipeline.upload(&key, portrait()).await;
    pipeline.settled().await;
    let keys = pipeline.keys().await;
    let [photo, result] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    assert_eq!(*photo, key);
    assert!(result.starts_with("target/rec-kkk"), "{result}");
    assert_eq!(result.rsplit_once('.').unwrap().1, "jpg");
    assert!(result.len() <= 1023, "{result}");
    pipeline.stop().await;
}

#[tokio::test]
async fn equal_names_in_two_folders_give_two_results() {
    let pipeline = pipeline(|_| ()).await;
    for folder in ["x", "y"] {
        pipeline
            .annotate(&format!("{folder}/a.jpg"), portrait())
            .await;
    }
    assert_eq!(
        pipeline.keys().await,
        [
            "target/x/rec-a.jpg",
            "target/y/rec-a.jpg",
            "x/a.jpg",
            "y/a.jpg"
        ]
    );
    pipeline.stop().await;
}

#[tokio::test]
async fn results_are_never_processed_again_but_lookalikes_are() {
    let pipeline = pipeline(|_| ()).await;
    pipeline.annotate("target-x/a.jpg", portrait()).await;
    pipeline.settled().await;
    assert_eq!(
        pipeline.keys().await,
        ["target-x/a.jpg", "target/target-x/rec-a.jpg"]
    );
    // The result's own event went the same way and was told apart.
    let skipped = pipeline
        .face_metrics()
        .await
        .sum("face_events_total", "reason=\"in_target\"");
    assert_eq!(skipped.to_string(), "1");
    pipeline.stop().await;
}
