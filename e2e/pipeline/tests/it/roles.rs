//! A pipeline in which no service has a key pair: each has a token of its ServiceAccount, and STS
//! gives it keys for that. The roles are those that `cargo xtask render` prints for RAM.

use std::collections::BTreeMap;
use std::path::Path;

use manifests::Config;
use oss::PutOptions;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{
    ACCOUNT, Addresses, CONSOLE_TOKEN, Cloud, FaceBackend, Keys, Launch, Outcome, Process,
    Progress, REGION, Service, Services, Settings, TokenIssuer, build, console_launch, executable,
    poll_until,
};

use crate::fixture::{DEADLINE, binaries, options, portrait};

const ISSUER: &str = "https://oidc.test/cluster";
const PROVIDER: &str = "ack-rrsa-test";
const NAMESPACE: &str = "photos";

/// A piece, its ServiceAccount and its role, as the rendered manifests name them.
const ADAPTER: (&str, &str) = ("mnsoss-sa", "mnsoss-adapter");
const FACE_RECOGNITION: (&str, &str) = ("face-recognition", "mnsoss-face-recognition");
const CONSOLE: (&str, &str) = ("photo-console", "mnsoss-console");

/// An emulator with the roles, and services that have nothing but tokens.
struct Scene {
    services: Services,
    cloud: Cloud,
    issuer: TokenIssuer,
    folder: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(folder.path().to_owned());
        settings.keys = Keys::Elsewhere;
        settings.backend = FaceBackend::Local;
        let services = Services::processes(binaries().await.clone(), settings).unwrap();
        let cloud = services.start_cloud().await.unwrap();
        let issuer = TokenIssuer::new(ISSUER).unwrap();
        let admin = &cloud.account.admin;
        admin.trust_issuer(PROVIDER, &issuer).await.unwrap();
        for (_, role) in [ADAPTER, FACE_RECOGNITION, CONSOLE] {
            admin.put_role(role, &trust_policy(role)).await.unwrap();
        }
        let scene = Self {
            services,
            cloud,
            issuer,
            folder,
        };
        scene.mount_token(ADAPTER.0, ADAPTER.0);
        scene.mount_token(FACE_RECOGNITION.0, FACE_RECOGNITION.0);
        scene.configure()
    }

    /// Writes a token of `account` into the file that the pod of `pod` reads.
    fn mount_token(&self, pod: &str, account: &str) {
        let token = self.issuer.token(NAMESPACE, account).unwrap();
        std::fs::write(self.folder.path().join(pod), token).unwrap();
    }

    /// The variables that a pod gets.
    fn configure(mut self) -> Self {
        let sts = self.services.addresses().sts;
        let settings = &mut self.services.settings;
        settings.adapter_env = environment(self.folder.path(), ADAPTER, &sts);
        settings.face_env = environment(self.folder.path(), FACE_RECOGNITION, &sts);
        self
    }
}

