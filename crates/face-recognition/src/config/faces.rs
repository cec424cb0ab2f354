//! Who finds the faces.

use std::time::Duration;

use face::local::Settings;
use service::findings::{self, Findings};
use url::Url;

use crate::args::FaceArgs;

/// The face API waits in a queue of its own at times; a URL must outlive that.
const URL_LIFETIME: Duration = Duration::from_mins(10);
const URL_LIFETIME_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(10), Duration::from_hours(24));
/// A slow API that is asked for everything at once answers nothing in time, and accounts are
/// granted few calls a second anyway.
const CALLS: usize = 16;

/// The back ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finder {
    /// In this process.
    #[default]
    Local,
    /// `RecognizeFace`, today's service.
    Facebody,
    /// `/face/attribute`, as the original used it.
    Dataplus,
}

impl Finder {
    /// The name it is configured by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dataplus => "dataplus",
            Self::Facebody => "facebody",
            Self::Local => "local",
        }
    }
}

/// Who finds the faces, and how it is reached.
#[derive(Clone, Debug)]
pub struct Faces {
    /// Which back end.
    pub finder: Finder,
    /// What the back end of this process looks for.
    pub local: Settings,
    /// In place of the service's own endpoint.
    pub endpoint: Option<Url>,
    /// In place of the endpoint that authorises uploads.
    pub open_platform_endpoint: Option<Url>,
    /// How long the face API can read a photo by its presigned URL.
    pub url_lifetime: Duration,
    /// Most calls of the face API at one time.
    pub calls: usize,
}

impl Faces {
    pub(super) fn check(found: &mut Findings, args: &FaceArgs) -> Self {
        let FaceArgs {
            face_backend,
            face_endpoint,
            face_open_platform_endpoint,
            face_url_lifetime,
            face_max_calls,
            face_local_confidence,
            face_local_smallest_face,
        } = args;
        let finder = found.optional(
            "FACE_BACKEND",
            face_backend.as_deref(),
            "`local`, `facebody` or `dataplus`",
            |text| {
                [Finder::Local, Finder::Facebody, Finder::Dataplus]
                    .into_iter()
                    .find(|finder| finder.name() == text)
            },
        );
        let local = Settings::default();
        let confidence = found.optional(
            "FACE_LOCAL_CONFIDENCE",
            face_local_confidence.as_deref(),
            "a number from 0.05 to 0.99",
            |text| local.with_confidence(text.parse().ok()?).ok(),
        );
        let local = confidence.unwrap_or(local);
        let smallest_face = found.optional(
            "FACE_LOCAL_SMALLEST_FACE",
            face_local_smallest_face.as_deref(),
            "a number from 0.3 to 50, in percent of the longer side",
            |text| local.with_smallest_face(text.parse().ok()?).ok(),
        );
        let local = smallest_face.unwrap_or(local);
        let mut url = |name, text: &Option<String>| {
            found.optional(name, text.as_deref(), "`http(s)://host[:port]`", plain_url)
        };
        let endpoint = url("FACE_ENDPOINT", face_endpoint);
        let open_platform = url("FACE_OPEN_PLATFORM_ENDPOINT", face_open_platform_endpoint);
        let url_lifetime = found.duration_within(
            "FACE_URL_LIFETIME",
            face_url_lifetime.as_deref(),
            URL_LIFETIME_BOUNDS,
        );
        let calls = found.number("FACE_MAX_CALLS", face_max_calls.as_deref(), (1, 1024));
        Self {
            finder: finder.unwrap_or_default(),
            local,
            open_platform_endpoint: open_platform.or_else(|| endpoint.clone()),
            endpoint,
            url_lifetime: url_lifetime.unwrap_or(URL_LIFETIME),
            calls: calls.unwrap_or(CALLS),
        }
    }
}

/// Without a user's name and password, which nothing here would send.
fn plain_url(text: &str) -> Option<Url> {
    findings::http_url(text).filter(|url| url.username().is_empty() && url.password().is_none())
}
