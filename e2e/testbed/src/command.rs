//! Running other programs from the root of the workspace, with errors that name them.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::binaries::workspace_root;

/// Runs `command` to its end; its output goes where ours goes.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub fn execute(command: &mut Command) -> Result<()> {
    let name = name(command);
    let status = command.current_dir(workspace_root()).status();
    let status = status.with_context(|| format!("cannot run `{name}`"))?;
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    Ok(())
}

/// Runs `command` to its end and gives what it wrote to standard output, trimmed.
///
/// # Errors
/// When it cannot be started or does not succeed; what it said of the reason is included.
pub fn read(command: &mut Command) -> Result<String> {
    let name = name(command);
    let output = capture(command)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}` ended with {}: {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether `command` can be started and succeeds. What it writes is not shown.
#[must_use]
pub fn succeeds(command: &mut Command) -> bool {
    capture(command).is_ok_and(|output| output.status.success())
}

fn capture(command: &mut Command) -> Result<Output> {
    let name = name(command);
    let output = command
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .output();
    output.with_context(|| format!("cannot run `{name}`"))
}

/// The program and its first word, as one would type them: `podman build`.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args().take(1));
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_program_and_what_it_said() {
        let error = read(Command::new("ls").arg("/does/not/exist")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("`ls /does/not/exist` ended with exit status: 2: "),
            "{text}"
        );
        let error = execute(&mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot run `no-such-program`");
    }
}
