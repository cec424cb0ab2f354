//! Finds the source folder of the `rustface` package, whose detection model goes into the crate.
//!
//! Cargo is the only one who knows where it keeps the package: registry cache, vendor folder or
//! a patch. It is asked about a probe package that depends on the version in `Cargo.lock` and on
//! nothing else, so that the answer needs neither the network nor any package that this crate
//! does not need itself.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PACKAGE: &str = "rustface";
const MODEL: &str = "model/seeta_fd_frontal_v1.0.bin";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    match locate() {
        Ok(folder) => {
            let model = folder.join(MODEL);
            println!("cargo::rerun-if-changed={}", model.display());
            println!("cargo::rustc-env=RUSTFACE_MODEL={}", model.display());
            // Tests look at the picture that comes with the package.
            println!("cargo::rustc-env=RUSTFACE_FOLDER={}", folder.display());
        }
        Err(error) => {
            println!("cargo::error=cannot find the source of the `{PACKAGE}` package: {error}");
        }
    }
}

fn locate() -> Result<PathBuf, Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let lock = find_lock(&package)?;
    println!("cargo::rerun-if-changed={}", lock.display());
    let probe = write_probe(&lock)?;
    let metadata = metadata(&probe, &package)?;
    let folders = manifests(&metadata).filter_map(|manifest| Some(manifest.parent()?.to_owned()));
    let mut folders = folders.filter(|folder| folder.join(MODEL).is_file());
    folders
        .next()
        .ok_or_else(|| format!("no package of its graph holds `{MODEL}`").into())
}

fn find_lock(package: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let locks = package.ancestors().map(|folder| folder.join("Cargo.lock"));
    let mut locks = locks.filter(|lock| lock.is_file());
    locks
        .next()
        .ok_or_else(|| "there is no `Cargo.lock` above this package".into())
}

/// Writes a package that depends on what the lock file says, with a copy of the lock beside it.
fn write_probe(lock: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(&env::var("OUT_DIR")?).join("probe");
    fs::create_dir_all(&folder)?;
    let locked = fs::read_to_string(lock)?;
    let version = locked_version(&locked)?;
    let manifest = format!(
        "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [lib]\npath = \"lib.rs\"\n[workspace]\n\
         [dependencies.{PACKAGE}]\nversion = \"={version}\"\ndefault-features = false\n"
    );
    fs::write(folder.join("lib.rs"), "")?;
    fs::copy(lock, folder.join("Cargo.lock"))?;
    let path = folder.join("Cargo.toml");
    fs::write(&path, manifest)?;
    Ok(path)
}

fn locked_version(lock: &str) -> Result<&str, Box<dyn Error>> {
    let entry = format!("name = \"{PACKAGE}\"\nversion = \"");
    let rest = lock.split_once(&entry).map(|(_, rest)| rest);
    let version = rest.and_then(|rest| rest.split('"').next());
    version.ok_or_else(|| "`Cargo.lock` does not mention it".into())
}

/// Runs Cargo in the package's folder, so that it finds the configuration this build has.
fn metadata(probe: &Path, package: &Path) -> Result<String, Box<dyn Error>> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "metadata",
            "--offline",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(probe)
        .current_dir(package)
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        return Err(format!("`cargo metadata` said: {said}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The paths of all manifests that the metadata mention; a JSON parser would cost every build
/// seconds.
fn manifests(metadata: &str) -> impl Iterator<Item = PathBuf> {
    let values = metadata.split("\"manifest_path\":\"").skip(1);
    values
        .filter_map(|rest| rest.split('"').next())
        .map(|path| path.replace(r"\\", r"\").into())
}
