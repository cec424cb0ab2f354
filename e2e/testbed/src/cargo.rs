//! Cargo, run by a process that Cargo runs.

use std::ffi::OsStr;
use std::process::Command;

/// Variables in which Cargo describes a program's own package. Build scripts look at these variables too
/// (that of `ring` does), so that what is built with them is built again without them.
const ABOUT_US: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// The Cargo that runs this process, or the one in `PATH`, as if it were run by hand.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let variables = std::env::vars_os().map(|(name, _)| name);
    for name in variables.filter(|name| is_about_us(name)) {
        cargo.env_remove(name);
    }
    cargo
}

fn is_about_us(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ABOUT_US.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_not_told_about_this_package() {
        let removed: Vec<_> = cargo()
            .get_envs()
            .map(|(name, value)| (name.to_owned(), value.is_none()))
            .collect();
        assert!(
            removed.contains(&("CARGO_PKG_NAME".into(), true)),
            "{removed:?}"
        );
        assert!(
            removed.contains(&("CARGO_MANIFEST_DIR".into(), true)),
            "{removed:?}"
        );
    }

    #[test]
    fn settings_stay() {
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_TERM_COLOR",
            "CARGO_NET_OFFLINE",
        ] {
            assert!(!is_about_us(OsStr::new(name)), "{name}");
        }
    }
}
