//! Nothing that opens a door shows, at the most talkative log level and when all goes wrong.
//!
//! The services get credentials that occur nowhere else. The emulator keeps every request that
//! it is sent, so that each signature and each presigned URL that was really used is known and
//! can be looked for in all that the processes say to anybody but the services they call.

mod doors;
mod transcript;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use oss::ListRequest;
use tempfile::TempDir;
use testbed::{
    ACCESS_KEY_SECRET, Cloud, EventSink, FaceBackend, Fault, FaultKind, Process, Progress, Proxy,
    Service, Services, Settings, poll_until,
};

use self::doors::Doors;
use self::transcript::Transcript;
use crate::fixture::{DEADLINE, binaries, options, portrait};

const SECRET: &str = "MARKERsecretOfThePipelineMARKER0";
const WRONG_SECRET: &str = "MARKERsecretThatIsWrongMARKER000";
const TOKEN: &str = "MARKERtoken/of+thePipelineMARKER=";
/// The key id may show; each pair has its own.
const PERMANENT: &str = "LTAImarkerPermanent";
const TEMPORARY: &str = "STS.markerTemporary";

/// How the policy of every upload form begins, in base64: `{"expiration`.
const POLICY: &str = "eyJleHBpcmF0aW9u";

/// The configuration of a service.
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
    services: Services,
    cloud: Cloud,
    /// Before the face service, and before the sink of dead letters.
    proxies: [(Proxy, Arc<Transcript>); 2],
    _dead_letters: EventSink,
    doors: Doors,
    folder: TempDir,
}

impl Scene {
    async fn start(backend: FaceBackend, face_keys: BTreeMap<String, String>) -> Self {
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

        let mut services = Services::processes(binaries().await.clone(), settings).unwrap();
        let cloud = services.start_cloud().await.unwrap();
        for (id, token) in [(PERMANENT, None), (TEMPORARY, Some(TOKEN))] {
            let accepted = cloud
                .account
                .admin
                .accept_credentials(id, SECRET, token, None);
            accepted.await.unwrap();
        }
        services.start(Service::FaceRecognition).await.unwrap();
        let dead_letters = EventSink::accepting().await.unwrap();
        let proxies = [
            recorded(services.addresses().face_recognition).await,
            recorded(dead_letters.address()).await,
        ];
        let [(sink, _), (letters, _)] = &proxies;
        let adapter_env = &mut services.settings.adapter_env;
        adapter_env.insert("K_SINK".to_owned(), sink.url());
        services.set_dead_letter_sink(&letters.url());
        services.start(Service::SourceAdapter).await.unwrap();
        Self {
            services,
            cloud,
            proxies,
            _dead_letters: dead_letters,
            doors: known_doors(),
            folder,
        }
    }

    /// Uploads a file and waits until its message is dealt with.
    async fn photo(&mut self, key: &str, file: Bytes) {
        let (before, options) = (self.deliveries(), options(&file));
        let bucket = &self.cloud.bucket;
        bucket
            .put(&key.parse().unwrap(), file, &options)
            .await
            .unwrap();
        let what = format!("an answer about `{key}`");
        poll_until(&what, DEADLINE, || async {
            let is_answered = self.deliveries() >= before + 2;
            Ok(Progress::of(is_answered, String::new))
        })
        .await
        .unwrap();
        self.cloud.drained(DEADLINE).await.unwrap();
        self.learn().await;
    }

    /// Requests to the face service and answers of it.
    fn deliveries(&self) -> usize {
        self.proxies[0].1.texts().len()
    }

    fn dead_letters(&self) -> usize {
        self.proxies[1].1.texts().len() / 2
    }

    /// The emulator keeps so many requests only; ask before it forgets.
    async fn learn(&mut self) {
        let captures = self.cloud.account.admin.captures().await.unwrap();
        self.doors.learn(&captures);
    }

    async fn get(&self, url: &str) -> String {
        let answer = self.services.http.get(url).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// All output that an outsider can see, by its place.
    async fn seen(&self) -> Vec<(String, String)> {
        let mut seen = vec![];
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = file.unwrap().path();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            seen.push((path.display().to_string(), text));
        }
        for service in Service::ALL {
            let id = self.services.pid(service).await.unwrap();
            let path = format!("/proc/{id}/cmdline");
            seen.push((path.clone(), std::fs::read_to_string(path).unwrap()));
            leaves_no_core(id);
        }
        let addresses = self.services.addresses();
        for address in [&addresses.face_recognition, &addresses.source_adapter] {
            for page in ["metrics", "readiness", "health/readiness", "nowhere"] {
                let url = format!("http://{address}/{page}");
                seen.push((url.clone(), self.get(&url).await));
            }
        }
        for (who, (_, transcript)) in ["sink", "dead letters"].iter().zip(&self.proxies) {
            let texts = transcript.texts().into_iter();
            seen.extend(texts.map(|text| ((*who).to_owned(), text)));
        }
        seen.extend(self.objects().await);
        seen
    }

    async fn objects(&self) -> Vec<(String, String)> {
        let cloud = &self.cloud;
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
        for service in [Service::FaceRecognition, Service::SourceAdapter] {
            let log = self.services.log(service).await.unwrap();
            assert!(log.contains("TRACE"), "{} is not talkative", service.name());
        }
        self.services.stop().await.unwrap();
        for service in Service::ALL {
            let log = self.services.log(service).await.unwrap();
            seen.push((format!("log of {}", service.name()), log));
        }
        let doors = self.doors;
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
fn leaves_no_core(id: u32) {
    let limits = format!("/proc/{id}/limits");
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

/// A proxy before `upstream` that keeps all that goes by.
async fn recorded(upstream: String) -> (Proxy, Arc<Transcript>) {
    let transcript = Arc::new(Transcript::default());
    let host = Ipv4Addr::LOCALHOST.into();
    let proxy = Proxy::start(host, upstream, Arc::clone(&transcript), Arc::default());
    (proxy.await.unwrap(), transcript)
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
        let fault = Fault::once("face", operation, FaultKind::Error { status, code });
        let admin = &scene.cloud.account.admin;
        admin.add_fault(&fault).await.unwrap();
        scene.photo(key, portrait()).await;
    }
    let letters = scene.dead_letters();
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
    assert_eq!(scene.dead_letters(), 1, "a wrong key goes unnoticed");

    // And the adapter, which then never gets ready.
    let folder = tempfile::tempdir().unwrap();
    scene.services.settings.adapter_env = keys(TEMPORARY, WRONG_SECRET);
    let mut launch = scene.services.launch(Service::SourceAdapter).unwrap();
    launch.folder = folder.path().to_owned();
    let adapter = Process::start(launch).await.unwrap();
    let what = "a word of the wrong key";
    poll_until(what, DEADLINE, || async {
        let is_said = adapter.log().contains("SignatureDoesNotMatch");
        Ok(Progress::of(is_said, || adapter.log()))
    })
    .await
    .unwrap();
    scene.learn().await;
    let shown = scene.doors.in_text(&adapter.log()).join(", ");
    assert_eq!(shown, "", "{}", around(&scene.doors, &adapter.log()));
    adapter.stop().await.unwrap();
    scene.nothing_has_shown().await;
}
