//! How each process is started: its arguments and its environment.
//!
//! [`Stage`](crate::Stage) starts them all; whoever measures one of them starts it alone.

use std::collections::BTreeMap;

use crate::addresses::EmulatorAddresses;
use crate::binaries::Binaries;
use crate::process::Launch;
use crate::provision::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, ACCOUNT, BUCKET, QUEUE, REGION, TARGET};
use crate::stage::{FaceBackend, Settings};

const ANY_PORT: &str = "127.0.0.1:0";

/// The emulator, on free ports unless the settings ask for the documented ones.
#[must_use]
pub fn emulator(binaries: &Binaries, settings: &Settings) -> Launch {
    let mut args = vec![
        "--region".into(),
        REGION.into(),
        "--account".into(),
        ACCOUNT.into(),
    ];
    if !settings.fixed_ports {
        for listener in ["--oss", "--mns", "--face", "--admin"] {
            args.extend([listener.into(), ANY_PORT.into()]);
        }
    }
    if let Some(data) = &settings.data {
        args.extend(["--data".into(), data.into()]);
    }
    if settings.capture {
        args.push("--capture".into());
    }
    let mut env = base_env(settings);
    env.extend(official_credentials());
    Launch {
        name: "emulator",
        executable: binaries.emulator.clone(),
        args,
        env,
        folder: settings.folder.clone(),
    }
}

/// The face service, with the environment that a Knative Service would give it.
#[must_use]
pub fn face_recognition(
    binaries: &Binaries,
    settings: &Settings,
    addresses: &EmulatorAddresses,
) -> Launch {
    let EmulatorAddresses { oss, face, .. } = addresses;
    let face_url = format!("http://{face}");
    let mut env = base_env(settings);
    // The seed's own names, so that every run proves them.
    env.extend(text([
        ("ACCESSKEY_ID", ACCESS_KEY_ID),
        ("ACCESSKEY_SECRET", ACCESS_KEY_SECRET),
        ("UPLOAD_OSS_PATH", TARGET),
        ("OSS_ENDPOINT", &format!("http://{oss}")),
        ("OSS_ADDRESSING", "path"),
        ("OSS_ALLOWED_BUCKETS", BUCKET),
        ("OSS_ALLOWED_REGIONS", REGION),
        ("FACE_BACKEND", settings.backend.name()),
        (
            "FACE_ENDPOINT",
            if settings.backend == FaceBackend::Local {
                ""
            } else {
                &face_url
            },
        ),
    ]));
    env.extend(settings.face_env.clone());
    Launch {
        name: "face-recognition",
        executable: binaries.face_recognition.clone(),
        args: vec!["--listen".into(), ANY_PORT.into()],
        env,
        folder: settings.folder.clone(),
    }
}

/// The adapter, with the environment that the controller would give it.
#[must_use]
pub fn source_adapter(
    binaries: &Binaries,
    settings: &Settings,
    addresses: &EmulatorAddresses,
    sink: &str,
    dead_letter_sink: Option<&str>,
) -> Launch {
    let mut env = base_env(settings);
    env.extend(official_credentials());
    env.extend(text([
        ("K_SINK", sink),
        (
            "DELIVERY_DEAD_LETTER_SINK",
            dead_letter_sink.unwrap_or_default(),
        ),
        ("MNS_ENDPOINT", &format!("http://{}", addresses.mns)),
        ("MNS_QUEUE", QUEUE),
        ("NAMESPACE", "default"),
        ("NAME", "faces"),
    ]));
    env.extend(settings.adapter_env.clone());
    Launch {
        name: "source-adapter",
        executable: binaries.source_adapter.clone(),
        args: vec!["--listen".into(), ANY_PORT.into()],
        env,
        folder: settings.folder.clone(),
    }
}

fn base_env(settings: &Settings) -> BTreeMap<String, String> {
    text([("RUST_LOG", settings.log.as_str()), ("RUST_BACKTRACE", "0")])
}

fn official_credentials() -> BTreeMap<String, String> {
    text([
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
    ])
}

fn text<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
