//! The memory that the kernel charges to a program in a container of its own.
//!
//! That is what counts against a container's limit. Pages of the program's file are not part of it if
//! they were in the page cache before, as those of an image are that was just unpacked.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Where cgroups are, how `/proc/self/cgroup` calls that place, and the file that tells the peak of one:
/// in version 2, and in version 1.
const HIERARCHIES: [(&str, &str, &str); 2] = [
    ("/sys/fs/cgroup", "0::", "memory.peak"),
    (
        "/sys/fs/cgroup/memory",
        ":memory:",
        "memory.max_usage_in_bytes",
    ),
];
const MEMBERS: &str = "cgroup.procs";
/// A process that was killed is a member for some moments more.
const LEAVING: Duration = Duration::from_millis(10);
const MAX_LEAVING: usize = 100;

/// A cgroup that counts memory. Dropping it removes it.
pub(super) struct Cgroup {
    folder: PathBuf,
    /// The file with its peak.
    peak: PathBuf,
    /// Where this process belongs, by the file with the members.
    home: PathBuf,
}

impl Cgroup {
    /// A new one. `None` where this process may not make any.
    pub(super) fn new() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        HIERARCHIES.iter().find_map(|&(root, name, peak)| {
            let (_, path) = own.lines().find_map(|line| line.split_once(name))?;
            let folder = Path::new(root).join(format!("bench-{}", std::process::id()));
            fs::create_dir(&folder).ok()?;
            let cgroup = Self {
                peak: folder.join(peak),
                home: Path::new(&format!("{root}{path}")).join(MEMBERS),
                folder,
            };
            cgroup.peak.exists().then_some(cgroup)
        })
    }

    /// Lets `start` begin processes within it, and only these.
    ///
    /// # Errors
    /// As of `start`, or when this process cannot go in and out.
    pub(super) async fn around<T>(&self, start: impl Future<Output = Result<T>>) -> Result<T> {
        self.enter(&self.folder.join(MEMBERS))?;
        let started = start.await;
        self.enter(&self.home)?;
        started
    }

    fn enter(&self, members: &Path) -> Result<()> {
        let folder = self.folder.display();
        // Zero stands for the process that writes it.
        fs::write(members, "0").with_context(|| format!("cannot go into or out of `{folder}`"))
    }

    /// The most that was charged to it at one time, in bytes.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(super) fn peak_bytes(&self) -> Result<u64> {
        let peak = fs::read_to_string(&self.peak);
        let peak = peak.with_context(|| format!("cannot read `{}`", self.peak.display()))?;
        Ok(peak.trim().parse()?)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for _ in 0..MAX_LEAVING {
            if fs::remove_dir(&self.folder).is_ok() {
                break;
            }
            sleep(LEAVING);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::process::Command;

    use super::*;

    #[tokio::test]
    async fn what_a_program_takes_is_charged_to_it_alone() {
        // Without rights nothing can be seen.
        let Some(cgroup) = Cgroup::new() else { return };
        let (folder, before) = (cgroup.folder.clone(), fs::read_to_string(&cgroup.home));
        // `dd` takes a buffer of this size.
        let arguments = [
            "if=/dev/zero",
            "of=/dev/null",
            "bs=16M",
            "count=1",
            "status=none",
        ];
        let mut program = Command::new("dd");
        program.args(arguments);
        let start = async { Ok(program.spawn()?) };
        let mut child = cgroup.around(start).await.unwrap();
        assert!(child.wait().await.unwrap().success());
        let peak = cgroup.peak_bytes().unwrap();
        // And something of other tests, which may run in the moment in which this process is a member.
        assert!((16 << 20..48 << 20).contains(&peak), "{peak} bytes");
        let own = format!("{}\n", std::process::id());
        assert!(before.unwrap().contains(&own), "not at home before");
        assert!(fs::read_to_string(&cgroup.home).unwrap().contains(&own));
        drop(cgroup);
        assert!(!folder.exists());
    }
}
