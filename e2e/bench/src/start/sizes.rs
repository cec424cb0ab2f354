//! How large binaries and images are, the latter as a registry keeps them: compressed.
//!
//! An image from scratch is its files. They are taken from the release profile; those of
//! the images are the same, linked statically.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use testbed::meter;

use crate::bench::Bench;
use crate::figure::{Figure, mb};
use crate::row::{Row, Target};

/// Image sizes that a node pulls without a noticeable wait. Most of `face` are its nets.
const SOURCE_MB: f64 = 10.0;
const FACE_MB: f64 = 24.0;
/// The file in every image that is not ours.
const CA_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Measures the rows.
pub(super) fn run(bench: &mut Bench) -> Result<()> {
    bench.step("sizes");
    let controller = bench.controller.clone();
    let adapter = bench.binaries.source_adapter.clone();
    let face = bench.binaries.face_recognition.clone();
    let emulator = bench.binaries.emulator.clone();
    for binary in [&adapter, &face, &controller, &emulator] {
        let name = binary.file_name().unwrap_or_default().to_string_lossy();
        let size = Figure::new("MB", [mb(binary.metadata()?.len())]);
        bench.row(Row::new(
            format!("binary `{name}`"),
            "release profile, stripped",
            size,
        ));
    }
    for (name, binaries, most) in [
        ("source", vec![controller, adapter], SOURCE_MB),
        ("face", vec![face], FACE_MB),
    ] {
        let (packed, plain) = image(bench.folder(), &binaries)?;
        let row = Row::new(
            format!("image `{name}`"),
            "binaries and CA certificates, tar and gzip",
            Figure::new("MB", [mb(packed)]),
        );
        let row = row.against("unpacked", Figure::new("MB", [mb(plain)]));
        bench.row(row.target(Target::at_most(most)));
    }
    Ok(())
}

/// Bytes of these files, packed and unpacked.
fn image(folder: &Path, binaries: &[PathBuf]) -> Result<(u64, u64)> {
    let bundle = PathBuf::from(CA_BUNDLE);
    ensure!(bundle.exists(), "install the package `ca-certificates`");
    let mut files = binaries.to_vec();
    files.push(bundle);
    let mut plain = 0;
    for file in &files {
        plain += file.metadata()?.len();
    }
    let packed = folder.join("image.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("--create").arg("--gzip").arg("--dereference");
    tar.arg("--file").arg(&packed).args(&files);
    // It says that it takes the leading `/` away.
    tar.stderr(Stdio::null());
    meter::run(tar).context("cannot pack an image")?;
    Ok((packed.metadata()?.len(), plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_makes_smaller() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zeros");
        std::fs::write(&file, vec![0; 1 << 20]).unwrap();
        let (packed, plain) = image(folder.path(), &[file]).unwrap();
        assert!(packed < plain && plain > 1 << 20, "{packed} of {plain}");
    }
}
