//! CPU time and memory of processes, from outside and to the microsecond.
//!
//! CPU time comes from the process's own clock, which counts user and system time of all its
//! threads, ended ones included; peak memory from `VmHWM`. Not from `getrusage`: what it says
//! of a child's memory begins with that of the parent it was forked from.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// How often the memory of a command is looked at: what it takes in its last moment is missed.
const GLANCE: Duration = Duration::from_millis(1);

/// Reads what a process has used. It must not have been waited for.
#[derive(Debug)]
pub struct Meter {
    clock: ClockId,
    folder: PathBuf,
}

/// Resources that a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
    /// Resident memory now.
    pub resident_bytes: u64,
    /// The most resident memory since its start, or since [`Meter::forget_peak`].
    pub peak_bytes: u64,
}

/// Time and memory of a command from start to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// Time on the wall.
    pub wall: Duration,
    /// User and system time.
    pub cpu: Duration,
    /// The most resident memory that was seen.
    pub peak_bytes: u64,
}

impl Meter {
    /// Of this process.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(id: u32) -> Result<Self> {
        let pid = Pid::from_raw(i32::try_from(id)?);
        let clock = clock_getcpuclockid(pid).with_context(|| format!("no process {id}"))?;
        Ok(Self {
            clock,
            folder: PathBuf::from(format!("/proc/{id}")),
        })
    }

    /// Resources used so far.
    ///
    /// # Errors
    /// When it has been waited for.
    pub fn read(&self) -> Result<Usage> {
        let cpu = clock_gettime(self.clock).context("the process is gone")?;
        let status = std::fs::read_to_string(self.folder.join("status"))?;
        let bytes = |name| field(&status, name).and_then(|text| kibibytes(&text));
        Ok(Usage {
            cpu: cpu.into(),
            resident_bytes: bytes("VmRSS").unwrap_or_default(),
            peak_bytes: bytes("VmHWM").unwrap_or_default(),
        })
    }

    /// The most memory that this process ever had resident, in bytes. `None` if it has ended,
    /// or where the system does not tell.
    #[must_use]
    pub fn peak_bytes(id: u32) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        // A process that ended and was not waited for yet has no such line.
        kibibytes(&field(&status, "VmHWM")?)
    }

    /// Whether this process has ended. Where the system does not tell, it has not.
    #[must_use]
    pub fn is_gone(id: u32) -> bool {
        Path::new("/proc/self/status").exists() && Self::peak_bytes(id).is_none()
    }

    /// The peak of memory is counted from now on.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn forget_peak(&self) -> Result<()> {
        std::fs::write(self.folder.join("clear_refs"), "5").context("cannot reset the peak")
    }
}

/// Runs a command to its successful end. Its standard output is the caller's choice.
///
/// # Errors
/// When it cannot be started or ends with a failure.
pub fn run(command: Command) -> Result<Finished> {
    pipe([command])
}

/// Runs commands at one time, the output of each piped into the next, to the successful end
/// of all; sums up their CPU time and memory.
///
/// # Errors
/// When one cannot be started or ends with a failure.
pub fn pipe<const N: usize>(commands: [Command; N]) -> Result<Finished> {
    let started = Instant::now();
    let mut watched = Vec::new();
    let mut output = None;
    for (index, mut command) in commands.into_iter().enumerate() {
        if let Some(output) = output.take() {
            command.stdin(Stdio::from(output));
        }
        if index + 1 < N {
            command.stdout(Stdio::piped());
        }
        let mut one = MeasuredChild::start(command)?;
        output = one.child.stdout.take();
        watched.push(one);
    }
    while watched.iter().any(|one| one.exit.is_none()) {
        for one in &mut watched {
            one.glance()?;
        }
        std::thread::sleep(GLANCE);
    }
    let wall = started.elapsed();
    watched.into_iter().try_fold(
        Finished {
            wall,
            ..Finished::default()
        },
        |sum, one| {
            let usage = one.end()?;
            Ok(Finished {
                wall,
                cpu: sum.cpu + usage.cpu,
                peak_bytes: sum.peak_bytes + usage.peak_bytes,
            })
        },
    )
}

