//! How faces are found.

use std::time::Duration;

use clap::ValueEnum;
use face::AttributeSet;
use face::local::{InvalidSetting, Settings};
use service::settings::{duration, endpoint_url, number};
use url::Url;

/// The back ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendKind {
    /// In this process.
    Local,
    /// `RecognizeFace`, today's service.
    Facebody,
    /// `DetectImageFaces`, which reads the bucket itself.
    Imm,
    /// `/face/attribute`, as the original used it.
    Dataplus,
}

impl BackendKind {
    /// The name it is configured by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dataplus => "dataplus",
            Self::Facebody => "facebody",
            Self::Imm => "imm",
            Self::Local => "local",
        }
    }
}

const NO_PROJECT: &str = "`FACE_IMM_PROJECT` is missing: with `FACE_BACKEND=imm`, set it to a project of IMM that exists in each region with photos";

/// How faces are found.
#[derive(Clone, Debug, clap::Args)]
pub struct Faces {
    /// The back end: `local`, `facebody`, `imm` or `dataplus`.
    #[arg(
        id = "face-backend",
        long,
        env = "FACE_BACKEND",
        value_name = "NAME",
        default_value = "local",
        hide_possible_values = true
    )]
    pub backend: BackendKind,
    /// What is estimated of each face and told in picture, reply and metadata: `age`, `gender`,
    /// both separated by a comma, or `none`.
    #[arg(
        id = "attributes",
        long,
        env = "FACE_ATTRIBUTES",
        value_name = "NAMES",
        default_value = "age,gender"
    )]
    pub attributes: AttributeSet,
    /// Endpoint of the face API [default: the service's own].
    #[arg(id = "face-endpoint", long, env = "FACE_ENDPOINT", value_name = "URL", value_parser = endpoint_url)]
    pub endpoint: Option<Url>,
    /// Endpoint that authorises uploads for `facebody` [default: --face-endpoint, else the
    /// service's own].
    #[arg(id = "face-open-platform-endpoint", long, env = "FACE_OPEN_PLATFORM_ENDPOINT", value_name = "URL", value_parser = endpoint_url)]
    pub open_platform_endpoint: Option<Url>,
    /// Project of IMM whose service role reads the photos, for `imm`; one of this name must exist in
    /// each region that has photos.
    #[arg(
        id = "face-imm-project",
        long,
        env = "FACE_IMM_PROJECT",
        value_name = "NAME"
    )]
    pub imm_project: Option<String>,
    /// Score that a face needs with `local`, 0.05 to 0.99.
    #[arg(id = "face-local-confidence", long, env = "FACE_LOCAL_CONFIDENCE", value_name = "SCORE", default_value_t = Settings::default().confidence(), value_parser = number(0.05..=0.99_f32))]
    pub local_confidence: f32,
    /// Width of the smallest face that `local` finds, in percent of the photo's longer side, 0.3
    /// to 50.
    #[arg(id = "face-local-smallest-face", long, env = "FACE_LOCAL_SMALLEST_FACE", value_name = "PERCENT", default_value_t = Settings::default().smallest_face_percent(), value_parser = number(0.3..=50.0_f32))]
    pub local_smallest_face_percent: f32,
    /// How long the face API can read a photo by its URL, ISO 8601.
    // It has a queue of its own at times.
    #[arg(id = "face-url-lifetime", long, env = "FACE_URL_LIFETIME", value_name = "DURATION", default_value = "PT10M", value_parser = duration(Duration::from_secs(10)..=Duration::from_hours(24)))]
    pub url_lifetime: Duration,
    /// Calls of the face API at one time; further photos wait.
    // A slow API that gets all calls at once answers none in time, and accounts are granted few
    // calls a second.
    #[arg(id = "face-max-calls", long, env = "FACE_MAX_CALLS", value_name = "COUNT", default_value = "16", value_parser = number(1..=1024_usize))]
    pub max_calls: usize,
}

impl Faces {
    /// The mistake of IMM without a project.
    pub(super) fn mistake(&self) -> Option<String> {
        let is_lacking = self.backend == BackendKind::Imm && self.imm_project.is_none();
        is_lacking.then(|| NO_PROJECT.to_owned())
    }

    /// What the local back end looks for.
    ///
    /// # Errors
    /// None after parsing, which keeps the bounds.
    pub fn local(&self) -> Result<Settings, InvalidSetting> {
        Settings::default()
            .with_attributes(self.attributes)
            .with_confidence(self.local_confidence)?
            .with_smallest_face(self.local_smallest_face_percent)
    }
}
