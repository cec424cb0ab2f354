//! Annotating one photo, file to file, beside what libjpeg-turbo, or netpbm, takes to decode and
//! encode it.
//!
//! The work is done by a child of its own, which says itself what it used: the file is read, its
//! header checked, three faces drawn, the result kept until the end. No network, no face API.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ::face::{Face, Gender, Rect};
use anyhow::{Context as _, Result, bail};
use picture::{Limits, Options, Picture};
use testbed::meter::{self, Meter};

use crate::bench::Bench;
use crate::figure::{Figure, mb, ms};
use crate::row::{Row, Target};
use crate::{child, photos};

/// The practical limit.
const DJPEG: &str = "djpeg";
const CJPEG: &str = "cjpeg";
const PNGTOPAM: &str = "pngtopam";
const PAMTOPNG: &str = "pamtopng";

/// The longer side of a copy for a face API, in pixels.
const COPY_SIDE: u32 = 2048;

/// How much of libjpeg-turbo's CPU time is well spent, on a photo that stands upright and on one that
/// must be turned.
const MAX_CPU: f64 = 0.5;
const MAX_CPU_TURNED: f64 = 0.8;

/// Arguments of the child.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The photo.
    file: PathBuf,
    /// Make the copy that a face API gets in place of a file that is too large for it.
    #[arg(long)]
    copy: bool,
}

/// A photo that is measured.
struct Photo {
    name: &'static str,
    file: PathBuf,
    measures: &'static str,
    reference: Reference,
    /// What it should take at most: CPU time beside the reference, and memory.
    cpu: Target,
    memory: Option<Target>,
}

/// What decodes and encodes the same file.
#[derive(Clone, Copy)]
enum Reference {
    Libjpeg,
    LibjpegProgressive,
    /// To half the size.
    LibjpegHalf,
    Netpbm,
}

/// Measures the rows of this group.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    for tool in [DJPEG, CJPEG, "jpegtran"] {
        present(tool, "libjpeg-turbo-progs")?;
    }
    for tool in [PNGTOPAM, PAMTOPNG] {
        present(tool, "netpbm")?;
    }
    bench.step("making photos");
    for photo in photos(bench)? {
        bench.step(photo.name);
        measure(bench, &photo)?;
    }
    Ok(())
}

/// Draws on one photo and says what that took.
///
/// # Errors
/// When the file cannot be read or is not annotated.
pub(crate) fn once(args: &Args) -> Result<()> {
    let meter = Meter::of(std::process::id())?;
    let idle = meter.read()?;
    let file = fs::read(&args.file)?;
    let picture = Picture::open(&file, &Limits::default())?;
    if args.copy {
        black_box(picture.jpeg(COPY_SIDE, photos::QUALITY)?);
    } else {
        let faces = faces(picture.header().dimensions());
        let plan = picture.plan(&faces, Options::default());
        let limits = Limits::default();
        black_box(Picture::annotate_in_place(file, &limits, &plan)?);
    }
    let done = meter.read()?;
    child::report(&[ms(done.cpu), mb(done.peak_bytes - idle.resident_bytes)])
}

/// Three faces of an eighth of the width.
fn faces((width, height): (u32, u32)) -> Vec<Face> {
    let face = |number| Face {
        rect: Rect {
            left: width / 8 + number * width / 4,
            top: height / 4,
            width: width / 8,
            height: width / 8,
        },
        probability: None,
        gender: Some(Gender::Female),
        gender_probability: None,
        age: Some(37),
    };
    (0..3).map(face).collect()
}

