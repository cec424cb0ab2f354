//! All files of a profile, in the order in which they should be applied.

use crate::config::{Config, describe_settings};
use crate::file::File;
use crate::yaml::RenderError;
use crate::{chart, console, controller, observability, sample, seed, transport_encryption};

/// Which manifests are rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// For today's clusters: the controller, a sample that uses it, and the console if it is
    /// enabled.
    #[default]
    Current,
    /// The objects of the original walkthrough, in the versions of its time.
    Seed,
}

impl Profile {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Current, Self::Seed];
}

/// Renders every file of a profile. The same configuration gives the same bytes.
///
/// A Secret's file holds the configuration's keys if there are any. In the seed's profile
/// the service's keys stay placeholders all the same: they would stand there in plain text.
///
/// # Errors
/// Permanent, and a defect of this crate: an object has no YAML form.
pub fn render(config: &Config, profile: Profile) -> Result<Vec<File>, RenderError> {
    match profile {
        Profile::Current => {
            let mut files = controller::files(config)?;
            files.extend(sample::files(config)?);
            if config.console {
                files.extend(console::files(config)?);
            }
            Ok(files)
        }
        Profile::Seed => seed::files(config),
    }
}

/// The files that are checked in under `deploy/`: both profiles with the default settings and no keys, the
/// console beside them, the chart, monitoring, the objects that Knative needs to encrypt
/// every event, and a description of the settings.
///
/// # Errors
/// As [`render`].
pub fn standard() -> Result<Vec<File>, RenderError> {
    let mut files = Vec::new();
    let config = Config::standard();
    for profile in Profile::ALL {
        files.extend(render(&config, profile)?);
    }
    files.extend(console::files(&config)?);
    files.extend(chart::files(&config)?);
    files.extend(observability::files(&config)?);
    files.extend(transport_encryption::files()?);
    files.push(File {
        path: "settings.toml".to_owned(),
        text: describe_settings(),
    });
    Ok(files)
}
