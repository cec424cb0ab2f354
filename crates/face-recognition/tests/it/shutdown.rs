//! How it ends.

use std::time::Duration;

use clap::Parser as _;
use face_recognition::Config;
use testbed::eventually;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wiremock::ResponseTemplate;

use crate::faces_api::{FacesApi, one_woman};
use crate::running::Running;

#[tokio::test]
async fn what_is_in_work_is_finished() {
    let slow = ResponseTemplate::new(200)
        .set_body_json(one_woman())
        .set_delay(Duration::from_millis(300));
    let running = Running::with(FacesApi::with(move |_| Some(slow.clone())), &[]).await;
    running.upload("a.jpg");
    let (answer, ()) = tokio::join!(running.created("a.jpg"), async {
        eventually("the face API is asked", || {
            !running.faces.asked().is_empty()
        })
        .await;
        running.stop.cancel();
    });
    assert_eq!(answer.status(), 200);
    running.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_left() {
    let stuck = ResponseTemplate::new(200)
        .set_body_json(one_woman())
        .set_delay(Duration::from_secs(15));
    let faces = FacesApi::with(move |_| Some(stuck.clone()));
    let running = Running::with(faces, &["--drain-grace=PT1S"]).await;
    running.upload("a.jpg");
    let request = running
        .request()
        .body(crate::running::document(&["a.jpg"]).to_string());
    let answer = tokio::spawn(request.send());
    eventually("the face API is asked", || {
        !running.faces.asked().is_empty()
    })
    .await;
    running.stop.cancel();
    running.ended.await.unwrap().unwrap();
    assert!(answer.await.unwrap().is_err(), "the connection is cut");
    assert!(running.objects.get("target/rec-a.jpg").is_none());
}

#[tokio::test]
async fn a_taken_port_is_told_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    let config = Config::try_parse_from(["face-recognition", "--upload-path=target", &listen]);
    let config = config.unwrap();
    let credentials = config.check(|_| Some("key".to_owned())).unwrap();
    let error = face_recognition::run(config, credentials, CancellationToken::new())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is in use: choose another with --listen"),
        "{error}"
    );
}
