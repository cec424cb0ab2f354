//! Nothing that opens a door shows, at the most talkative log level and when all goes wrong.
//!
//! The services get credentials that occur nowhere else. The emulator keeps every request that
//! it is sent, so that each signature and each presigned URL that was really used is known and
//! can be looked for in all that the processes say to anybody but the services they call.

mod doors;
mod listener;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use oss::{ListRequest, PutOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{
    ACCESS_KEY_SECRET, Emulated, FaceBackend, Fault, FaultKind, Process, ServiceAddress, Settings,
    content_type, launch,
};
use tokio::time::{Instant, sleep};

use self::doors::Doors;
use self::listener::Listener;
use crate::stage::{binaries, portrait};

const DEADLINE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(20);

const SECRET: &str = "MARKERsecretOfThePipelineMARKER0";
const WRONG_SECRET: &str = "MARKERsecretThatIsWrongMARKER000";
const TOKEN: &str = "MARKERtoken/of+thePipelineMARKER=";
/// The key id may show; each pair has its own.
const PERMANENT: &str = "LTAImarkerPermanent";
const TEMPORARY: &str = "STS.markerTemporary";

/// How the policy of every upload form begins, in base64: `{"expiration`.
const POLICY: &str = "eyJleHBpcmF0aW9u";

/// What a service is configured with.
fn keys(id: &str, secret: &str) -> BTreeMap<String, String> {
    let mut env = BTreeMap::from([
        ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), id.to_owned()),
        (
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(),
            secret.to_owned(),
        ),
    ]);
    if id == TEMPORARY {
        env.insert("ALIBABA_CLOUD_SECURITY_TOKEN".to_owned(), TOKEN.to_owned());
    }
    env
}

/// A pipeline of which all that it says is kept.
struct Scene {
    emulated: Emulated,
    face: Process,
    face_address: String,
    adapter: Process,
    adapter_address: String,
    sink: Listener,
    dead_letters: Listener,
    doors: Doors,
    folder: TempDir,
}

impl Scene {
    async fn start(backend: FaceBackend, face_keys: BTreeMap<String, String>) -> Self {
        let binaries = binaries().await;
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(folder.path().to_owned());
        settings.backend = backend;
        "trace".clone_into(&mut settings.log);
        settings.capture = true;
        settings.face_env = face_keys;
        settings.adapter_env = keys(TEMPORARY, SECRET);
        settings
            .adapter_env
            .insert("DELIVERY_RETRY".into(), "0".into());

        let emulated = Emulated::start(binaries, &settings).await.unwrap();
        accept(&emulated, PERMANENT, None).await;
        accept(&emulated, TEMPORARY, Some(TOKEN)).await;
        let face = launch::face_recognition(binaries, &settings, &emulated.addresses);
        let (face, ServiceAddress { http: face_address }) = Process::start(face).await.unwrap();
        let http = emulated.http.clone();
        let sink = Listener::start(Some(format!("http://{face_address}/")), http.clone()).await;
        let dead_letters = Listener::start(None, http).await;
        let adapter = launch::source_adapter(
            binaries,
            &settings,
            &emulated.addresses,
            &sink.url(),
            Some(&dead_letters.url()),
        );
        let (
            adapter,
            ServiceAddress {
                http: adapter_address,
            },
        ) = Process::start(adapter).await.unwrap();
        Self {
            emulated,
            face,
            face_address,
            adapter,
            adapter_address,
            sink,
            dead_letters,
            doors: known_doors(),
            folder,
        }
    }

    /// Uploads a file and waits until its message is dealt with.
    async fn photo(&mut self, key: &str, file: Bytes) {
        let heard = self.sink.heard().len();
        let options = PutOptions {
            content_type: content_type(&file).map(str::to_owned),
            ..PutOptions::default()
        };
        let bucket = &self.emulated.cloud.bucket;
        bucket
            .put(&key.parse().unwrap(), file, &options)
            .await
            .unwrap();
        let give_up = Instant::now() + DEADLINE;
        while self.sink.heard().len() < heard + 2
            || self.emulated.cloud.backlog().await.unwrap() > 0
        {
            assert!(Instant::now() < give_up, "`{key}`: no end");
            sleep(POLL).await;
        }
        self.learn().await;
    }

