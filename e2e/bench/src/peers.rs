//! The original programs in Go side by side with those that take their place, where their
//! binaries are given: `AliMnsSource`'s receive adapter and the `face-recognition` sample of 2019.
//!
//! Each comparison runs in namespaces of its own, because the originals have host names, ports and
//! folders built in. Each original gets a folder as its file system, with the files that its image
//! and its pod would have. `docs/BENCHMARKS.md` tells how to build them.

mod adapter;
mod cgroup;
mod face;
mod image;
mod tls;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub(crate) use self::adapter::{Args as AdapterArgs, compare as compare_adapters};
pub(crate) use self::face::{Args as FaceArgs, compare as compare_faces};
use crate::bench::Bench;

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    match bench.peers().adapter.clone() {
        Some(original) => adapter::rows(bench, &original).await?,
        None => bench.step("left out: the original adapter (`--peer-adapter`)"),
    }
    match bench.peers().face.clone() {
        Some(original) => face::rows(bench, &original).await?,
        None => bench.step("left out: the original face service (`--peer-face`)"),
    }
    Ok(())
}

/// Binaries of the original programs, as far as they are given.
#[derive(Debug, clap::Args)]
pub(crate) struct Peers {
    /// The original adapter's binary, to measure ours beside.
    #[arg(long = "peer-adapter", value_name = "FILE")]
    adapter: Option<PathBuf>,
    /// The original face service's binary, likewise.
    #[arg(long = "peer-face", value_name = "FILE")]
    face: Option<PathBuf>,
}

/// What children in this role report of our program and of `original`: a column for each figure, with a
/// value of each repetition.
async fn columns<const N: usize>(
    bench: &Bench,
    what: &str,
    role: &str,
    original: &Path,
    args: &[&str],
) -> Result<[Vec<f64>; N]> {
    let resolved = original.canonicalize();
    let resolved = resolved.with_context(|| format!("cannot find `{}`", original.display()))?;
    let args = [&["--original", text(&resolved)?], args].concat();
    let mut columns = [const { Vec::new() }; N];
    for repetition in 1..=bench.pick(3, 1) {
        bench.step(&format!("{what}, repetition {repetition}"));
        let figures: [f64; N] = bench.setup().figures_of_isolated(role, &args).await?;
        for (column, figure) in columns.iter_mut().zip(figures) {
            column.push(figure);
        }
    }
    Ok(columns)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("`{}` is not UTF-8", path.display()))
}
