//! The files that go into images: static binaries and CA certificates.
//!
//! The binaries are linked against this machine's own static C library, so no further
//! Rust target is needed. The library must be able to look names up by itself, because
//! an image from scratch has no plug-ins for it.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use testbed::command::{execute, read};
use testbed::workspace_root;

use super::dockerfile::{CA_CERTIFICATES, LastStage};

/// The flag that links the C library statically; in every Dockerfile, too.
pub(crate) const STATIC: &str = "-C target-feature=+crt-static";

/// Apart from other builds: other flags would make Cargo build everything again and again.
const TARGET: &str = "target/images";

/// Where distributions keep the CA certificates that they trust.
const CA_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Since this release `files` and `dns` are part of the C library, static or not; before,
/// a static binary found no host without libraries that an image from scratch has not.
const GLIBC: (u32, u32) = (2, 34);

/// The name of the section that holds an executable's symbols, as it stands in it.
const SYMBOLS: &[u8] = b".symtab\0";

/// Builds the binaries of `packages` and gives the folder that holds them.
///
/// # Errors
/// When the C library is not the GNU one or too old, and when a build fails.
pub(crate) fn build(packages: &[&str]) -> Result<PathBuf> {
    let target = target()?;
    let packages: BTreeSet<_> = packages.iter().copied().collect();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--release",
        "--all-features",
        "--locked",
        "--target",
        &target,
        "--target-dir",
        TARGET,
    ]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    // --target keeps the flags from build scripts and macros, which run here.
    execute(cargo.env("RUSTFLAGS", STATIC))?;
    Ok(workspace_root().join(TARGET).join(target).join("release"))
}

/// This machine, in Rust's words.
fn target() -> Result<String> {
    let version = read(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("`rustc -vV` names no host")?;
    ensure!(
        host.ends_with("-linux-gnu"),
        "images are built on Linux with the GNU C library, and this is `{host}`: use `docker build -f Dockerfile.source .`"
    );
    let library = read(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    ensure!(
        glibc(&library).is_some_and(|version| version >= GLIBC),
        "static binaries find no host names with `{library}`: glibc {}.{} or newer is needed",
        GLIBC.0,
        GLIBC.1
    );
    Ok(host.to_owned())
}

/// The version in a line like `glibc 2.36`.
fn glibc(line: &str) -> Option<(u32, u32)> {
    let (major, minor) = line.strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Puts the stage's files and its Dockerfile into a folder of their own.
///
/// # Errors
/// When a file is missing or cannot be written.
pub(crate) fn lay_out(name: &str, stage: &LastStage, binaries: &Path) -> Result<PathBuf> {
    let folder = workspace_root().join(TARGET).join("dist").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for file in &stage.files {
        let (from, mode) = match file.as_str() {
            CA_CERTIFICATES => (ca_bundle()?, 0o644),
            binary => (stripped(binaries.join(binary))?, 0o755),
        };
        place(&from, &folder.join(file), mode)?;
    }
    let dockerfile = folder.join("Dockerfile");
    fs::write(&dockerfile, &stage.dockerfile)
        .with_context(|| format!("cannot write `{}`", dockerfile.display()))?;
    Ok(folder)
}

/// The file, if it has no symbols any more: they would be a quarter of it. A profile that is
/// overridden for one package can lose its `strip`.
fn stripped(binary: PathBuf) -> Result<PathBuf> {
    let bytes = fs::read(&binary).with_context(|| format!("cannot read `{}`", binary.display()))?;
    ensure!(
        !bytes.windows(SYMBOLS.len()).any(|name| name == SYMBOLS),
        "`{}` has symbols: its profile needs `strip = \"symbols\"`",
        binary.display()
    );
    Ok(binary)
}

/// Copies a file. The mode is set and not taken over: a strict umask would leave binaries
/// that the image's user cannot run.
fn place(from: &Path, to: &Path, mode: u32) -> Result<()> {
    fs::copy(from, to)
        .and_then(|_bytes| fs::set_permissions(to, Permissions::from_mode(mode)))
        .with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))
}

fn ca_bundle() -> Result<PathBuf> {
    match CA_BUNDLES
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
    {
        Some(path) => Ok(path),
        None => bail!(
            "no CA certificates at {}: install the package `ca-certificates`",
            CA_BUNDLES.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_compared_by_number() {
        assert_eq!(glibc("glibc 2.36"), Some((2, 36)));
        assert!(glibc("glibc 2.4").unwrap() < GLIBC);
        assert!(glibc("glibc 3.0").unwrap() >= GLIBC);
        assert_eq!(glibc("musl"), None);
    }

    #[test]
    fn symbols_do_not_get_into_an_image() {
        let folder = tempfile::tempdir().unwrap();
        let without = folder.path().join("without");
        fs::write(&without, "binary").unwrap();
        assert_eq!(stripped(without.clone()).unwrap(), without);
        let error = stripped(std::env::current_exe().unwrap()).unwrap_err();
        assert!(error.to_string().contains("has symbols"), "{error}");
    }

    #[test]
    fn copies_can_be_read_by_the_user_of_the_image() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        fs::write(&from, "binary").unwrap();
        fs::set_permissions(&from, Permissions::from_mode(0o700)).unwrap();
        place(&from, &to, 0o755).unwrap();
        assert_eq!(
            fs::metadata(&to).unwrap().permissions().mode() & 0o777,
            0o755
        );
    }
}