    /// The emulator keeps so many requests only; ask before it forgets.
    async fn learn(&mut self) {
        let url = format!("http://{}/captures", self.emulated.addresses.admin);
        let captures = self.get(&url).await;
        self.doors.learn(&serde_json::from_str(&captures).unwrap());
    }

    async fn get(&self, url: &str) -> String {
        let answer = self.emulated.http.get(url).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// All that anybody can see, by where it is seen.
    async fn seen(&self) -> Vec<(String, String)> {
        let mut seen = vec![];
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = file.unwrap().path();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            seen.push((path.display().to_string(), text));
        }
        for process in [&self.emulated.process, &self.face, &self.adapter] {
            let path = format!("/proc/{}/cmdline", process.id().unwrap());
            seen.push((path.clone(), std::fs::read_to_string(path).unwrap()));
            leaves_no_core(process);
        }
        for address in [&self.face_address, &self.adapter_address] {
            for page in ["metrics", "readiness", "health/readiness", "nowhere"] {
                let url = format!("http://{address}/{page}");
                seen.push((url.clone(), self.get(&url).await));
            }
        }
        for (who, listener) in [("sink", &self.sink), ("dead letters", &self.dead_letters)] {
            let heard = listener.heard().into_iter();
            seen.extend(heard.map(|text| (who.to_owned(), text)));
        }
        seen.extend(self.objects().await);
        seen
    }

    async fn objects(&self) -> Vec<(String, String)> {
        let cloud = &self.emulated.cloud;
        let page = cloud
            .bucket
            .list(&ListRequest::default(), None)
            .await
            .unwrap();
        let mut seen = vec![];
        for object in page.objects {
            let meta = cloud.head(&object.key).await.unwrap();
            seen.push((format!("metadata of {}", object.key), format!("{meta:?}")));
            let content = cloud.read(&object.key).await.unwrap();
            let content = String::from_utf8_lossy(&content).into_owned();
            seen.push((format!("content of {}", object.key), content));
        }
        seen
    }

    /// Ends the pipeline, and proves that nothing has shown until its last word.
    async fn nothing_has_shown(mut self) {
        self.learn().await;
        let mut seen = self.seen().await;
        assert!(
            self.face.log().contains("TRACE"),
            "the face service is not talkative"
        );
        assert!(
            self.adapter.log().contains("TRACE"),
            "the adapter is not talkative"
        );
        let (doors, folder) = (self.doors, self.folder);
        self.adapter.stop().await.unwrap();
        self.face.stop().await.unwrap();
        self.emulated.process.stop().await.unwrap();
        for name in ["source-adapter", "face-recognition", "emulator"] {
            let log = std::fs::read_to_string(folder.path().join(format!("{name}.log"))).unwrap();
            seen.push((format!("log of {name}"), log));
        }
        for (place, text) in &seen {
            let shown = doors.in_text(text);
            assert!(
                shown.is_empty(),
                "{place} shows {shown:?}: {}",
                around(&doors, text)
            );
        }
    }
}

/// A crash leaves no copy of the memory behind, and the process cannot change its mind.
fn leaves_no_core(process: &Process) {
    let limits = format!("/proc/{}/limits", process.id().unwrap());
    let limits = std::fs::read_to_string(limits).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{words:?}");
}

/// The lines that show something.
fn around(doors: &Doors, text: &str) -> String {
    let lines = text.lines().filter(|line| !doors.in_text(line).is_empty());
    let lines: Vec<String> = lines
        .take(3)
        .map(|line| line.chars().take(600).collect())
        .collect();
    lines.join("\n")
}

fn known_doors() -> Doors {
    let mut doors = Doors::default();
    doors.know("secret", SECRET);
    doors.know("wrong secret", WRONG_SECRET);
    doors.know("token", TOKEN);
    doors.know("secret of the emulator's owner", ACCESS_KEY_SECRET);
    doors.know("policy", POLICY);
    doors
}

