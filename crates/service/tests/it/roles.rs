//! The two kinds of roles against services that answer like the real ones.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use service::ConnectOptions;
use service::credentials::{CredentialSource, CredentialsUri, EcsRole, OidcRole};
use signing::Credentials;
use testbed::eventually;
use tokio_util::sync::CancellationToken;
use transport::{RetryPolicy, Transport};
use wiremock::matchers::{body_string_contains, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ROLE_PATH: &str = "/latest/meta-data/ram/security-credentials/";

fn transport() -> Transport {
    let client = service::http_client(&ConnectOptions::default()).unwrap();
    Transport::new(client).with_retry(RetryPolicy::none())
}

fn keys(id: &str, lifetime: Duration) -> serde_json::Value {
    let expires = (Timestamp::now() + lifetime)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    serde_json::json!({
        "AccessKeyId": id, "AccessKeySecret": "s3cret", "SecurityToken": "t0ken/+=", "Expiration": expires
    })
}

fn issued(id: &str) -> Credentials {
    Credentials::new(id, "s3cret").with_security_token("t0ken/+=")
}

fn oidc(server: &MockServer, token_file: PathBuf) -> CredentialSource {
    CredentialSource::Oidc(OidcRole {
        role_arn: "acs:ram::1:role/face".into(),
        provider_arn: "acs:ram::1:oidc-provider/ack".into(),
        token_file,
        session_name: "session".into(),
        endpoint: server.uri(),
    })
}

fn ecs(server: &MockServer, role: Option<&str>, allow_without_token: bool) -> CredentialSource {
    CredentialSource::Ecs(EcsRole {
        role: role.map(str::to_owned),
        allow_without_token,
        endpoint: server.uri(),
    })
}

#[tokio::test]
async fn pod_identity_is_exchanged_and_renewed_with_the_token_of_the_moment() {
    let sts = MockServer::start().await;
    let exchange = |token: &str, id: &str| {
        Mock::given(method("POST"))
            .and(query_param("Action", "AssumeRoleWithOIDC"))
            .and(query_param("Version", "2015-04-01"))
            .and(body_string_contains("RoleArn=acs%3Aram%3A%3A1%3Arole%2Fface&"))
            .and(body_string_contains("RoleSessionName=session"))
            .and(body_string_contains(format!("OIDCToken={token}&")))
            .respond_with(ResponseTemplate::new(200).set_body_json(
                serde_json::json!({"RequestId": "R", "Credentials": keys(id, Duration::from_secs(2))}),
            ))
    };
    exchange("jwt1", "STS.1").mount(&sts).await;
    exchange("jwt2", "STS.2").mount(&sts).await;
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    std::fs::write(&token, "jwt1\n").unwrap();

    let opened = oidc(&sts, token.clone()).open(transport()).await.unwrap();
    assert_eq!(*opened.credentials.get(), issued("STS.1"));
    std::fs::write(&token, "jwt2").unwrap();
    let (live, stop) = (opened.credentials, CancellationToken::new());
    let refresher = tokio::spawn({
        let stop = stop.clone();
        async move { opened.refresher.run(&stop).await }
    });
    eventually("renewed key", || {
        live.get().access_key_id().as_str() == "STS.2"
    })
    .await;
    stop.cancel();
    refresher.await.unwrap();
}

#[tokio::test]
async fn refused_exchange_names_the_code_and_not_the_token() {
    let sts = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(400).set_body_json(serde_json::json!({
            "RequestId": "R", "Code": "AuthenticationFail.NoPermission", "Message": "jwt-marker"
        })))
        .mount(&sts)
        .await;
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    std::fs::write(&token, "jwt-marker").unwrap();
    let error = oidc(&sts, token).open(transport()).await.unwrap_err();
    assert!(!error.disposition().is_retryable());
    insta::assert_snapshot!(service::error_line(&error), @"STS refused with status 400 Bad Request, code `AuthenticationFail.NoPermission`: check ALIBABA_CLOUD_OIDC_PROVIDER_ARN, and that the role's trust policy names this provider and, as `oidc:sub`, this pod's service account");
}

#[tokio::test]
async fn old_keys_stay_while_new_ones_cannot_be_had() {
    let sts = MockServer::start().await;
    let answer = |id: &str, lifetime| {
        let body = serde_json::json!({"RequestId": "R", "Credentials": keys(id, lifetime)});
        ResponseTemplate::new(200).set_body_json(body)
    };
    let once = |response| {
        Mock::given(method("POST"))
            .respond_with(response)
            .up_to_n_times(1)
    };
    once(answer("STS.1", Duration::from_secs(2)))
        .mount(&sts)
        .await;
    for status in [503, 401] {
        once(ResponseTemplate::new(status)).mount(&sts).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    std::fs::write(&token, "jwt").unwrap();
    let opened = oidc(&sts, token).open(transport()).await.unwrap();
    let (live, stop) = (opened.credentials, CancellationToken::new());
    let refresher = tokio::spawn({
        let stop = stop.clone();
        async move { opened.refresher.run(&stop).await }
    });
    let mut asked = 0;
    while asked < 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(*live.get(), issued("STS.1"));
        asked = sts.received_requests().await.unwrap().len();
    }
    once(answer("STS.2", Duration::from_hours(1)))
        .mount(&sts)
        .await;
    eventually("renewed key", || *live.get() == issued("STS.2")).await;
    stop.cancel();
    refresher.await.unwrap();
}

