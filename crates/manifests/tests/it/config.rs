//! Settings from a file and the environment.

use proptest::prelude::{any, proptest};

use manifests::{Addressing, Backend, Config, describe_settings};

fn nothing(_: &str) -> Option<String> {
    None
}

#[test]
fn defaults_are_valid() {
    assert_eq!(Config::load("", nothing).unwrap(), Config::standard());
    assert_eq!(Config::standard().mns_topic, None, "a rule is created");
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "[oss]\nbucket = 'in-the-file'\nregion = 'cn-beijing'\n[controller]\nreplicas = 2\n";
    let lookup =
        |name: &str| (name == "MNSOSS_OSS_BUCKET").then(|| "in-the-environment".to_owned());
    let config = Config::load(file, lookup).unwrap();
    assert_eq!(config.oss_bucket, "in-the-environment");
    assert_eq!(config.oss_region, "cn-beijing");
    assert_eq!(config.controller_replicas, 2);
}

#[test]
fn what_is_empty_counts_as_absent() {
    let config = Config::load("", |_| Some(" ".to_owned())).unwrap();
    assert_eq!(config, Config::standard());
    let config = Config::load("images.source = ''\nmns.topic = ''", nothing).unwrap();
    assert_eq!(config, Config::standard());
}

#[test]
fn every_setting_can_be_given() {
    let file = "
        images.source = 'registry.example.com:5000/source@sha256:00'
        images.face = 'face:1'
        controller.namespace = 'c'
        controller.namespaces = 'b,a , b'
        controller.egress-ports = '443, 16443'
        controller.replicas = 3
        controller.log-filter = 'debug,hyper=info'
        controller.resync-seconds = 10
        controller.private-endpoints = '10.0.0.0/8, fd00::/8, 127.0.0.1'
        controller.template-keys = 'example.com,sidecar.istio.io/inject'
        sample.namespace = 's'
        mns.endpoint = 'http://emulator:8082'
        mns.account-id = 1234567890123456
        mns.region = 'cn-qingdao'
        mns.open-endpoint = 'http://emulator:8085'
        mns.topic = 'uploads'
        rrsa.oidc-provider = 'ack-rrsa-c0ffee'
        rrsa.issuer = 'https://oidc.example/c0ffee'
        rrsa.sts-endpoint = 'http://emulator:8906'
        oss.bucket = 'photos'
        oss.region = 'cn-hangzhou'
        oss.endpoint = 'http://emulator:8081'
        oss.addressing = 'path'
        oss.target-path = '/a/b/'
        face.backend = 'local'
        face.endpoint = 'http://emulator:8083'
        face.attributes = 'age'
        face.mark = 'blur'
        face.banner = 'always'
        face.metadata = 'strip'
        face.sidecar = 'json'
        face.imm-project = 'faces_1'
        face.concurrency = 1
        keda.enabled = true
        keda.namespace = 'k'
        traces.endpoint = 'http://collector:4318'
        traces.sampling-rate = '0.5'
        console.enabled = true
        console.origins = 'https://photos.example.com,http://127.0.0.1:8900'
        console.plain-http = true
        console.oss-endpoint = 'http://emulator:8081'
    ";
    let config = Config::load(file, nothing).unwrap();
    assert_eq!(config.oss_addressing, Some(Addressing::Path));
    assert_eq!(config.face_backend, Backend::Local);
    assert_eq!(config.oss_target_path, "a/b");
    assert_eq!(config.face_image.as_deref(), Some("face:1"));
    assert_eq!(
        config.face_endpoint.as_deref(),
        Some("http://emulator:8083")
    );
    insta::assert_debug_snapshot!(config);
}

#[test]
fn every_mistake_is_named() {
    let file = "
        bucket = 'a'
        images.source = ' '
        images.face = 'face image'
        controller.namespace = 'Controller'
        controller.namespaces = 'a,,b'
        controller.egress-ports = '0,443'
        controller.replicas = 0
        controller.log-filter = \"a\\nb\"
        controller.resync-seconds = 0
        controller.private-endpoints = '10.0.0.0/8, 10.0.0.0/33'
        controller.template-keys = 'com'
        sample.namespace = '-'
        mns.endpoint = 'https://user:password@mns.example/'
        mns.account-id = 'mine'
        mns.region = 'cn shanghai'
        mns.open-endpoint = 'mns-open.cn-shanghai.aliyuncs.com'
        mns.topic = 'a.b'
        oss.bucket = 'a'
        oss.region = 'cn_shanghai'
        oss.endpoint = 'oss.example'
        oss.addressing = 'Path'
        oss.target-path = 'a/../b'
        face.backend = 'rekognition'
        face.endpoint = 'https://face.example/?x'
        face.attributes = 'yes'
        face.mark = 'yes'
        face.banner = 'yes'
        face.metadata = 'yes'
        face.sidecar = 'yes'
        face.imm-project = 'my faces'
        face.concurrency = '5000'
        face.threshold = 0.5
        keda.enabled = 'perhaps'
        keda.namespace = 'K'
        credentials.access-key-secret = 'never shown'
    ";
    let lookup = |name: &str| (name == "ACCESSKEY_ID").then(|| "id".to_owned());
    let error = Config::load(file, lookup).unwrap_err();
    let text = error.mistakes().join("\n");
    assert!(
        !text.contains("password") && !text.contains("never shown"),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn imm_needs_a_project() {
    let error = Config::load("face.backend = 'imm'", nothing).unwrap_err();
    insta::assert_snapshot!(error.mistakes().join("\n"), @"`face.imm-project` is missing: the back end `imm` needs the name of a project of IMM in the region of the bucket");
    let file = "face.backend = 'imm'\nface.imm-project = 'faces'";
    assert_eq!(
        Config::load(file, nothing).unwrap().face_backend,
        Backend::Imm
    );
}

#[test]
fn invalid_toml_is_reported_with_the_rest() {
    let error = Config::load("oss.bucket = ", |name| {
        (name == "MNSOSS_FACE_BACKEND").then(|| "x".to_owned())
    })
    .unwrap_err();
    assert_eq!(error.mistakes().len(), 2, "{error}");
}

#[test]
fn the_description_is_a_file_that_changes_nothing() {
    let text = describe_settings();
    assert_eq!(Config::load(&text, nothing).unwrap(), Config::standard());
    let given: String = text
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|line| !line.starts_with(' '))
                .unwrap_or(line)
                .to_owned()
                + "\n"
        })
        .collect();
    assert_eq!(
        Config::load(&given, nothing).unwrap(),
        Config::standard(),
        "{given}"
    );
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused(file in any::<String>(), value in any::<String>()) {
        let _ = Config::load(&file, |_| Some(value.clone()));
        let quoted = serde_json::to_string(&value).unwrap();
        let _ = Config::load(&format!("oss.bucket = {quoted}\noss.target-path = {quoted}"), nothing);
    }
}
