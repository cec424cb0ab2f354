//! Writes the manifests that [`manifests`] renders, and reads the configuration for it.
//!
//! Without a configuration it is `deploy/` that is written, which is checked in and holds
//! no keys, and the files of the tests on a cluster below `e2e/`. With one, or with keys in the
//! environment, the files are the user's own, and go to the folder of `--out`. Those of a release
//! go to `release/`, which is not checked in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use kube::api::DynamicObject;
use manifests::{Config, File, Stale, VERSION};
use testbed::workspace_root;

use crate::images::REPOSITORY;

/// The checked-in manifests.
const FOLDER: &str = "deploy";
/// Beside other files, those of the tests on a cluster.
const TESTING: &str = "e2e";
/// What is attached to a release.
const RELEASE: &str = "release";

/// The manifests to render.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Settings in TOML; `deploy/settings.toml` lists them all. Variables `MNSOSS_...` of the
    /// environment take precedence, and keys come from there only.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Which manifests.
    #[arg(long, value_enum, default_value_t = Profile::Current)]
    profile: Profile,
}

/// The set of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// Manifests for today's clusters.
    Current,
    /// The original walkthrough's, in the versions of its time.
    Seed,
}

/// Options of `cargo xtask render`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only say whether `deploy/` and `e2e/` are as they would be written; fail if not.
    #[arg(long, conflicts_with = "out")]
    check: bool,
    /// Write manifests of your own configuration here, in place of `deploy/`.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write what is attached to the release of this version, to `release/` or the folder of
    /// --out: one file for each half of the project, and the chart.
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["check", "config", "profile"])]
    release: Option<String>,
    /// Registry and folder of the images of a release.
    #[arg(long, value_name = "PREFIX", requires = "release", default_value = REPOSITORY)]
    repository: String,
    #[command(flatten)]
    rendering: ConfigArgs,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(version) = &args.release {
        ensure!(
            version == VERSION,
            "this is {VERSION}, not `{version}`: set `version` in Cargo.toml before the release"
        );
        let folder = workspace_root().join(RELEASE);
        let files = manifests::release(&args.repository)?;
        return write(args.out.as_ref().unwrap_or(&folder), &files);
    }
    let (folder, testing) = (
        workspace_root().join(FOLDER),
        workspace_root().join(TESTING),
    );
    match &args.out {
        Some(out) => {
            let config = args.rendering.load()?;
            write(out, &args.rendering.files(&config)?)?;
            write_policies(out, &manifests::policies(&config))
        }
        None if args.rendering.config.is_some() => {
            bail!("`{FOLDER}/` is for the default settings: choose a folder for yours with --out")
        }
        None if args.check => {
            check(FOLDER, &manifests::check(&folder)?)?;
            let files = manifests::testing()?;
            check(TESTING, &manifests::compare(&testing, &files)?)
        }
        None => {
            remove_leftovers(&folder)?;
            write(&folder, &manifests::standard()?)?;
            write(&testing, &manifests::testing()?)
        }
    }
}

/// Writes the policies to paste into RAM, and prints them too.
fn write_policies(out: &Path, policies: &[File]) -> Result<()> {
    if policies.is_empty() {
        return Ok(());
    }
    for File { path, text } in policies {
        println!("{path}:\n{text}");
    }
    write(out, policies)
}

impl ConfigArgs {
    /// Reads the settings, and the environment.
    ///
    /// # Errors
    /// Names every invalid setting.
    pub(crate) fn load(&self) -> Result<Config> {
        let file = self.config.as_ref().map(|path| {
            fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
        });
        let file = file.transpose()?.unwrap_or_default();
        Ok(Config::load(&file, |name| std::env::var(name).ok())?)
    }

    fn files(&self, config: &Config) -> Result<Vec<File>> {
        let profile = match self.profile {
            Profile::Current => manifests::Profile::Current,
            Profile::Seed => manifests::Profile::Seed,
        };
        Ok(manifests::render(config, profile)?)
    }

    /// The objects to apply.
    ///
    /// # Errors
    /// When they cannot be rendered.
    pub(crate) fn objects(&self, config: &Config) -> Result<Vec<DynamicObject>> {
        let mut objects = Vec::new();
        for file in self.files(config)? {
            for object in file.objects()? {
                // Kustomize's own file is for kubectl, not for the cluster.
                if object["kind"] != "Kustomization" {
                    let object = serde_json::from_value(object);
                    objects.push(object.with_context(|| format!("`{}`", file.path))?);
                }
            }
        }
        Ok(objects)
    }
}

fn write(folder: &Path, files: &[File]) -> Result<()> {
    for file in files {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, &file.text))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    println!("{} files in {}", files.len(), folder.display());
    Ok(())
}

fn check(folder: &str, stale: &[Stale]) -> Result<()> {
    let stale: Vec<_> = stale.iter().map(ToString::to_string).collect();
    ensure!(
        stale.is_empty(),
        "run `cargo xtask render`: in `{folder}/`, {}",
        stale.join(", ")
    );
    Ok(())
}

/// Removes files that were rendered once and are no longer.
fn remove_leftovers(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for stale in manifests::check(folder)? {
        if let Stale::Leftover(path) = stale {
            let path = folder.join(path);
            fs::remove_file(&path)
                .with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn what_is_checked_in_is_what_would_be_rendered() {
        let deploy = manifests::check(&workspace_root().join(FOLDER)).unwrap();
        check(FOLDER, &deploy).unwrap();
    }

    #[test]
    fn everything_rendered_is_an_object_with_a_type_and_a_name() {
        for profile in [Profile::Current, Profile::Seed] {
            let rendering = ConfigArgs {
                config: None,
                profile,
            };
            for object in rendering.objects(&Config::standard()).unwrap() {
                assert!(
                    object.types.is_some() && object.metadata.name.is_some(),
                    "{object:?}"
                );
            }
        }
    }

    #[test]
    fn release_of_another_version_is_refused() {
        let cli = crate::Cli::try_parse_from(["cargo xtask", "render", "--release", "9.9.9"]);
        let crate::Task::Render(args) = cli.unwrap().task else {
            unreachable!("it is the task that was named");
        };
        let error = run(&args).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "this is {VERSION}, not `9.9.9`: set `version` in Cargo.toml before the release"
            )
        );
    }

    #[test]
    fn rendering_elsewhere_writes_the_same_files() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &manifests::standard().unwrap()).unwrap();
        assert_eq!(manifests::check(folder.path()).unwrap(), []);
    }
}
