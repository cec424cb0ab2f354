//! The local back end: what it takes to see faces, and how many it finds.
//!
//! The group is a photograph of 29 people, the Solvay conference of 1927; the portraits are the
//! sample photo, once and mirrored again and again, and the crowd is the group likewise. The
//! references are `rustface`, a detector in Rust of 2016, and ONNX Runtime with the same net.

mod child;
mod reference;

use std::path::{Path, PathBuf};

use anyhow::Result;
use testbed::workspace_root;

use self::child::{Seen, SeenByRustface};
pub(crate) use self::child::{once, once_by_rustface};
use self::reference::{OnnxRuntime, rustface_model};
use crate::bench::Bench;
use crate::child::figures;
use crate::figure::Figure;
use crate::photos;
use crate::row::{Row, Target};

/// Pixels of each side of the picture that the detector alone is measured on: the longest side
/// that it sees a photo with at the first look.
const DETECTOR_SIDE: u16 = 640;

/// Megabytes above idle that a photo should take at most, the nets included.
const MAX_MEMORY: f64 = 120.0;

/// Arguments of a child that looks for faces.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The photo.
    file: PathBuf,
}

/// Arguments of a child that looks for faces with `rustface`.
#[derive(Debug, clap::Args)]
pub(crate) struct RustfaceArgs {
    /// The photo.
    file: PathBuf,
    /// The model of `rustface`.
    model: PathBuf,
}

/// A photo that is measured.
struct Photo {
    name: &'static str,
    file: PathBuf,
    /// Faces that should be found, if they were counted.
    faces: Option<f64>,
    /// How many times the CPU time of `rustface` it should take at most.
    most_cpu: Option<f64>,
}

/// Measures the rows of this group.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    bench.step("making photos");
    let model = rustface_model()?;
    let photos = photos(bench.folder())?;
    for photo in &photos {
        bench.step(photo.name);
        measure(bench, photo, &model)?;
    }
    bench.step("detector alone");
    detector(bench)
}

fn photos(folder: &Path) -> Result<[Photo; 4]> {
    let group = workspace_root().join("crates/face/tests/data/solvay-1927.jpg");
    let portraits = folder.join("portraits.jpg");
    std::fs::write(&portraits, photos::jpeg(4000, 3000)?)?;
    let crowd = folder.join("crowd.jpg");
    std::fs::write(&crowd, photos::jpeg_of(&group, 4000, 3000)?)?;
    Ok([
        Photo {
            name: "group of 29",
            file: group,
            faces: Some(29.0),
            most_cpu: Some(0.3),
        },
        Photo {
            name: "portrait",
            file: testbed::sample(),
            faces: Some(1.0),
            most_cpu: None,
        },
        // Every other row of portraits is upside down: three rows of eight are not.
        Photo {
            name: "12 MP of portraits",
            file: portraits,
            faces: Some(24.0),
            most_cpu: Some(0.4),
        },
        Photo {
            name: "12 MP of crowd",
            file: crowd,
            faces: None,
            most_cpu: None,
        },
    ])
}

/// Alternately with `rustface`, each time in a process of its own.
fn measure(bench: &mut Bench, photo: &Photo, model: &Path) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.pick(7, 1) {
        let seen = figures("find-faces", &[&photo.file])?;
        ours.push(Seen::from(seen));
        let seen = figures("find-faces-by-rustface", &[&photo.file, model])?;
        theirs.push(SeenByRustface::from(seen));
    }
    let their = |unit, of: fn(&SeenByRustface) -> f64| Figure::new(unit, column(&theirs, of));
    let our = |unit, of: fn(&Seen) -> f64| Figure::new(unit, column(&ours, of));
    let row = Row::new(
        photo.name,
        "CPU time to find faces, with their ages and genders; without decoding",
        our("ms", |seen| seen.cpu),
    );
    let row = row.against("rustface, boxes alone", their("ms", |seen| seen.cpu));
    bench.row(targeted(row, photo.most_cpu.map(Target::ratio_at_most)));
    let row = Row::new(photo.name, "faces found", our("faces", |seen| seen.faces));
    let row = row.beside("rustface", their("faces", |seen| seen.faces));
    bench.row(targeted(row, photo.faces.map(Target::at_least)));
    let row = Row::new(
        photo.name,
        "peak memory above idle: decoding, nets and faces",
        our("MB", |seen| seen.memory),
    );
    bench.row(row.target(Target::at_most(MAX_MEMORY)));
    if photo.name == "group of 29" {
        let row = Row::new(
            photo.name,
            "CPU time for age and gender of one face, its chip included",
            our("ms", |seen| seen.attributes),
        );
        bench.row(row.target(Target::at_most(6.0)));
    }
    if photo.name == "portrait" {
        let row = Row::new(
            photo.name,
            "how much longer the first photo of a process takes than the second",
            our("ms", |seen| seen.first_extra),
        );
        bench.row(row.target(Target::at_most(300.0)));
    }
    Ok(())
}

/// The detector on a picture of its own size, alternately with ONNX Runtime if it is there.
fn detector(bench: &mut Bench) -> Result<()> {
    let file = bench.folder().join("square.jpg");
    std::fs::write(&file, photos::jpeg(DETECTOR_SIDE, DETECTOR_SIDE)?)?;
    let theirs = bench.onnxruntime().map(OnnxRuntime::new).transpose()?;
    let (mut cpu, mut their_cpu) = (Vec::new(), Vec::new());
    for _ in 0..bench.pick(7, 1) {
        let seen = figures("find-faces", &[&file])?;
        cpu.push(Seen::from(seen).detector);
        if let Some(theirs) = &theirs {
            their_cpu.push(theirs.cpu(DETECTOR_SIDE)?);
        }
    }
    let name = format!("detector at {DETECTOR_SIDE} × {DETECTOR_SIDE}");
    let value = Figure::new("ms", cpu);
    bench.row(if theirs.is_some() {
        Row::new(name, "CPU time of one thread", value)
            .against("ONNX Runtime", Figure::new("ms", their_cpu))
            .target(Target::ratio_at_most(3.0))
    } else {
        let measures = "CPU time of one thread; ONNX Runtime was not given (`--onnxruntime`)";
        Row::new(name, measures, value)
    });
    Ok(())
}

fn column<T>(rows: &[T], of: fn(&T) -> f64) -> Vec<f64> {
    rows.iter().map(of).collect()
}

fn targeted(row: Row, target: Option<Target>) -> Row {
    match target {
        Some(target) => row.target(target),
        None => row,
    }
}