/// Tells the emulator of a key pair.
async fn accept(emulated: &Emulated, id: &str, token: Option<&str>) {
    let url = format!("http://{}/credentials/{id}", emulated.addresses.admin);
    let pair: Value = json!({"access_key_secret": SECRET, "security_token": token});
    let request = emulated
        .http
        .put(url)
        .header("content-type", "application/json");
    let answer = request.body(pair.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}

fn fault(operation: &'static str, status: u16, code: &'static str) -> Fault {
    Fault {
        service: "face",
        operation,
        kind: FaultKind::Error { status, code },
        times: Some(1),
        probability: None,
        seed: None,
    }
}

fn webp() -> Bytes {
    let mut file = std::io::Cursor::new(vec![]);
    let picture = image::load_from_memory(&portrait()).unwrap();
    picture
        .write_to(&mut file, image::ImageFormat::WebP)
        .unwrap();
    file.into_inner().into()
}

/// A good photo, a broken one, one that the face service refuses, one in bad times.
async fn whole_life(scene: &mut Scene, operation: &'static str) {
    scene.photo("good.jpg", portrait()).await;
    scene.photo("broken.jpg", portrait().slice(..2000)).await;
    for (key, status, code) in [
        ("refused.jpg", 400, "InvalidImage.Content"),
        ("unlucky.jpg", 403, "SignatureDoesNotMatch"),
    ] {
        let fault = fault(operation, status, code);
        scene.emulated.admin.add_fault(&fault).await.unwrap();
        scene.photo(key, portrait()).await;
    }
    let letters = scene.dead_letters.heard().len();
    assert!(letters >= 2, "{letters} dead letters: nothing went wrong");
}

#[tokio::test]
async fn nothing_shows_with_the_old_face_api_and_a_permanent_key() {
    let mut scene = Scene::start(FaceBackend::Dataplus, keys(PERMANENT, SECRET)).await;
    whole_life(&mut scene, "FaceAttribute").await;
    let doors = &scene.doors;
    assert!(doors.count("signature of") >= 20, "{doors:?}");
    assert!(
        doors.count("x-oss-signature= of FaceAttribute") >= 1,
        "{doors:?}"
    );
    scene.nothing_has_shown().await;
}

#[tokio::test]
async fn nothing_shows_with_todays_face_api_and_a_temporary_key() {
    let mut scene = Scene::start(FaceBackend::Facebody, keys(TEMPORARY, SECRET)).await;
    whole_life(&mut scene, "RecognizeFace").await;
    // A form that the service does not read from its bucket goes by way of an upload.
    scene.photo("upload.webp", webp()).await;
    let doors = &scene.doors;
    assert!(doors.count("signature of") >= 20, "{doors:?}");
    assert!(
        doors.count("x-oss-signature= of RecognizeFace") >= 1,
        "{doors:?}"
    );
    scene.nothing_has_shown().await;
}

#[tokio::test]
async fn nothing_shows_when_the_key_is_wrong() {
    let mut scene = Scene::start(FaceBackend::Facebody, keys(TEMPORARY, WRONG_SECRET)).await;
    scene.photo("a.jpg", portrait()).await;
    assert_eq!(
        scene.dead_letters.heard().len(),
        1,
        "a wrong key goes unnoticed"
    );

    // And the adapter, which then never gets ready.
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(folder.path().to_owned());
    "trace".clone_into(&mut settings.log);
    settings.adapter_env = keys(TEMPORARY, WRONG_SECRET);
    let addresses = &scene.emulated.addresses;
    let adapter = launch::source_adapter(
        binaries().await,
        &settings,
        addresses,
        &scene.sink.url(),
        None,
    );
    let (adapter, ServiceAddress { .. }) = Process::start(adapter).await.unwrap();
    let give_up = Instant::now() + DEADLINE;
    while !adapter.log().contains("SignatureDoesNotMatch") {
        assert!(
            Instant::now() < give_up,
            "no word of the wrong key: {}",
            adapter.log()
        );
        sleep(POLL).await;
    }
    scene.learn().await;
    let shown = scene.doors.in_text(&adapter.log()).join(", ");
    assert_eq!(shown, "", "{}", around(&scene.doors, &adapter.log()));
    adapter.stop().await.unwrap();
    scene.nothing_has_shown().await;
}
