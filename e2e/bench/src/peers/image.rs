//! The file system of an original program: a folder with what its image and its pod would have.

use std::fs::{File, create_dir_all};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use testbed::meter::{Meter, Usage};
use tokio::process::{Child, Command};

/// Where the program is.
const PROGRAM: &str = "/app/program";

/// A folder as the root of all files.
pub(super) struct Image(PathBuf);

/// A running original. Dropping it kills it.
pub(super) struct Original {
    meter: Meter,
    log: PathBuf,
    _child: Child,
}

impl Image {
    /// A file system with this program, for which `hosts` are names of this machine.
    pub(super) fn new(folder: PathBuf, program: &Path, hosts: &[&str]) -> Result<Self> {
        let image = Self(folder);
        let content = std::fs::read(program);
        let content = content.with_context(|| format!("cannot read `{}`", program.display()))?;
        image.put(PROGRAM, &content)?;
        // With its permissions.
        std::fs::copy(program, image.path(PROGRAM))?;
        image.put("/etc/nsswitch.conf", b"hosts: files\n")?;
        let hosts = format!("127.0.0.1 localhost {}\n", hosts.join(" "));
        image.put("/etc/hosts", hosts.as_bytes())?;
        Ok(image)
    }

    /// Puts a file in its place.
    pub(super) fn put(&self, path: &str, content: &[u8]) -> Result<()> {
        let file = self.path(path);
        if let Some(folder) = file.parent() {
            create_dir_all(folder)?;
        }
        std::fs::write(&file, content).with_context(|| format!("cannot write `{}`", file.display()))
    }

    /// Starts the program. What it logs goes to a file beside the image.
    pub(super) fn start(&self, args: &[&str], env: &[(&str, &str)]) -> Result<Original> {
        let log = self.0.with_extension("log");
        let file = File::create(&log)?;
        let child = Command::new("chroot")
            .arg(&self.0)
            .arg(PROGRAM)
            .args(args)
            .env_clear()
            // For `chroot` itself.
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .context("cannot run `chroot` of coreutils")?;
        let id = child.id().context("the original ended at once")?;
        Ok(Original {
            meter: Meter::of(id)?,
            log,
            _child: child,
        })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }
}

impl Original {
    /// What it has used so far.
    pub(super) fn usage(&self) -> Result<Usage> {
        self.meter.read()
    }

    /// For an error that is the original's: the end of its log.
    pub(super) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.unwrap_or("nothing; built with CGO_ENABLED=0?");
        format!("the original's last words: {last}")
    }
}