fn photos(bench: &Bench) -> Result<Vec<Photo>> {
    let put = |name, file: &[u8]| {
        let path = bench.folder().join(format!("photo {name}"));
        fs::write(&path, file)?;
        anyhow::Ok(Photo {
            name,
            file: path,
            measures: "CPU time to annotate it",
            reference: Reference::Libjpeg,
            cpu: Target::ratio_at_most(MAX_CPU),
            memory: None,
        })
    };
    let at_most = |megabytes| Some(Target::at_most(megabytes));
    let twelve = photos::jpeg(4000, 3000)?;
    let panorama = photos::jpeg(65_500, 1_500)?;
    let mut photos = vec![
        put("JPEG of 1 MP", &photos::jpeg(1156, 867)?)?,
        Photo {
            memory: at_most(48.0),
            ..put("JPEG of 12 MP", &twelve)?
        },
        put("JPEG of 24 MP", &photos::jpeg(5664, 4248)?)?,
        Photo {
            memory: at_most(160.0),
            ..put("JPEG of 50 MP", &photos::jpeg(8165, 6124)?)?
        },
        Photo {
            memory: at_most(64.0 + mb(panorama.len() as u64)),
            ..put("JPEG of 65,500 x 1,500", &panorama)?
        },
        Photo {
            cpu: Target::ratio_at_most(MAX_CPU_TURNED),
            ..put("JPEG of 12 MP on its side", &on_its_side(&twelve))?
        },
    ];
    photos.push(Photo {
        measures: "CPU time to make the smaller copy that a face API gets",
        reference: Reference::LibjpegHalf,
        cpu: Target::at_most(100.0),
        memory: at_most(20.0),
        ..put("JPEG of 12 MP, too large", &twelve)?
    });
    let mut progressive = Command::new("jpegtran");
    progressive.arg("-progressive").arg(&photos[1].file);
    let progressive = progressive.output().context("cannot run `jpegtran`")?;
    photos.push(Photo {
        reference: Reference::LibjpegProgressive,
        cpu: Target::ratio_at_most(0.8),
        memory: Some(Target::ratio_at_most(1.0)),
        ..put("progressive JPEG of 12 MP", &progressive.stdout)?
    });
    let mut png = std::io::Cursor::new(Vec::new());
    image::load_from_memory(&twelve)?.write_to(&mut png, image::ImageFormat::Png)?;
    photos.push(Photo {
        reference: Reference::Netpbm,
        cpu: Target::ratio_at_most(1.1),
        memory: at_most(16.0),
        ..put("PNG of 12 MP", png.get_ref())?
    });
    Ok(photos)
}

/// With EXIF that says that a viewer must turn it clockwise.
fn on_its_side(file: &[u8]) -> Vec<u8> {
    let exif =
        b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    [&file[..2], exif, &file[2..]].concat()
}

/// Alternately with the reference.
fn measure(bench: &mut Bench, photo: &Photo) -> Result<()> {
    let (mut cpu, mut memory, mut theirs, mut their_memory) = (vec![], vec![], vec![], vec![]);
    let reference = photo.reference;
    for _ in 0..bench.pick(11, 3) {
        let copy = matches!(reference, Reference::LibjpegHalf).then_some(Path::new("--copy"));
        let args: Vec<&Path> = copy.into_iter().chain([photo.file.as_path()]).collect();
        let [time, peak] = child::figures("annotate-photo", &args)?;
        cpu.push(time);
        memory.push(peak);
        let finished = meter::pipe(reference.commands(&photo.file))?;
        theirs.push(ms(finished.cpu));
        their_memory.push(mb(finished.peak_bytes));
    }
    let row = |measures, unit, own, theirs| {
        let row = Row::new(photo.name, measures, Figure::new(unit, own));
        row.against(reference.name(), Figure::new(unit, theirs))
    };
    bench.row(row(photo.measures, "ms", cpu, theirs).target(photo.cpu));
    let row = row("peak memory above idle", "MB", memory, their_memory);
    bench.row(match photo.memory {
        Some(target) => row.target(target),
        None => row,
    });
    Ok(())
}

impl Reference {
    fn name(self) -> &'static str {
        match self {
            Self::Libjpeg => "djpeg | cjpeg",
            Self::LibjpegProgressive => "djpeg | cjpeg -progressive",
            Self::LibjpegHalf => "djpeg -scale 1/2 | cjpeg",
            Self::Netpbm => "pngtopam | pamtopng",
        }
    }

    fn commands(self, file: &Path) -> [Command; 2] {
        let (decode, encode) = match self {
            Self::Netpbm => (PNGTOPAM, PAMTOPNG),
            _ => (DJPEG, CJPEG),
        };
        let (mut decode, mut encode) = (Command::new(decode), Command::new(encode));
        if matches!(self, Self::LibjpegHalf) {
            decode.args(["-scale", "1/2"]);
        }
        decode.arg(file);
        if !matches!(self, Self::Netpbm) {
            encode.args(["-quality", &photos::QUALITY.to_string()]);
        }
        if matches!(self, Self::LibjpegProgressive) {
            encode.arg("-progressive");
        }
        encode.stdout(Stdio::null());
        [decode, encode]
    }
}

fn present(tool: &str, package: &str) -> Result<()> {
    let mut command = Command::new(tool);
    command.arg("-version").stderr(Stdio::null());
    if command
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .status()
        .is_err()
    {
        bail!("`{tool}` is not there: install Debian's `{package}`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_photo_is_one_to_its_reader() {
        let file = on_its_side(&photos::jpeg(64, 48).unwrap());
        let picture = Picture::open(&file, &Limits::default()).unwrap();
        assert_eq!(picture.header().dimensions(), (48, 64));
    }

    #[test]
    fn a_missing_tool_names_its_package() {
        let error = present("no-such-tool", "libjpeg-turbo-progs")
            .unwrap_err()
            .to_string();
        assert!(error.contains("libjpeg-turbo-progs"), "{error}");
    }
}