#[tokio::test]
async fn machine_role_is_found_and_asked_with_a_session_token() {
    let metadata = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/latest/api/token"))
        .and(header("x-aliyun-ecs-metadata-token-ttl-seconds", "21600"))
        .respond_with(ResponseTemplate::new(200).set_body_string("session"))
        .mount(&metadata)
        .await;
    let with_token =
        || Mock::given(method("GET")).and(header("x-aliyun-ecs-metadata-token", "session"));
    with_token()
        .and(path(ROLE_PATH))
        .respond_with(ResponseTemplate::new(200).set_body_string("face-role\n"))
        .mount(&metadata)
        .await;
    with_token()
        .and(path(format!("{ROLE_PATH}face-role")))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(keys("STS.ECS", Duration::from_hours(1))),
        )
        .mount(&metadata)
        .await;
    let opened = ecs(&metadata, None, false).open(transport()).await.unwrap();
    assert_eq!(*opened.credentials.get(), issued("STS.ECS"));
}

#[tokio::test]
async fn machine_without_session_tokens_is_asked_only_if_allowed() {
    let metadata = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path(format!("{ROLE_PATH}face-role")))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(keys("STS.ECS", Duration::from_hours(1))),
        )
        .mount(&metadata)
        .await;
    let allowed = ecs(&metadata, Some("face-role"), true)
        .open(transport())
        .await;
    assert_eq!(*allowed.unwrap().credentials.get(), issued("STS.ECS"));
    let forbidden = ecs(&metadata, Some("face-role"), false)
        .open(transport())
        .await;
    insta::assert_snapshot!(forbidden.unwrap_err(), @"the ECS metadata service refused with status 404 Not Found, code `NoSuchRole`");
}

#[tokio::test]
async fn response_without_keys_is_an_error() {
    let metadata = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(serde_json::json!({"Code": "Failed"})),
        )
        .mount(&metadata)
        .await;
    let error = ecs(&metadata, Some("r"), true)
        .open(transport())
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"the response of the ECS metadata service holds no credentials");
}

#[tokio::test]
async fn address_that_hands_out_keys_is_asked_again_before_they_end() {
    let broker = MockServer::start().await;
    let answer = |id: &str, lifetime: Duration| {
        let mut body = keys(id, lifetime);
        body["Code"] = "Success".into();
        ResponseTemplate::new(200).set_body_json(body)
    };
    Mock::given(method("GET"))
        .and(path("/keys"))
        .and(query_param("for", "face"))
        .respond_with(answer("STS.1", Duration::from_secs(2)))
        .up_to_n_times(1)
        .mount(&broker)
        .await;
    Mock::given(method("GET"))
        .respond_with(answer("STS.2", Duration::from_hours(1)))
        .mount(&broker)
        .await;
    let url = format!("{}/keys?for=face", broker.uri());
    let lookup = |name: &str| (name == "ALIBABA_CLOUD_CREDENTIALS_URI").then(|| url.clone());
    let source = CredentialSource::from_vars(None, "F", lookup).unwrap();
    assert!(!format!("{source:?}").contains("keys"), "{source:?}");
    let opened = source.open(transport()).await.unwrap();
    assert_eq!(*opened.credentials.get(), issued("STS.1"));
    let (live, stop) = (opened.credentials, CancellationToken::new());
    let refresher = tokio::spawn({
        let stop = stop.clone();
        async move { opened.refresher.run(&stop).await }
    });
    eventually("renewal", || *live.get() == issued("STS.2")).await;
    stop.cancel();
    refresher.await.unwrap();
}

#[tokio::test]
async fn address_that_hands_out_no_keys_is_named_without_its_text() {
    let broker = MockServer::start().await;
    let failure = serde_json::json!({"Code": "Failed", "Message": "MARKER"});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(failure))
        .mount(&broker)
        .await;
    let url = format!("{}/MARKER", broker.uri()).parse().unwrap();
    let source = CredentialSource::Uri(CredentialsUri::new(url));
    let error = source.open(transport()).await.unwrap_err();
    insta::assert_snapshot!(error, @"the response of the service at ALIBABA_CLOUD_CREDENTIALS_URI holds no credentials");
    let nonsense = |name: &str| (name == "ALIBABA_CLOUD_CREDENTIALS_URI").then(|| "MARKER".into());
    let error = CredentialSource::from_vars(None, "F", nonsense).unwrap_err();
    insta::assert_snapshot!(error, @"variable `ALIBABA_CLOUD_CREDENTIALS_URI` is not an http or https URL");
}
