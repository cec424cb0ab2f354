//! Events that are delivered twice, refused or not for us.

use testbed::{Fault, FaultKind, Outcome};

use crate::fixture::{pipeline, portrait};

#[tokio::test]
async fn a_second_delivery_costs_no_second_face_call_and_changes_nothing() {
    let pipeline = pipeline(|_| ()).await;
    let fault = Fault::once("mns", "*", FaultKind::Duplicate);
    pipeline
        .cloud
        .account
        .admin
        .add_fault(&fault)
        .await
        .unwrap();
    let (meta, _) = pipeline.annotate("a.jpg", portrait()).await;
    pipeline.settled().await;
    assert_eq!(pipeline.calls("face", "FaceAttribute").await, 1);
    let again = pipeline
        .cloud
        .head(&"target/rec-a.jpg".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.last_modified, meta.last_modified);
    pipeline.stop().await;
}

#[tokio::test]
async fn a_corrupt_photo_is_refused_once_with_the_reason() {
    let pipeline = pipeline(|_| ()).await;
    let broken = portrait().slice(..2000);
    let Outcome::Refused(letter) = pipeline.send("broken.jpg", broken).await else {
        panic!("a photo was made of half a file");
    };
    assert_eq!(letter.code, "422", "{letter:?}");
    pipeline.settled().await;
    assert_eq!(pipeline.calls("face", "FaceAttribute").await, 0);
    pipeline.stop().await;
}

#[tokio::test]
async fn the_originals_wire_form_is_processed() {
    for (version, format) in [("0.2", "binary"), ("0.2", "json"), ("0.3", "binary")] {
        let pipeline = pipeline(|settings| {
            let environment = [
                ("PAYLOAD", "Base64"),
                ("SPEC_VERSION", version),
                ("DELIVERY_FORMAT", format),
            ];
            let environment = environment.map(|(name, value)| (name.into(), value.into()));
            settings.adapter_env.extend(environment);
        })
        .await;
        pipeline.annotate("a.jpg", portrait()).await;
        pipeline.stop().await;
    }
}

#[tokio::test]
async fn structured_mode_is_processed() {
    let pipeline = pipeline(|settings| {
        settings
            .adapter_env
            .insert("DELIVERY_FORMAT".into(), "json".into());
    })
    .await;
    pipeline.annotate("人脸 1.jpg", portrait()).await;
    pipeline.stop().await;
}

#[tokio::test]
async fn what_is_no_photo_is_acknowledged_and_counted() {
    let pipeline = pipeline(|_| ()).await;
    pipeline.upload("notes.txt", "not a photo".into()).await;
    pipeline.settled().await;
    assert_eq!(pipeline.keys().await, ["notes.txt"]);
    let skipped = pipeline
        .face_metrics()
        .await
        .sum("face_events_total", "reason=\"not_an_image\"");
    assert_eq!(skipped.to_string(), "1");
    assert_eq!(pipeline.dead_letters.dead_letters(), []);
    pipeline.stop().await;
}
