//! A pipeline in which no service has a key pair: each has a token of its ServiceAccount, and STS
//! gives it keys for that. The roles are those that `cargo xtask render` prints for RAM.

use std::collections::BTreeMap;
use std::path::Path;

use manifests::Config;
use serde_json::Value;
use tempfile::TempDir;
use testbed::{
    ACCOUNT, Cloud, FaceBackend, Keys, Outcome, Progress, REGION, Service, Services, Settings,
    TokenIssuer, poll_until,
};

use crate::fixture::{DEADLINE, binaries, options, portrait};

const ISSUER: &str = "https://oidc.test/cluster";
const PROVIDER: &str = "ack-rrsa-test";
const NAMESPACE: &str = "photos";

/// A piece, its ServiceAccount and its role, as the rendered manifests name them.
const ADAPTER: (&str, &str) = ("mnsoss-sa", "mnsoss-adapter");
const FACE_RECOGNITION: (&str, &str) = ("face-recognition", "mnsoss-face-recognition");

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
        for (_, role) in [ADAPTER, FACE_RECOGNITION] {
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