/// The value of the first line `name : value`, as the files below `/proc` have it.
#[must_use]
pub fn field(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })?;
    Some(value)
}

/// `123 kB` in bytes.
#[must_use]
pub fn kibibytes(text: &str) -> Option<u64> {
    let count: u64 = text.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(count * 1024)
}

/// A child that is measured until it ends, and killed when dropped.
struct MeasuredChild {
    name: String,
    child: Child,
    meter: Meter,
    last: Usage,
    exit: Option<WaitStatus>,
}

impl MeasuredChild {
    fn start(mut command: Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .spawn()
            .with_context(|| format!("cannot run `{name}`"))?;
        Ok(Self {
            name,
            meter: Meter::of(child.id())?,
            child,
            last: Usage::default(),
            exit: None,
        })
    }

    /// Notes what it uses, and whether it has ended; it stays a zombie until [`end`](Self::end),
    /// so that its clock can still be read.
    fn glance(&mut self) -> Result<()> {
        if self.exit.is_some() {
            return Ok(());
        }
        let id = Id::Pid(Pid::from_raw(i32::try_from(self.child.id())?));
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let status = waitid(id, flags)?;
        let now = self.meter.read()?;
        self.last = Usage {
            peak_bytes: self.last.peak_bytes.max(now.peak_bytes),
            ..now
        };
        self.exit = (status != WaitStatus::StillAlive).then_some(status);
        Ok(())
    }

    fn end(mut self) -> Result<Usage> {
        let status = self.child.wait()?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.name);
        }
        Ok(self.last)
    }
}

impl Drop for MeasuredChild {
    fn drop(&mut self) {
        // Fails if it has been waited for, which is the usual case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdout(Stdio::null());
        command
    }

    #[test]
    fn work_shows_as_cpu_time_and_sleep_does_not() {
        let script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let work = run(shell(script)).unwrap();
        assert!(work.cpu > Duration::from_millis(5), "{work:?}");
        let sleep = run(shell("exec sleep 0.1")).unwrap();
        assert!(sleep.wall > Duration::from_millis(100), "{sleep:?}");
        assert!(sleep.cpu < work.cpu, "{sleep:?}");
        assert!(sleep.peak_bytes > 0, "{sleep:?}");
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmHWMx:\t1 kB\nVmHWM:\t  12345 kB\nmodel name\t: Abacus: 3\n";
        assert_eq!(field(text, "VmHWM").as_deref(), Some("12345 kB"));
        assert_eq!(field(text, "model name").as_deref(), Some("Abacus: 3"));
        assert_eq!(field(text, "VmRSS"), None);
    }

    #[test]
    fn kibibytes_become_bytes() {
        for (text, expected) in [("2 kB", Some(2048)), ("2", None), ("x kB", None)] {
            assert_eq!(kibibytes(text), expected, "{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_living_are_told_from_the_dead() {
        assert!(!Meter::is_gone(std::process::id()));
        assert!(Meter::is_gone(u32::MAX));
    }

    #[test]
    fn failures_name_the_command() {
        let error = run(shell("exit 3")).unwrap_err();
        assert_eq!(error.to_string(), "`/bin/sh` ended with exit status: 3");
        let error = run(Command::new("/no/such/program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot run `/no/such/program`");
    }

    #[test]
    fn piped_commands_feed_one_another() {
        pipe([shell("echo word"), shell("read word; test $word = word")]).unwrap();
        assert!(pipe([shell("echo word"), shell("read word; test $word = other")]).is_err());
    }

    #[test]
    fn a_living_process_can_be_read_and_its_peak_forgotten() {
        let meter = Meter::of(std::process::id()).unwrap();
        let before = meter.read().unwrap();
        assert!(before.resident_bytes > 0 && before.cpu > Duration::ZERO);
        drop(std::hint::black_box(vec![1_u8; 64 << 20]));
        let peak = meter.read().unwrap().peak_bytes;
        meter.forget_peak().unwrap();
        assert!(meter.read().unwrap().peak_bytes < peak);
    }
}
