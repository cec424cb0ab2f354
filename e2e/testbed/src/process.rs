//! One child process: started with a known environment, its log kept in a file,
//! and gone when its owner is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::eventually::{Progress, poll_until};

/// Long enough for a debug binary on a loaded machine; a healthy start takes
/// milliseconds.
const START_DEADLINE: Duration = Duration::from_mins(1);
/// Above the drain grace that both services have by default.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// How to start a process.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Name in messages and of the log file.
    pub name: &'static str,
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment: nothing is inherited, so that a developer's own
    /// credentials or endpoints can never slip in.
    pub env: BTreeMap<String, String>,
    /// Folder for the log and for the file in which the process announces its
    /// addresses.
    pub folder: PathBuf,
}

/// A running child process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    launch: Launch,
    child: Child,
    addresses: BTreeMap<String, String>,
}

impl Process {
    /// Starts the process and waits until it has announced the addresses it bound.
    ///
    /// # Errors
    /// When it cannot be started, ends before it announced anything (the error
    /// carries the end of its log), or stays silent for a minute.
    pub async fn start(launch: Launch) -> Result<Self> {
        let announced = launch.announce_file();
        match std::fs::remove_file(&announced) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("cannot remove an old announcement");
            }
            _ => {}
        }
        let child = launch.spawn()?;
        let mut process = Self {
            launch,
            child,
            addresses: BTreeMap::new(),
        };
        let addresses = poll_until("an announcement", START_DEADLINE, || {
            ready(process.announcement(&announced))
        });
        process.addresses = addresses.await?;
        Ok(process)
    }

    fn announcement(&mut self, file: &Path) -> Result<Progress<BTreeMap<String, String>>> {
        let name = self.launch.name;
        if let Ok(text) = std::fs::read(file) {
            let addresses = serde_json::from_slice(&text);
            return addresses
                .map(Progress::Done)
                .with_context(|| format!("`{name}` announced something unexpected"));
        }
        if let Some(status) = self.child.try_wait()? {
            bail!(
                "`{name}` ended at once ({status}): {}",
                self.last_log_line()
            );
        }
        Ok(Progress::Pending(format!("`{name}` is not ready")))
    }

    /// An address that it announced, as `host:port`.
    ///
    /// # Errors
    /// When it announced none of that name.
    pub fn address(&self, name: &str) -> Result<&str> {
        let address = self.addresses.get(name);
        let address = address
            .with_context(|| format!("`{}` announced no address `{name}`", self.launch.name))?;
        Ok(address)
    }

    /// All addresses that it announced, by name.
    pub(crate) fn addresses(&self) -> &BTreeMap<String, String> {
        &self.addresses
    }

    /// Asks the process to stop and waits until it has; a process that takes
    /// longer than half a minute is killed.
    ///
    /// # Errors
    /// When it had to be killed or ended with a failure of its own.
    pub async fn stop(mut self) -> Result<()> {
        self.signal(Signal::SIGTERM)?;
        let Ok(status) = timeout(STOP_DEADLINE, self.child.wait()).await else {
            self.child.kill().await?;
            bail!(
                "`{}` did not stop within {STOP_DEADLINE:?} and was killed",
                self.launch.name
            );
        };
        self.check_exit(status?)
    }

    /// Kills the process as a crash would: no warning, no clean-up.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill(mut self) -> Result<()> {
        let killed = self.child.kill().await;
        killed.with_context(|| format!("cannot kill `{}`", self.launch.name))
    }

    /// Freezes (`SIGSTOP`), continues (`SIGCONT`) or otherwise signals the process.
    ///
    /// # Errors
    /// When the process is gone already.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let id = self
            .child
            .id()
            .with_context(|| format!("`{}` has already ended", self.launch.name))?;
        kill(Pid::from_raw(i32::try_from(id)?), signal)
            .with_context(|| format!("cannot send {signal} to `{}`", self.launch.name))
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Everything the process has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.launch.log_file()).unwrap_or_default()
    }

    /// The last line that the process logged.
    fn last_log_line(&self) -> String {
        let log = self.log();
        log.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it logged nothing")
            .to_owned()
    }

    fn check_exit(&self, status: ExitStatus) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        bail!(
            "`{}` stopped with {status}: {}",
            self.launch.name,
            self.last_log_line()
        )
    }
}

impl Launch {
    fn spawn(&self) -> Result<Child> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .with_context(|| format!("cannot write `{}`", self.log_file().display()))?;
        Command::new(&self.executable)
            .args(&self.args)
            .arg("--announce")
            .arg(self.announce_file())
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Its own group: Ctrl-C reaches the parent alone, which then stops its
            // children in the right order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.executable.display()))
    }

    fn announce_file(&self) -> PathBuf {
        self.folder.join(format!("{}.addresses.json", self.name))
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(folder: &Path, script: &str) -> Launch {
        Launch {
            name: "script",
            executable: "/bin/sh".into(),
            args: vec!["-c".into(), script.into(), "script".into()],
            env: BTreeMap::new(),
            folder: folder.to_owned(),
        }
    }

    #[tokio::test]
    async fn an_announcement_is_waited_for_and_a_clean_stop_is_clean() {
        let folder = tempfile::tempdir().unwrap();
        let launch = shell(
            folder.path(),
            r#"trap 'exit 0' TERM; echo '{"http":"127.0.0.1:1"}' > "$2"; while :; do sleep 0.01; done"#,
        );
        let process = Process::start(launch).await.unwrap();
        assert_eq!(process.address("http").unwrap(), "127.0.0.1:1");
        assert!(process.address("https").is_err());
        process.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_ends_early_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let launch = shell(folder.path(), "echo 'set K_SINK' >&2; exit 1");
        let error = Process::start(launch).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`script` ended at once (exit status: 1): set K_SINK"
        );
    }

    #[tokio::test]
    async fn the_parents_environment_is_not_inherited() {
        let folder = tempfile::tempdir().unwrap();
        let launch = shell(
            folder.path(),
            r#"echo "{\"cargo\":\"$CARGO\"}" > "$2"; sleep 60"#,
        );
        let process = Process::start(launch).await.unwrap();
        assert_eq!(process.address("cargo").unwrap(), "");
        process.kill().await.unwrap();
    }
}
