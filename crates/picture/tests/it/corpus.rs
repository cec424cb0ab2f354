//! Every picture at hand: where nothing is drawn, its result shows the same pixels.
//!
//! Those of the workspace are always looked at, and those below `PICTURE_CORPUS` if that names a
//! folder: thousands of files of strangers find what no list of cases has.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat, RgbImage};
use picture::Orientation;

use crate::exact::Pixels;
use crate::patches::drawn;
use crate::pictures::{annotated, open, redrawn, woman};
use crate::similar::similarity;

/// Larger ones take too long without optimisation.
const MAX_PIXELS: u64 = 1 << 24;

/// Mean difference of the channels of turned pixels, of 65,535: those whose blocks are made anew. More
/// is well only where decoding and encoding costs as much.
const TURNED: u64 = 3 * 257;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn folders() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<_> = [
        "assets",
        "crates/picture/tests/fixtures",
        "e2e/fuzz/corpus/picture_decode",
        "e2e/fuzz/corpus/picture_header",
        "e2e/fuzz/corpus/picture_patch",
    ]
    .map(|folder| workspace.join(folder))
    .into();
    folders.extend(std::env::var_os("PICTURE_CORPUS").map(PathBuf::from));
    folders
}

/// As another decoder shows them, which may not know the file.
fn decoded(file: &[u8]) -> Option<DynamicImage> {
    catch_unwind(|| image::load_from_memory(file).ok()).ok()?
}

/// Turned upright, in one way after the other as the tag is defined.
fn upright(pixels: DynamicImage, orientation: Orientation) -> Pixels {
    let mut pixels = pixels;
    let tags = (1..=8).find(|&tag| Orientation::from_exif(tag.into()) == orientation);
    let theirs = tags.and_then(image::metadata::Orientation::from_exif);
    pixels.apply_orientation(theirs.unwrap());
    pixels.into_rgba16()
}

/// `None` if there is nothing to compare, else what is wrong, if anything is.
fn fault(file: &[u8]) -> Option<Result<(), String>> {
    let header = *open(file).ok()?.header();
    let (width, height) = header.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let format = image::guess_format(file).ok()?;
    let before = upright(decoded(file)?, header.orientation);
    let faces = [woman(width / 3, height / 3, width.min(height) / 3)];
    let result = match annotated(file, &faces) {
        Ok(result) => result,
        // Others show damaged files as far as they can.
        Err(error) if matches!(error.reason(), "corrupt" | "truncated") => return None,
        Err(error) => return Some(Err(format!("not annotated: {error}"))),
    };
    let Some(after) = decoded(&result) else {
        return Some(Err("no other decoder reads the result".to_owned()));
    };
    // One that nothing is drawn upon may lie on its side as before.
    let after = upright(after, open(&result).ok()?.header().orientation);
    if before.dimensions() != after.dimensions() {
        return Some(Err("another size".to_owned()));
    }
    let drawn = drawn(width, height, &faces);
    if format == ImageFormat::WebP && file.windows(4).any(|kind| kind == b"VP8 ") {
        let [before, after] = [before, after].map(|pixels| DynamicImage::from(pixels).into_luma8());
        let mean = similarity(&before, &after, &drawn);
        let likeness = format!("{mean} of 1000 alike");
        return Some(if mean >= 980 { Ok(()) } else { Err(likeness) });
    }
    Some(match (format, header.orientation) {
        (ImageFormat::Jpeg, Orientation::Upright) => same(&before, &after, &Near::of(&drawn, 32)),
        (ImageFormat::Jpeg, _) => {
            let near = Near::of(&drawn, 32);
            let off = |pixels: &Pixels| mean_off(&before, pixels, &near);
            let redrawn = || decoded(&redrawn(file, &faces).ok()?).map(DynamicImage::into_rgba16);
            match off(&after) {
                mean if mean <= TURNED
                    || redrawn().is_some_and(|other| mean <= off(&other) * 11 / 10) =>
                {
                    Ok(())
                }
                mean => Err(format!("{mean} of 65535 off")),
            }
        }
        _ => same(&before, &after, &Near::of(&drawn, 1)),
    })
}

/// The units of a picture that something is drawn upon.
struct Near {
    unit: u32,
    across: u32,
    units: Vec<bool>,
}

impl Near {
    /// With their neighbours, whose colours may run into them, unless a unit is a pixel.
    fn of(drawn: &RgbImage, unit: u32) -> Self {
        let across = drawn.width().div_ceil(unit);
        let down = drawn.height().div_ceil(unit);
        let mut units = vec![false; (across * down) as usize];
        let reach = u32::from(unit > 1);
        for (x, y, pixel) in drawn.enumerate_pixels() {
            if pixel.0 == [0; 3] {
                continue;
            }
            let (column, row) = (x / unit, y / unit);
            for row in row.saturating_sub(reach)..(row + reach + 1).min(down) {
                for column in column.saturating_sub(reach)..(column + reach + 1).min(across) {
                    units[(row * across + column) as usize] = true;
                }
            }
        }
        Self {
            unit,
            across,
            units,
        }
    }

    fn is(&self, x: u32, y: u32) -> bool {
        self.units[(y / self.unit * self.across + x / self.unit) as usize]
    }
}

/// The same wherever nothing is near.
fn same(before: &Pixels, after: &Pixels, near: &Near) -> Result<(), String> {
    let pairs = before.enumerate_pixels().zip(after.pixels());
    for ((x, y, one), other) in pairs {
        if one != other && !near.is(x, y) {
            return Err(format!("{other:?} for {one:?} at {x}, {y}"));
        }
    }
    Ok(())
}

/// By how much channels differ in the mean where nothing is near.
fn mean_off(before: &Pixels, after: &Pixels, near: &Near) -> u64 {
    let (mut sum, mut count) = (0, 0);
    let pairs = before.enumerate_pixels().zip(after.pixels());
    for ((x, y, one), other) in pairs {
        if !near.is(x, y) {
            let both = one.0.into_iter().zip(other.0);
            sum += both
                .map(|(one, other)| u64::from(one.abs_diff(other)))
                .sum::<u64>();
            count += 3;
        }
    }
    sum.checked_div(count).unwrap_or(0)
}

#[test]
fn every_picture_keeps_its_pixels() {
    let mut paths = Vec::new();
    for folder in folders() {
        files(&folder, &mut paths);
    }
    let mut compared = 0;
    let mut faults = Vec::new();
    for path in paths {
        let file = std::fs::read(&path).unwrap();
        if let Some(outcome) = fault(&file) {
            compared += 1;
            faults.extend(
                outcome
                    .err()
                    .map(|fault| format!("{}: {fault}", path.display())),
            );
        }
    }
    println!("{compared} compared");
    assert!(compared > 60, "{compared}");
    assert!(faults.is_empty(), "{faults:?}");
}
