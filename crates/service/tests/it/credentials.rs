//! Choosing a source, and a mounted Secret that changes.

use std::collections::BTreeMap;

use service::credentials::{CredentialSource, CredentialsError, SecretFile};
use testbed::eventually;
use tokio_util::sync::CancellationToken;
use transport::Transport;

fn transport() -> Transport {
    Transport::new(service::http_client(&service::ConnectOptions::default()).unwrap())
}

fn choose(vars: &[(&str, &str)]) -> Result<CredentialSource, CredentialsError> {
    let vars: BTreeMap<_, _> = vars.iter().copied().collect();
    CredentialSource::from_vars(None, "MNS_ACCESS_TOKEN_FILE", |name| {
        vars.get(name).map(|value| (*value).to_owned())
    })
}

fn document(id: &str) -> String {
    format!(r#"{{ "url":"http://127.0.0.1:1/", "accessKeyId":"{id}","accessKeySecret":"s3cret" }}"#)
}

#[test]
fn most_explicit_source_wins() {
    const PAIR: [(&str, &str); 2] = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "i"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s"),
    ];
    const ROLE: [(&str, &str); 3] = [
        ("ALIBABA_CLOUD_ROLE_ARN", "r"),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p"),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/t"),
    ];
    const MACHINE: [(&str, &str); 1] = [("ALIBABA_CLOUD_ECS_METADATA", "auto")];
    let all = [&PAIR[..], &ROLE, &MACHINE].concat();
    assert!(matches!(choose(&all), Ok(CredentialSource::Fixed(_))));
    assert!(matches!(choose(&all[2..]), Ok(CredentialSource::Oidc(_))));
    assert!(matches!(choose(&MACHINE), Ok(CredentialSource::Ecs(role)) if role.role.is_none()));
    let file = CredentialSource::from_vars(Some("/x".into()), "F", |_| Some("x".to_owned()));
    assert!(matches!(file, Ok(CredentialSource::File(_))));
}

#[test]
fn what_is_missing_is_named() {
    let table = [
        ("nothing", choose(&[])),
        (
            "empty variables",
            choose(&[("ACCESSKEY_ID", ""), ("ACCESSKEY_SECRET", " ")]),
        ),
        ("half a pair", choose(&[("ACCESSKEY_ID", "i")])),
        (
            "half a role",
            choose(&[
                ("ALIBABA_CLOUD_ROLE_ARN", "r"),
                ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/t"),
            ]),
        ),
        (
            "metadata forbidden",
            choose(&[
                ("ALIBABA_CLOUD_ECS_METADATA", "auto"),
                ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
            ]),
        ),
    ];
    let shown: Vec<_> = table
        .into_iter()
        .map(|(name, source)| format!("{name}: {}", source.unwrap_err()))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    nothing: no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or MNS_ACCESS_TOKEN_FILE to a mounted Secret, or ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE for RRSA, or ALIBABA_CLOUD_ECS_METADATA to the role of this machine
    empty variables: no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or MNS_ACCESS_TOKEN_FILE to a mounted Secret, or ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE for RRSA, or ALIBABA_CLOUD_ECS_METADATA to the role of this machine
    half a pair: variable `ACCESSKEY_SECRET` is missing although `ACCESSKEY_ID` is set
    half a role: variable `ALIBABA_CLOUD_OIDC_PROVIDER_ARN` is missing although `ALIBABA_CLOUD_ROLE_ARN` is set
    metadata forbidden: no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or MNS_ACCESS_TOKEN_FILE to a mounted Secret, or ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE for RRSA, or ALIBABA_CLOUD_ECS_METADATA to the role of this machine
    ");
}

#[tokio::test]
async fn secret_is_read_in_every_form_of_mount() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("token");
    std::fs::write(&file, document("FILE") + "\n").unwrap();
    let one_key = root.path().join("one-key");
    std::fs::create_dir_all(one_key.join("..data")).unwrap();
    std::fs::write(one_key.join("mns"), document("ONE")).unwrap();
    let fields = root.path().join("fields");
    std::fs::create_dir(&fields).unwrap();
    for (name, value) in [
        ("accessKeyId", "FIELDS\n"),
        ("accessKeySecret", "s"),
        ("other", "x"),
    ] {
        std::fs::write(fields.join(name), value).unwrap();
    }
    for (path, id) in [(file, "FILE"), (one_key, "ONE"), (fields, "FIELDS")] {
        let document = SecretFile::new(path).read().await.unwrap();
        assert_eq!(document.credentials.access_key_id().as_str(), id);
    }
}

#[tokio::test]
async fn broken_mounts_are_named_without_their_content() {
    let root = tempfile::tempdir().unwrap();
    let write =
        |name: &str, content: &str| std::fs::write(root.path().join(name), content).unwrap();
    write("broken", r#"{"accessKeySecret": "s3cret"#);
    write("partial", r#"{"accessKeyId": "i"}"#);
    write("large", &"x".repeat(70_000));
    std::fs::create_dir(root.path().join("many")).unwrap();
    write("many/a", "{}");
    write("many/b", "{}");
    for name in ["absent", "broken", "partial", "large", "many"] {
        let error = SecretFile::new(root.path().join(name))
            .read()
            .await
            .unwrap_err();
        let line = service::error_line(&error);
        assert!(
            line.contains(name) && !line.contains("s3cret"),
            "{name}: {line}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn secret_swapped_behind_a_link_takes_effect() {
    let root = tempfile::tempdir().unwrap();
    let mount = |version: &str, id: &str| {
        let directory = root.path().join(version);
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("mns"), document(id)).unwrap();
        // As the kubelet does it: a new link is renamed over the old one.
        std::os::unix::fs::symlink(version, root.path().join("..data_tmp")).unwrap();
        std::fs::rename(root.path().join("..data_tmp"), root.path().join("..data")).unwrap();
    };
    mount("v1", "OLD");
    std::os::unix::fs::symlink("..data/mns", root.path().join("mns")).unwrap();

    let source = CredentialSource::File(SecretFile::new(root.path().join("mns")));
    let opened = source.open(transport()).await.unwrap();
    assert_eq!(opened.url.as_deref(), Some("http://127.0.0.1:1/"));
    let (live, stop) = (opened.credentials.clone(), CancellationToken::new());
    let refresher = tokio::spawn({
        let stop = stop.clone();
        async move { opened.refresher.run(&stop).await }
    });
    std::fs::write(root.path().join("v1/mns"), "broken").unwrap();
    mount("v2", "NEW");
    eventually("new key", || live.get().access_key_id().as_str() == "NEW").await;
    stop.cancel();
    refresher.await.unwrap();
}
