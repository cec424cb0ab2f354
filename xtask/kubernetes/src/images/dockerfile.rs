//! The content of an image, read from its Dockerfile.
//!
//! The Dockerfiles build binaries in a first stage, which needs a registry, and take them
//! from its folder `/dist` in the last. Here only the last stage is run, on a folder that
//! holds what `/dist` would. So both ways cannot make different images: neither the
//! files, nor their places, nor the settings are written down twice.

use anyhow::{Context as _, Result, ensure};
use testbed::workspace_root;

/// How the last stage names a file of the first.
const FROM_BUILD: &str = "COPY --from=build /dist/";

/// The CA certificates, the one file of `/dist` that is not a binary.
pub(crate) const CA_CERTIFICATES: &str = "ca-certificates.crt";

/// The stage that makes the image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LastStage {
    /// A Dockerfile that runs this stage on a folder with [`Self::files`].
    pub(crate) dockerfile: String,
    /// The files that it copies.
    pub(crate) files: Vec<String>,
}

impl LastStage {
    /// Reads the Dockerfile at `path` in the workspace.
    ///
    /// # Errors
    /// When there is none, or its last stage is not as described above.
    pub(crate) fn read(path: &str) -> Result<Self> {
        let text = std::fs::read_to_string(workspace_root().join(path));
        let text = text.with_context(|| format!("cannot read `{path}`"))?;
        Self::parse(&text).with_context(|| format!("`{path}`"))
    }

    fn parse(text: &str) -> Result<Self> {
        let start = text.rfind("\nFROM ").context("has no second stage")? + 1;
        let stage = &text[start..];
        ensure!(
            stage.starts_with("FROM scratch\n"),
            "its last stage does not start with `FROM scratch`"
        );
        let files: Vec<_> = stage
            .lines()
            .filter_map(copied)
            .map(ToOwned::to_owned)
            .collect();
        let copies = stage
            .lines()
            .filter(|line| line.starts_with("COPY") || line.starts_with("ADD"))
            .count();
        ensure!(
            files.len() == copies,
            "its last stage copies something that is not of the form `{FROM_BUILD}<file> <place>`"
        );
        Ok(Self {
            dockerfile: stage.replace(FROM_BUILD, "COPY "),
            files,
        })
    }

    /// The packages whose binaries the image holds; package and binary have one name.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(String::as_str);
        files.filter(|file| *file != CA_CERTIFICATES)
    }
}

/// The file of `/dist` that an instruction copies, if it is such a one.
fn copied(line: &str) -> Option<&str> {
    let (file, place) = line.strip_prefix(FROM_BUILD)?.split_once(' ')?;
    (place.starts_with('/') && !file.contains('/')).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::Image;

    const ALL: [Image; 3] = [Image::Source, Image::Face, Image::Emulator];

    fn dockerfile(image: Image) -> String {
        std::fs::read_to_string(workspace_root().join(image.dockerfile())).unwrap()
    }

    #[test]
    fn the_first_stage_sees_every_package() {
        let read = |file: &str| std::fs::read_to_string(workspace_root().join(file)).unwrap();
        let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
        let members = manifest["workspace"]["members"].as_array().unwrap();
        let ignored = read(".dockerignore");
        let seen: Vec<_> = ignored
            .lines()
            .filter_map(|line| line.strip_prefix('!'))
            .collect();
        for member in members.iter().filter_map(toml::Value::as_str) {
            let folder = member.split('/').next().unwrap();
            assert!(seen.contains(&folder), "{member}: {seen:?}");
        }
    }

    #[test]
    fn the_last_stage_runs_on_a_folder() {
        let text = "FROM rust AS build\nRUN make\n\nFROM scratch\nARG VERSION\nCOPY --from=build /dist/face /app/face\nUSER 1:1\n";
        let stage = LastStage::parse(text).unwrap();
        let expected = LastStage {
            dockerfile: "FROM scratch\nARG VERSION\nCOPY face /app/face\nUSER 1:1\n".to_owned(),
            files: vec!["face".to_owned()],
        };
        assert_eq!(stage, expected);
    }

    #[test]
    fn what_cannot_be_run_on_a_folder_is_refused() {
        let table = [
            ("one stage", "FROM scratch\n", "has no second stage"),
            (
                "a base image",
                "FROM rust\nFROM debian\n",
                "its last stage does not start with `FROM scratch`",
            ),
            (
                "a file from elsewhere",
                "FROM rust\nFROM scratch\nCOPY --from=build /etc/passwd /etc/passwd\n",
                "its last stage copies something that is not of the form `COPY --from=build /dist/<file> <place>`",
            ),
        ];
        for (name, text, expected) in table {
            assert_eq!(
                LastStage::parse(text).unwrap_err().to_string(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn every_image_is_restricted_and_trusts_the_usual_authorities() {
        for image in ALL {
            let stage = LastStage::read(image.dockerfile()).unwrap();
            assert!(
                stage.files.iter().any(|file| file == CA_CERTIFICATES),
                "{image:?}"
            );
            assert!(
                stage.dockerfile.contains("\nUSER 65532:65532\n"),
                "{image:?}"
            );
            assert!(!stage.dockerfile.contains("--from"), "{image:?}");
            for label in ["title", "description", "licenses", "version", "revision"] {
                let label = format!("org.opencontainers.image.{label}=");
                assert!(stage.dockerfile.contains(&label), "{image:?} {label}");
            }
        }
    }

    #[test]
    fn base_images_are_pinned_by_digest() {
        for image in ALL {
            let text = dockerfile(image);
            let bases = text.lines().filter_map(|line| line.strip_prefix("FROM "));
            for base in bases.filter(|base| *base != "scratch") {
                let digest = base.split_once("@sha256:").map(|(_, rest)| rest);
                let digest = digest.and_then(|rest| rest.split_whitespace().next());
                let is_digest = |digest: &str| {
                    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
                };
                assert!(digest.is_some_and(is_digest), "{image:?}: {base}");
            }
        }
    }

    #[test]
    fn first_stages_build_what_last_stages_copy() {
        for image in ALL {
            let packages = LastStage::read(image.dockerfile()).unwrap();
            let packages = packages.packages().collect::<Vec<_>>().join(" ");
            let line = format!("\nARG PACKAGES=\"{packages}\"\n");
            assert!(dockerfile(image).contains(&line), "{image:?}");
        }
    }

    #[test]
    fn first_stages_differ_in_nothing_else() {
        let first_stage = |image| {
            let text = dockerfile(image);
            let start = text.find("\nFROM ").unwrap();
            let lines = text[start..text.rfind("\nFROM ").unwrap()].lines();
            lines
                .filter(|line| !line.starts_with("ARG PACKAGES="))
                .collect::<Vec<_>>()
                .join("\n")
        };
        for image in ALL {
            assert_eq!(first_stage(image), first_stage(Image::Source), "{image:?}");
        }
    }

    #[test]
    fn images_are_built_by_the_pinned_toolchain_and_with_the_same_flags() {
        let pinned = std::fs::read_to_string(workspace_root().join("rust-toolchain.toml")).unwrap();
        for image in ALL {
            let text = dockerfile(image);
            let version = text
                .split("RUSTUP_TOOLCHAIN=")
                .nth(1)
                .unwrap()
                .lines()
                .next()
                .unwrap();
            assert!(
                pinned.contains(&format!("channel = \"{version}\"")),
                "{image:?}"
            );
            assert!(text.contains(&format!("/rust:{version}-")), "{image:?}");
            assert!(text.contains(crate::images::files::STATIC), "{image:?}");
        }
    }
}
