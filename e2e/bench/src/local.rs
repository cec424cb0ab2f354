//! The local back end: what it takes to look for faces, and how many it finds.
//!
//! The group is a photograph of 29 people, the Solvay conference of 1927; the portraits are the
//! sample photo, once and mirrored again and again.

use std::path::{Path, PathBuf};

use ::face::local::{Analyser, Settings};
use anyhow::Result;
use image::imageops::{FilterType, resize};
use testbed::meter::Meter;

use crate::bench::Bench;
use crate::figure::{Figure, mb, ms};
use crate::row::{Row, Target};
use crate::{child, photos};

/// Arguments of the child.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The photo.
    file: PathBuf,
}

/// Measures the rows of this group.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let group = Path::new(env!("CARGO_MANIFEST_DIR"));
    let group = group.join("../../crates/face/tests/data/solvay-1927.jpg");
    let large = bench.folder().join("12 MP.jpg");
    std::fs::write(&large, photos::jpeg(4000, 3000)?)?;
    measure(bench, "group of 29", &group, Some(29.0))?;
    measure(bench, "portrait", &testbed::sample(), Some(1.0))?;
    measure(bench, "12 MP of portraits", &large, None)
}

/// Looks for the faces of one photo and says what that took.
///
/// # Errors
/// When the file is no picture.
pub(crate) fn once(args: &Args) -> Result<()> {
    let picture = image::open(&args.file)?.into_rgb8();
    let megapixels = f64::from(picture.width()) * f64::from(picture.height()) / 1e6;
    let analyser = Analyser::new(Settings::default(), 1);
    let side = analyser.useful_side();
    let scale = (f64::from(side) / f64::from(picture.width().max(picture.height()))).min(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides of pictures"
    )]
    let scaled = |side: u32| (f64::from(side) * scale).round() as u32;
    let seen = resize(
        &picture,
        scaled(picture.width()),
        scaled(picture.height()),
        FilterType::Triangle,
    );
    drop(picture);
    let meter = Meter::of(std::process::id())?;
    meter.forget_peak()?;
    let before = meter.read()?;
    let faces = analyser.analyse(&seen)?.faces.len();
    let after = meter.read()?;
    let cpu = ms(after.cpu.saturating_sub(before.cpu));
    let memory = mb(after.peak_bytes.saturating_sub(before.resident_bytes));
    child::report(&[
        cpu,
        cpu / megapixels,
        memory,
        f64::from(u32::try_from(faces)?),
    ])
}

fn measure(bench: &mut Bench, name: &str, file: &Path, faces: Option<f64>) -> Result<()> {
    bench.step(name);
    let mut figures = [vec![], vec![], vec![], vec![]];
    for _ in 0..bench.pick(7, 1) {
        let heard: [f64; 4] = child::figures("find-faces", file)?;
        for (figure, number) in figures.iter_mut().zip(heard) {
            figure.push(number);
        }
    }
    let [cpu, per_megapixel, memory, found] = figures;
    let row = Row::new(name, "CPU time to look for faces", Figure::new("ms", cpu))
        .beside("per megapixel", Figure::new("ms", per_megapixel))
        .beside("memory", Figure::new("MB", memory));
    bench.row(row);
    let row = Row::new(name, "faces found", Figure::new("faces", found));
    bench.row(match faces {
        Some(faces) => row.target(Target::at_least(faces)),
        None => row,
    });
    Ok(())
}
