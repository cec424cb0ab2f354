//! The work of the children: one photo, by one thread, and what that took.

use std::fs;
use std::time::Instant;

use ::face::AttributeSet;
use ::face::local::{Analyser, Settings};
use anyhow::Result;
use image::RgbImage;
use image::imageops::{FilterType, resize};
use picture::{Limits, Picture};
use rustface::ImageData;
use testbed::meter::Meter;

use super::{Args, RustfaceArgs};
use crate::child::report;
use crate::figure::{mb, ms};

/// Pixels that the service gave `rustface` when it used it, so that it found small faces, and how
/// much it enlarged a photo for that.
const RUSTFACE_PIXELS: f64 = 2_400_000.0;
const RUSTFACE_ENLARGEMENT: f64 = 2.5;

/// The smallest face that `rustface` finds, in pixels: the side of its window.
const RUSTFACE_WINDOW: u32 = 40;

/// What a child says of the local back end.
pub(super) struct Seen {
    /// Milliseconds of CPU for detector, ages and genders.
    pub(super) cpu: f64,
    /// Milliseconds of CPU for the detector.
    pub(super) detector: f64,
    /// Milliseconds of CPU for age and gender, per face.
    pub(super) attributes: f64,
    /// Milliseconds on the wall that the first analysis took longer than the second.
    pub(super) first_extra: f64,
    /// Megabytes above idle.
    pub(super) memory: f64,
    pub(super) faces: f64,
}

impl From<[f64; 6]> for Seen {
    fn from([cpu, detector, attributes, first_extra, memory, faces]: [f64; 6]) -> Self {
        Self {
            cpu,
            detector,
            attributes,
            first_extra,
            memory,
            faces,
        }
    }
}

/// What a child says of `rustface`.
pub(super) struct SeenByRustface {
    /// Milliseconds of CPU.
    pub(super) cpu: f64,
    pub(super) faces: f64,
}

impl From<[f64; 2]> for SeenByRustface {
    fn from([cpu, faces]: [f64; 2]) -> Self {
        Self { cpu, faces }
    }
}

/// Looks for the faces of one photo as the service does, and says what that took.
///
/// # Errors
/// When the file is no picture.
pub(crate) fn once(args: &Args) -> Result<()> {
    let meter = Meter::of(std::process::id())?;
    let idle = meter.read()?;
    let analyser = Analyser::new(Settings::default(), 1);
    let seen = decoded(args, analyser.useful_side())?;
    let first = Instant::now();
    analyser.analyse(&seen)?;
    let first = first.elapsed();
    let memory = meter.read()?.peak_bytes.saturating_sub(idle.resident_bytes);

    let second = Instant::now();
    let (cpu, faces) = analysed(&meter, &analyser, &seen)?;
    let second = second.elapsed();
    let settings = Settings::default().with_attributes(AttributeSet::NONE);
    let bare = Analyser::new(settings, 1);
    bare.analyse(&seen)?;
    let (detector, _) = analysed(&meter, &bare, &seen)?;
    report(&[
        cpu,
        detector,
        (cpu - detector) / faces.max(1.0),
        ms(first) - ms(second),
        mb(memory),
        faces,
    ])
}

/// Looks for the faces of one photo with `rustface`, and says what that took.
///
/// # Errors
/// When the file is no picture, or the model none of `rustface`.
pub(crate) fn once_by_rustface(args: &RustfaceArgs) -> Result<()> {
    let meter = Meter::of(std::process::id())?;
    let picture = image::open(&args.file)?.into_luma8();
    let pixels = f64::from(picture.width()) * f64::from(picture.height());
    let scale = (RUSTFACE_PIXELS / pixels).sqrt().min(RUSTFACE_ENLARGEMENT);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides of pictures"
    )]
    let side = |side: u32| (f64::from(side) * scale).round() as u32;
    let (width, height) = (side(picture.width()), side(picture.height()));
    let seen = resize(&picture, width, height, FilterType::Triangle);
    let model = rustface::read_model(fs::File::open(&args.model)?)?;
    let mut detector = rustface::create_detector_with_model(model);
    detector.set_min_face_size(RUSTFACE_WINDOW);
    detector.set_score_thresh(2.0);
    let before = meter.read()?.cpu;
    let faces = detector.detect(&ImageData::new(&seen, width, height));
    let cpu = meter.read()?.cpu.saturating_sub(before);
    report(&[ms(cpu), f64::from(u32::try_from(faces.len())?)])
}

/// The photo, scaled down while it is decoded.
fn decoded(args: &Args, side: u32) -> Result<RgbImage> {
    let file = fs::read(&args.file)?;
    Ok(Picture::open(&file, &Limits::default())?.rgb(side)?)
}

/// Milliseconds of CPU, and how many faces there are.
fn analysed(meter: &Meter, analyser: &Analyser, picture: &RgbImage) -> Result<(f64, f64)> {
    let before = meter.read()?.cpu;
    let faces = analyser.analyse(picture)?.faces.len();
    let cpu = meter.read()?.cpu.saturating_sub(before);
    Ok((ms(cpu), f64::from(u32::try_from(faces)?)))
}
