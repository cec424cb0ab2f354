//! The machine: facts without which its numbers mean nothing.

use std::process::Command;

use serde::Serialize;
use testbed::command::read;
use testbed::meter::{field, kibibytes};

/// Where a run took place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Machine {
    /// CPUs that this process may use.
    pub(crate) cores: usize,
    /// Their model.
    pub(crate) cpu: String,
    /// Memory in bytes.
    pub(crate) memory_bytes: u64,
    /// Kernel release.
    pub(crate) kernel: String,
    /// Compiler.
    pub(crate) rustc: String,
    /// Commit that was measured.
    pub(crate) revision: String,
    /// Runnable processes during the last minute: more than a few tenths is noise.
    pub(crate) load: f64,
}

impl Machine {
    /// This one.
    pub(crate) fn here() -> Self {
        let text = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: field(&text("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            memory_bytes: field(&text("/proc/meminfo"), "MemTotal")
                .and_then(|text| kibibytes(&text))
                .unwrap_or_default(),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: output("rustc", &["--version"]).unwrap_or_else(unknown),
            revision: output("git", &["describe", "--always", "--dirty"]).unwrap_or_else(unknown),
            load: first_number(&text("/proc/loadavg")),
        }
    }

    /// As one line.
    pub(crate) fn line(&self) -> String {
        let Self {
            cores,
            cpu,
            memory_bytes,
            kernel,
            rustc,
            revision,
            load,
        } = self;
        let memory = memory_bytes >> 30;
        format!(
            "{cores} × {cpu}, {memory} GiB, Linux {kernel}, {rustc}, revision {revision}, load {load} at the start"
        )
    }

    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self {
            cores: 2,
            cpu: "Abacus".to_owned(),
            memory_bytes: 8 << 30,
            kernel: "6.1".to_owned(),
            rustc: "rustc 1.95.0".to_owned(),
            revision: "abc1234".to_owned(),
            load: 0.25,
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn first_number(text: &str) -> f64 {
    text.split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(f64::NAN)
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    read(Command::new(program).args(args)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_cpu() {
        let here = Machine::here();
        assert!(here.cores > 0 && here.memory_bytes > 0, "{here:?}");
    }
}
