//! The real program, so that it can be killed as the system kills.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use emulator::listeners::PerListener;
use tokio::process::{Child, Command};

use crate::mns::caller::Caller as MnsCaller;
use crate::oss::caller::Caller as OssCaller;
use crate::running::Admin;

pub(crate) struct Process {
    child: Child,
    pub(crate) oss: OssCaller,
    pub(crate) mns: MnsCaller,
    pub(crate) admin: Admin,
}

/// Has each listener take a free port, unless `given` says another.
pub(crate) fn listen(command: &mut Command, given: &[&str]) {
    for (name, address) in PerListener::loopback().named() {
        let option = format!("--{name}");
        if !given.contains(&option.as_str()) {
            command.args([option, address.to_string()]);
        }
    }
}

impl Process {
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_by(&["env"], folder).await
    }

    /// Has a program start the emulator.
    pub(crate) async fn start_by(starter: &[&str], folder: &Path) -> Self {
        let announcement = folder.join("announcement.json");
        let _ = std::fs::remove_file(&announcement);
        let mut command = Command::new(starter[0]);
        command.args(&starter[1..]);
        command.arg(env!("CARGO_BIN_EXE_emulator"));
        listen(&mut command, &[]);
        command.arg("--data").arg(folder.join("data"));
        command.arg("--announce").arg(&announcement);
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tTest");
        command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "test-secret");
        let child = command
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let announced = tokio::time::timeout(Duration::from_mins(1), read(&announcement));
        let addresses = announced
            .await
            .expect("the emulator does not announce itself");
        let url = |name: &str| format!("http://{}", addresses[name].as_str().unwrap());
        Self {
            child,
            oss: OssCaller::at(url("oss")),
            mns: MnsCaller::at(url("mns")),
            admin: Admin::at(url("admin")),
        }
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

async fn read(file: &Path) -> serde_json::Value {
    loop {
        match std::fs::read(file) {
            Ok(text) => return serde_json::from_slice(&text).unwrap(),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
