//! Sends photos through the whole pipeline and saves what comes back.

mod photos;
mod report;
mod timings;

use std::io::stdout;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use oss::{ObjectKey, PutOptions};
use testbed::{Binaries, FaceBackend, Outcome, Pipeline, Settings};

use self::photos::Photo;
use self::report::{Line, print_shares};
use crate::interrupt;

/// Generous: a 50-megapixel photo on a loaded machine takes seconds.
const PHOTO_DEADLINE: Duration = Duration::from_mins(2);

/// Photos under way at one time: enough to keep two cores busy, few enough that each
/// photo's time still means something.
const IN_FLIGHT: usize = 4;

/// Options of `cargo xtask demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Photos, or folders of photos; the sample photo if none is named.
    #[arg(value_name = "PHOTO or FOLDER")]
    photos: Vec<PathBuf>,
    /// Where to save each photo before and after.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Print one JSON object per photo on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
    /// The back end that finds the faces.
    #[arg(long, default_value = "local")]
    backend: Backend,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Backend {
    Dataplus,
    Facebody,
    Imm,
    Local,
}

impl From<Backend> for FaceBackend {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Dataplus => Self::Dataplus,
            Backend::Facebody => Self::Facebody,
            Backend::Imm => Self::Imm,
            Backend::Local => Self::Local,
        }
    }
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let photos = photos::collect(&args.photos)?;
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder `{}`", args.out.display()))?;
    let binaries = Binaries::build().await?;
    let logs = tempfile::tempdir().context("no temporary folder")?;
    let mut settings = Settings::new(logs.path().to_owned());
    settings.backend = args.backend.into();

    let spinner = spinner("starting emulator, face service and adapter");
    let pipeline = tokio::select! {
        // Dropping a half-started pipeline kills what it had started.
        () = interrupt::requested() => return Ok(interrupted()),
        pipeline = Pipeline::start(&binaries, settings) => pipeline?,
    };
    spinner.finish_and_clear();

    let sent = tokio::select! {
        sent = send_all(&pipeline, &photos, &args) => Some(sent),
        () = interrupt::requested() => None,
    };
    let stopped = pipeline.stop().await;
    let Some(sent) = sent else {
        return Ok(interrupted());
    };
    stopped?;
    let lost = sent?;
    if lost > 0 {
        // Kept, because the errors above may refer to them.
        let logs = logs.keep();
        bail!(
            "{lost} of {} photos did not come back; the logs are in `{}`",
            photos.len(),
            logs.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// As a shell reports a process that Ctrl-C ended.
fn interrupted() -> ExitCode {
    eprintln!("interrupted; everything that was started has been stopped");
    ExitCode::from(130)
}

/// Sends the photos a few at a time and prints each as it comes back. Returns how
/// many did not.
async fn send_all(pipeline: &Pipeline, photos: &[Photo], args: &Args) -> Result<usize> {
    let progress = progress(photos.len());
    let mut elapsed = Vec::new();
    let mut lost = 0;
    let sends = stream::iter(photos)
        .map(|photo| async move { (photo, send(pipeline, photo, &args.out).await) });
    let mut sends = pin!(sends.buffer_unordered(IN_FLIGHT));
    while let Some((photo, sent)) = sends.next().await {
        progress.inc(1);
        progress.suspend(|| match sent {
            Ok(back) => {
                elapsed.push(back.elapsed);
                back.line(photo).print(args.json, &mut stdout())
            }
            Err(error) => {
                lost += 1;
                eprintln!("error: {}: {error:#}", photo.path.display());
                Ok(())
            }
        })?;
    }
    progress.finish_and_clear();
    if !args.json && !elapsed.is_empty() {
        print_shares(&timings::shares(pipeline, &elapsed).await?, &mut stdout())?;
    }
    Ok(lost)
}

/// A photo that came back.
struct Back {
    after: PathBuf,
    faces: u32,
    elapsed: Duration,
}

impl Back {
    fn line<'a>(&'a self, photo: &'a Photo) -> Line<'a> {
        let elapsed_ms = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX);
        Line {
            source: &photo.path,
            target: &self.after,
            faces: self.faces,
            elapsed_ms,
        }
    }
}

async fn send(pipeline: &Pipeline, photo: &Photo, out: &Path) -> Result<Back> {
    let (bytes, content_type) = photos::read(photo)?;
    save(&out.join(named(&photo.name, "before")), &bytes)?;
    let key: ObjectKey = format!("photos/{}", photo.name.display()).parse()?;
    let options = PutOptions {
        content_type: Some(content_type.to_owned()),
        ..PutOptions::default()
    };

    let started = Instant::now();
    let etag = pipeline.upload(&key, bytes.into(), &options).await?;
    match pipeline.outcome(&key, &etag, PHOTO_DEADLINE).await? {
        Outcome::Annotated { target, meta } => {
            let elapsed = started.elapsed();
            let after = out.join(named(&photo.name, "after"));
            save(&after, &pipeline.cloud.read(&target).await?)?;
            Ok(Back {
                after,
                faces: testbed::face_count(&meta)?,
                elapsed,
            })
        }
        Outcome::Refused(letter) => bail!(
            "the face service refused it ({}): {}",
            letter.code,
            letter.reason
        ),
    }
}

/// `team/a.jpg` becomes `team/a.before.jpg`.
fn named(name: &Path, when: &str) -> PathBuf {
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let file = match name.extension() {
        Some(ending) => format!("{stem}.{when}.{}", ending.to_string_lossy()),
        None => format!("{stem}.{when}"),
    };
    name.with_file_name(file)
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        std::fs::write(path, bytes)
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

fn spinner(message: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

fn progress(photos: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} photos, {elapsed}");
    ProgressBar::new(photos as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_photos_lie_side_by_side() {
        assert_eq!(
            named(Path::new("team/a.b.jpg"), "before"),
            Path::new("team/a.b.before.jpg")
        );
        assert_eq!(named(Path::new("a"), "after"), Path::new("a.after"));
    }
}
