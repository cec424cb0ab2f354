//! What the system tells about another process. Only Linux tells anything.

use std::path::Path;

/// Most memory that the process ever had resident, in KiB.
pub(super) fn peak_kib(pid: u32) -> Option<u64> {
    peak(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// Whether the process has ended. A system that does not tell counts it as alive.
pub(super) fn is_gone(pid: u32) -> bool {
    Path::new("/proc/self/status").exists() && peak_kib(pid).is_none()
}

/// A process that ended and was not waited for yet has no such line.
fn peak(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read() {
        let status = "Name:\tface\nVmPeak:\t  20 kB\nVmHWM:\t    8360 kB\n";
        assert_eq!(peak(status), Some(8360));
        assert_eq!(peak("Name:\tface\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_living_are_told_from_the_dead() {
        assert!(!is_gone(std::process::id()));
        assert!(is_gone(u32::MAX));
    }
}