fn environment(
    folder: &Path,
    (account, role): (&str, &str),
    sts: &str,
) -> BTreeMap<String, String> {
    let token = folder.join(account);
    [
        (
            "ALIBABA_CLOUD_ROLE_ARN",
            format!("acs:ram::{ACCOUNT}:role/{role}"),
        ),
        (
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
            format!("acs:ram::{ACCOUNT}:oidc-provider/{PROVIDER}"),
        ),
        (
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
            token.to_string_lossy().into_owned(),
        ),
        ("ALIBABA_CLOUD_STS_ENDPOINT", format!("http://{sts}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// What `cargo xtask render` prints for a role.
fn trust_policy(role: &str) -> Value {
    let settings = format!(
        "rrsa.oidc-provider = '{PROVIDER}'
         rrsa.issuer = '{ISSUER}'
         sample.namespace = '{NAMESPACE}'
         console.enabled = true
         mns.account-id = {ACCOUNT}
         mns.region = '{REGION}'"
    );
    let config = Config::load(&settings, |_| None).unwrap();
    let policies = manifests::policies(&config);
    let path = format!("ram/{role}.trust.json");
    let policy = policies.iter().find(|file| file.path == path).unwrap();
    serde_json::from_str(&policy.text).unwrap()
}

#[tokio::test]
async fn photo_comes_back_though_nobody_has_a_key_pair() {
    let scene = Scene::start().await;
    for service in [Service::FaceRecognition, Service::SourceAdapter] {
        scene.services.start(service).await.unwrap();
        scene.services.ready(service).await.unwrap();
    }
    let pipeline = testbed::Pipeline {
        dead_letters: testbed::EventSink::accepting().await.unwrap(),
        services: scene.services,
        cloud: scene.cloud,
    };
    let (key, photo) = ("a.jpg".parse().unwrap(), portrait());
    let options = options(&photo);
    let etag = pipeline.upload(&key, photo, &options).await.unwrap();
    let outcome = pipeline.outcome(&key, &etag, DEADLINE).await.unwrap();
    assert!(matches!(outcome, Outcome::Annotated { .. }), "{outcome:?}");
    let stats = pipeline.cloud.account.admin.stats().await.unwrap();
    assert_eq!(stats["sts"]["AssumeRoleWithOIDC"]["calls"], 2);
    pipeline.stop().await.unwrap();
}

#[tokio::test]
async fn token_of_another_account_gives_no_keys_and_the_log_says_what_to_do() {
    let scene = Scene::start().await;
    scene.mount_token(ADAPTER.0, FACE_RECOGNITION.0);
    let face_recognition = scene.services.start(Service::FaceRecognition).await;
    face_recognition.unwrap();
    let started = scene.services.start(Service::SourceAdapter).await;
    let log = scene.folder.path().join("source-adapter.log");
    poll_until("a refusal in the log", DEADLINE, || async {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let is_told = text.contains("AuthenticationFail.NoPermission")
            && text.contains("the role's trust policy");
        Ok(Progress::of(is_told, || text))
    })
    .await
    .unwrap();
    assert!(started.is_err());
}

/// Its keys are the role's: with them it lists results, looks at the queue, and signs what
/// browsers upload.
#[tokio::test]
async fn console_works_by_its_role() {
    let scene = Scene::start().await;
    scene.mount_token(CONSOLE.0, CONSOLE.0);
    let result = "target/rec-a.jpg".parse().unwrap();
    let options = PutOptions::default();
    let put = scene.cloud.bucket.put(&result, portrait(), &options);
    put.await.unwrap();
    let addresses = scene.services.addresses();
    let mut launch = console(&addresses, scene.folder.path()).await;
    let role = environment(scene.folder.path(), CONSOLE, &addresses.sts);
    launch.env.extend(role);
    let process = Process::start(launch).await.unwrap();
    let url = format!("http://{}/api", process.address("http").unwrap());
    let http = &scene.services.http;
    let post = |path: &str, document: &Value| {
        let request = http.post(format!("{url}/{path}"));
        request
            .header("content-type", "application/json")
            .body(document.to_string())
    };
    let token = json!({"token": CONSOLE_TOKEN});
    let signed_in = post("session", &token).send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let get = async |path: &str| {
        let request = http.get(format!("{url}/{path}")).header("cookie", &cookie);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };

    poll_until("the result in the gallery", DEADLINE, || async {
        let gallery = get("gallery").await.to_string();
        Ok(Progress::of(gallery.contains("rec-a.jpg"), || gallery))
    })
    .await
    .unwrap();
    poll_until("the queue", DEADLINE, || async {
        let stats = scene.cloud.account.admin.stats().await?;
        let looked = stats["mns"]["GetQueueAttributes"]["calls"].as_u64();
        Ok(Progress::of(looked > Some(0), || stats.to_string()))
    })
    .await
    .unwrap();
    let session = get("session").await;
    let file = json!({"files": [{"name": "b.jpg", "size": portrait().len()}]});
    let sign = post("uploads", &file)
        .header("cookie", &cookie)
        .header("x-csrf-token", session["csrf"].as_str().unwrap());
    let forms = sign.send().await.unwrap().text().await.unwrap();
    let forms: Value = serde_json::from_str(&forms).unwrap();
    let form = &forms["forms"][0];
    let fields = form["fields"].as_array().unwrap().iter();
    let mut upload = Form::new();
    for field in fields {
        let text = |index: usize| field[index].as_str().unwrap().to_owned();
        upload = upload.text(text(0), text(1));
    }
    let photo = Part::bytes(portrait().to_vec())
        .mime_str("image/jpeg")
        .unwrap();
    let upload = upload.part("file", photo);
    let address = form["url"].as_str().unwrap();
    let uploaded = http.post(address).multipart(upload).send().await.unwrap();
    assert!(uploaded.status().is_success(), "{uploaded:?}");
    let stats = scene.cloud.account.admin.stats().await.unwrap();
    assert_eq!(stats["sts"]["AssumeRoleWithOIDC"]["calls"], 1);
    process.stop().await.unwrap();
}

/// How to start the console without keys.
async fn console(addresses: &Addresses, folder: &Path) -> Launch {
    let messages = build(&["photo-console", "xtask"]).await.unwrap();
    let executable = executable(&messages, "photo-console").unwrap();
    console_launch(executable, addresses, folder, "127.0.0.1:0").unwrap()
}
