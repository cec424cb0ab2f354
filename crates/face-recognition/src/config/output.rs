//! What results look like, and what is stored beside them.

use clap::ValueEnum;
use picture::{Banner, Mark, Metadata, Options};
use service::settings::Expected;

/// What results look like, and what is stored beside them.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Output {
    /// How faces are marked: `box`, with a label; `mosaic` or `blur`, which hide them for good.
    #[arg(long, env = "FACE_MARK", value_name = "FORM", default_value = "box", value_parser = mark)]
    pub mark: Mark,
    /// When a banner counts the faces: `faces`, if there are some and they are boxed; `always`; or
    /// `never`.
    #[arg(long, env = "FACE_BANNER", value_name = "WHEN", default_value = "faces", value_parser = banner)]
    pub banner: Banner,
    /// Whether results keep EXIF, XMP and the like of their photos, which may tell camera, place
    /// and author: `keep` or `strip` [default: keep if faces are boxed, else strip].
    #[arg(long, env = "FACE_METADATA", value_name = "RULE", value_parser = metadata)]
    pub metadata: Option<Metadata>,
    /// Whether the analysis is stored beside each result: `none`, or `json`, under the key of the
    /// result with `.json` behind it.
    #[arg(
        long,
        env = "FACE_SIDECAR",
        value_name = "FORM",
        default_value = "none",
        hide_possible_values = true
    )]
    pub sidecar: Sidecar,
}

/// The form of the analysis that is stored beside a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sidecar {
    /// It is not stored.
    None,
    /// The data of the reply.
    Json,
}

impl Output {
    /// What is drawn.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            mark: self.mark,
            banner: self.banner,
            metadata: self.metadata,
        }
    }
}

fn mark(text: &str) -> Result<Mark, Expected> {
    match text {
        "box" => Ok(Mark::Box),
        "mosaic" => Ok(Mark::Mosaic),
        "blur" => Ok(Mark::Blur),
        _ => Err(Expected("`box`, `mosaic` or `blur`".to_owned())),
    }
}

fn banner(text: &str) -> Result<Banner, Expected> {
    match text {
        "faces" => Ok(Banner::WithBoxes),
        "always" => Ok(Banner::Always),
        "never" => Ok(Banner::Never),
        _ => Err(Expected("`faces`, `always` or `never`".to_owned())),
    }
}

fn metadata(text: &str) -> Result<Metadata, Expected> {
    match text {
        "keep" => Ok(Metadata::Keep),
        "strip" => Ok(Metadata::Strip),
        _ => Err(Expected("`keep` or `strip`".to_owned())),
    }
}
