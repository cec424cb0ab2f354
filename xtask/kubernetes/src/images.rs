//! Container images without a registry: static binaries by this machine's toolchain, put
//! into the same last stage that `docker build` runs.
//!
//! The content of an image is stated in its Dockerfile and nowhere else; see [`dockerfile`].

mod check;
mod dockerfile;
mod files;

use std::process::Command;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use dockerfile::LastStage;
use testbed::Engine;
use testbed::command::read;

/// Default prefix of the images in manifests.
pub(crate) const REPOSITORY: &str = "dev.local/mnsoss";
/// Default tag of the images in manifests.
pub(crate) const TAG: &str = env!("CARGO_PKG_VERSION");

/// Options of `cargo xtask images`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which to build.
    #[arg(value_name = "IMAGE", default_values = ["source", "face"])]
    images: Vec<Image>,
    /// Builder to use: docker, podman or buildah [default: the first that works here].
    #[arg(long)]
    engine: Option<Engine>,
    /// Registry and folder in front of each image's name. Knative resolves tags in a registry,
    /// but not those of `dev.local`.
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = REPOSITORY
    )]
    repository: String,
    /// Tag of each image.
    #[arg(long, default_value = TAG)]
    tag: String,
    /// Run each image as a restricted pod would and ask for its health.
    #[arg(long)]
    check: bool,
    /// Push each image to its registry, once all are built (and checked).
    #[arg(long)]
    push: bool,
}

/// The images that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Image {
    /// source-controller and source-adapter.
    Source,
    /// face-recognition and the console.
    Face,
    /// The emulator, for clusters under test.
    Emulator,
}

impl Image {
    fn dockerfile(self) -> &'static str {
        match self {
            Self::Source => "Dockerfile.source",
            Self::Face => "Dockerfile.face",
            Self::Emulator => "e2e/Dockerfile.emulator",
        }
    }

    /// The last part of the image's name.
    fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Face => "face-recognition",
            Self::Emulator => "emulator",
        }
    }
}

/// An image that was built.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) image: Image,
    /// Its full name, with the tag.
    pub(crate) reference: String,
}

pub(crate) async fn run(args: &Args) -> Result<()> {
    let engine = args.engine.map_or_else(Engine::detect_builder, Ok)?;
    if args.check {
        // Known before minutes are spent on building.
        engine.must_run()?;
    }
    let built = build(engine, &args.images, &args.repository, &args.tag)?;
    if args.check {
        for built in &built {
            let checked = check::check(engine, built).await;
            checked.with_context(|| format!("image `{}`", built.reference))?;
        }
    }
    if args.push {
        for built in &built {
            engine.push(&built.reference)?;
        }
    }
    Ok(())
}

/// Builds `images` and prints the name of each.
///
/// # Errors
/// When this machine lacks something, or a build fails.
pub(crate) fn build(
    engine: Engine,
    images: &[Image],
    repository: &str,
    tag: &str,
) -> Result<Vec<Built>> {
    let stages = images
        .iter()
        .map(|&image| Ok((image, LastStage::read(image.dockerfile())?)));
    let stages = stages.collect::<Result<Vec<_>>>()?;
    let packages: Vec<_> = stages
        .iter()
        .flat_map(|(_, stage)| stage.packages())
        .collect();
    let binaries = files::build(&packages)?;
    let revision = revision();
    let assemble = |(image, stage): (Image, LastStage)| {
        let context = files::lay_out(image.name(), &stage, &binaries)?;
        let reference = format!("{repository}/{}:{tag}", image.name());
        engine.build(
            &context,
            &reference,
            &[
                ("VERSION", env!("CARGO_PKG_VERSION")),
                ("REVISION", &revision),
            ],
        )?;
        println!("{reference}");
        Ok(Built { image, reference })
    };
    stages.into_iter().map(assemble).collect()
}

/// The commit that the images are of, as their label says it.
fn revision() -> String {
    let mut describe = Command::new("git");
    describe.args([
        "describe",
        "--always",
        "--abbrev=40",
        "--dirty",
        "--exclude=*",
    ]);
    // A copy without its history builds all the same.
    read(&mut describe).unwrap_or_else(|_| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_the_names_that_manifests_use() {
        let config = manifests::Config::standard();
        let name = |image: Image| format!("{REPOSITORY}/{}:{TAG}", image.name());
        assert_eq!(name(Image::Source), config.source_image);
        let rendered = manifests::render(&config, manifests::Profile::Current).unwrap();
        let face = name(Image::Face);
        assert!(
            rendered.iter().any(|file| file.text.contains(&face)),
            "{face}"
        );
    }
}
