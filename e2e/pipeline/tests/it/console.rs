//! Hundreds of photos at once, by the console's own API, while the services die.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use testbed::{
    CONSOLE_TOKEN, ConsoleBinaries, ConsolePipeline, Progress, Service, Settings, poll_until,
};
use tokio::time::sleep;

use crate::fixture::portrait;

const PHOTOS: usize = 500;
/// As many as one request may name.
const FORMS: usize = 100;
/// A page sends four; there may be several pages.
const AT_A_TIME: usize = 16;
/// The edge of the photos in pixels: small, and the detector still sees the face.
const EDGE: u32 = 192;
/// For everything together, on a machine that does other things as well.
const DEADLINE: Duration = Duration::from_mins(8);
/// For a call to something that may be dead.
const CALL_DEADLINE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(200);

/// A page of the console, signed in.
struct Page<'a> {
    pipeline: &'a ConsolePipeline,
    cookie: String,
    csrf: String,
}

impl<'a> Page<'a> {
    async fn sign_in(pipeline: &'a ConsolePipeline) -> Self {
        let http = &pipeline.services.http;
        let url = format!("{}api/session", pipeline.url());
        let token = json!({ "token": CONSOLE_TOKEN });
        let opened = with_json(http.post(&url), &token).send().await.unwrap();
        let cookie = opened.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let known = http.get(&url).header("cookie", &cookie).send().await;
        let known: Value = serde_json::from_slice(&known.unwrap().bytes().await.unwrap()).unwrap();
        Self {
            pipeline,
            cookie,
            csrf: known["csrf"].as_str().unwrap().to_owned(),
        }
    }

    /// Calls until the console answers, as the page does.
    async fn call(&self, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}api/{path}", self.pipeline.url());
        loop {
            let http = &self.pipeline.services.http;
            let request = match body {
                Some(body) => with_json(http.post(&url), body),
                None => http.get(&url),
            };
            let request = request
                .header("cookie", &self.cookie)
                .header("x-csrf-token", &self.csrf)
                .timeout(CALL_DEADLINE);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    if let Ok(body) = answer.bytes().await {
                        return serde_json::from_slice(&body).unwrap();
                    }
                }
                Ok(answer) => assert!(
                    [429, 502].contains(&answer.status().as_u16()),
                    "{path}: {}",
                    answer.status()
                ),
                Err(_) => {}
            }
            sleep(RETRY).await;
        }
    }

    /// Uploads copies of a photo, and gives their keys.
    async fn upload(&self, photo: &Bytes) -> Vec<String> {
        let mut forms = Vec::new();
        for start in (0..PHOTOS).step_by(FORMS) {
            let names = (start..start + FORMS)
                .map(|number| json!({ "name": format!("{number}.jpg"), "size": photo.len() }));
            let wanted = json!({ "files": names.collect::<Vec<_>>() });
            let signed = self.call("uploads", Some(&wanted)).await;
            forms.extend(signed["forms"].as_array().unwrap().iter().cloned());
        }
        let uploads = stream::iter(forms).map(|form| async move { self.send(&form, photo).await });
        uploads.buffer_unordered(AT_A_TIME).collect().await
    }

    async fn send(&self, form: &Value, photo: &Bytes) -> String {
        let url = form["url"].as_str().unwrap();
        loop {
            let mut body = Form::new();
            for field in form["fields"].as_array().unwrap() {
                let [name, value] = [0, 1].map(|index| field[index].as_str().unwrap().to_owned());
                body = body.text(name, value);
            }
            let file = Part::stream(photo.clone()).file_name("file");
            let request = self.pipeline.services.http.post(url);
            let request = request.multipart(body.part("file", file));
            match request.timeout(CALL_DEADLINE).send().await {
                // There already: an earlier attempt arrived, and only its answer was lost.
                Ok(answer) if [200, 409].contains(&answer.status().as_u16()) => {
                    return form["key"].as_str().unwrap().to_owned();
                }
                Ok(answer) => panic!("{}", answer.text().await.unwrap()),
                Err(_) => sleep(RETRY).await,
            }
        }
    }

    /// Listens as a page does, so that the console looks at queue and photos often.
    async fn listen(&self) {
        let url = format!("{}api/live", self.pipeline.url());
        loop {
            let request = self.pipeline.services.http.get(&url);
            if let Ok(mut answer) = request.header("cookie", &self.cookie).send().await {
                while let Ok(Some(_)) = answer.chunk().await {}
            }
            sleep(RETRY).await;
        }
    }

    /// How many of the photos are in each state on the console's list.
    async fn states(&self, keys: &[String]) -> (usize, String) {
        let list = self.call("photos", None).await;
        let list = list.as_array().unwrap();
        let is_stored = |key: &&String| {
            list.iter()
                .any(|photo| photo["key"] == **key && photo["state"] == "stored")
        };
        let stored = keys.iter().filter(is_stored).count();
        (stored, format!("{stored} stored, {} listed", list.len()))
    }
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    let request = request.header("content-type", "application/json");
    request.body(body.to_string())
}

/// Each of them dies twice, two of them at one time.
async fn kill(pipeline: &ConsolePipeline) {
    let pause = Duration::from_millis(300);
    let console = async {
        pipeline.kill_console().await.unwrap();
        sleep(pause).await;
        pipeline.start_console().await.unwrap();
    };
    let services = &pipeline.services;
    sleep(pause).await;
    services.kill(Service::SourceAdapter, pause).await.unwrap();
    services
        .kill(Service::FaceRecognition, pause)
        .await
        .unwrap();
    console.await;
    let (adapter, face) = tokio::join!(
        services.kill(Service::SourceAdapter, pause),
        services.kill(Service::FaceRecognition, pause),
    );
    adapter.and(face).unwrap();
    pipeline.kill_console().await.unwrap();
    sleep(pause).await;
    pipeline.start_console().await.unwrap();
}

fn small() -> Bytes {
    let portrait = image::load_from_memory(&portrait()).unwrap().into_rgb8();
    let small = resize(&portrait, EDGE, EDGE, FilterType::Triangle);
    let mut file = Vec::new();
    JpegEncoder::new(&mut file).encode_image(&small).unwrap();
    file.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_hundreds_of_photos_is_lost_while_services_die() {
    let binaries = ConsoleBinaries::build().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path().to_owned());
    let pipeline = ConsolePipeline::start(&binaries, settings, "127.0.0.1:0")
        .await
        .unwrap();
    let page = Page::sign_in(&pipeline).await;
    let photo = small();
    let work = async {
        let ((), keys) = tokio::join!(kill(&pipeline), page.upload(&photo));
        assert_eq!(keys.len(), PHOTOS);
        let all_stored = poll_until("the last photo", DEADLINE, || async {
            let (stored, progress) = page.states(&keys).await;
            Ok(Progress::of(stored == PHOTOS, || progress.clone()))
        });
        all_stored.await.unwrap();
        keys
    };
    let keys = tokio::select! {
        keys = work => keys,
        () = page.listen() => unreachable!("it never ends"),
    };
    for key in &keys {
        let target = testbed::target_key(&key.parse().unwrap()).unwrap();
        let result = pipeline.cloud.head(&target).await.unwrap();
        assert!(result.is_some(), "{key} has no result");
    }
    pipeline.stop().await.unwrap();
}
