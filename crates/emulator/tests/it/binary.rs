//! The program: how it starts, complains and ends.

use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

use emulator::listeners::PerListener;
use tempfile::TempDir;
use tokio::process::Command;

use crate::process::listen;

fn emulator(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emulator"));
    listen(&mut command, arguments);
    command.args(arguments).env_clear();
    command.kill_on_drop(true);
    command
}

async fn output(command: &mut Command) -> Output {
    let output = tokio::time::timeout(Duration::from_mins(1), command.output());
    output.await.expect("the emulator does not end").unwrap()
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    let cases: [(&str, &[&str], &str); 5] = [
        (
            "a taken port",
            &["--mns", &taken],
            "choose another with --mns",
        ),
        (
            "half a key pair",
            &[],
            "`ALIBABA_CLOUD_ACCESS_KEY_SECRET` is missing",
        ),
        ("a file for a folder", &["--data", file], file),
        (
            "nowhere to announce",
            &["--announce", "/nowhere/at/all"],
            "--announce",
        ),
        ("no log filter", &["--log-filter", "a=b=c"], "--log-filter"),
    ];
    for (name, arguments, expected) in cases {
        let mut command = emulator(arguments);
        if name == "half a key pair" {
            command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", "id");
        }
        let output = output(&mut command).await;
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {text}");
        assert_eq!(text.lines().count(), 1, "{name}: {text}");
        assert!(
            text.starts_with("error: ") && text.contains(expected),
            "{name}: {text}"
        );
        assert!(output.stdout.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_refused_by_name() {
    for (name, arguments) in [
        ("a region that is none", ["--region", "evil.example/"]),
        ("an account that is none", ["--account", "a:b"]),
        ("an address that is none", ["--oss", "somewhere"]),
    ] {
        let output = output(&mut emulator(&arguments)).await;
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        assert!(text.contains(arguments[0]), "{name}: {text}");
    }
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_when_told() {
    let folder = TempDir::new().unwrap();
    let announcement = folder.path().join("announcement.json");
    let file = announcement.to_str().unwrap();
    let mut command = emulator(&["--announce", file, "--log-format", "json"]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let appeared = async {
        while !announcement.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), appeared)
        .await
        .unwrap();
    let text = std::fs::read_to_string(&announcement).unwrap();
    let addresses: serde_json::Value = serde_json::from_str(&text).unwrap();

    let id = child.id().unwrap().to_string();
    Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .await
        .unwrap();
    let ended = tokio::time::timeout(Duration::from_mins(1), child.wait_with_output());
    let output = ended.await.expect("the emulator does not end").unwrap();
    assert!(output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let listening: Vec<_> = lines
        .filter(|line| line["message"] == "listening")
        .collect();
    assert_eq!(listening.len(), 1, "{log}");
    for (name, _) in PerListener::loopback().named() {
        assert_eq!(listening[0][name], addresses[name], "{log}");
    }
    assert!(!log.contains("emulator-development-only"), "{log}");
}
