//! The manifests of a release: one file to apply for each half of the project, and the chart.
//! Nothing in them is specific to a user; where a setting is needed, there is a placeholder.

use crate::config::Config;
use crate::file::File;
use crate::metadata::VERSION;
use crate::yaml::RenderError;
use crate::{chart, controller, sample};

/// Placeholders for values that only the user knows.
const BUCKET: &str = "your-bucket";
const REGION: &str = "your-region";

/// Files that are the user's own (keys, source), for a mesh alone, or for `kubectl apply -k`.
const NOT_RELEASED: [&str; 5] = [
    "sample/secret.yaml",
    "sample/source.yaml",
    "sample/kustomization.yaml",
    "sample/istio/service-entry.yaml",
    "sample/istio/kustomization.yaml",
];

/// Renders the files of the release of this version, whose images are in `repository`, such as
/// `ghcr.io/somebody/mnsoss`.
///
/// # Errors
/// As [`render`](fn@crate::render).
pub fn release(repository: &str) -> Result<Vec<File>, RenderError> {
    let config = Config {
        source_image: format!("{repository}/source:{VERSION}"),
        face_image: Some(format!("{repository}/face-recognition:{VERSION}")),
        oss_bucket: BUCKET.to_owned(),
        oss_region: REGION.to_owned(),
        ..Config::standard()
    };
    let source = controller::files(&config)?;
    let source = source
        .iter()
        .filter(|file| file.path.starts_with("controller/"));
    let face = sample::files(&config)?;
    let face = face
        .iter()
        .filter(|file| !NOT_RELEASED.contains(&file.path.as_str()));
    let mut files = vec![
        joined("mnsoss-source.yaml", &of_source(), source),
        joined("face-recognition.yaml", &of_face(), face),
    ];
    files.extend(chart::files(&config)?);
    Ok(files)
}

fn of_source() -> String {
    format!(
        "MnsOssSource {VERSION}: the resource, its controller, and rights.\n\n\
         kubectl apply --server-side -f mnsoss-source.yaml"
    )
}

fn of_face() -> String {
    format!(
        "face-recognition {VERSION}: the service, and a Trigger that brings it new photos from the Broker\n\
         `default`. Put your bucket and its region into the place of `{BUCKET}` and `{REGION}`, and make\n\
         the Secret `mnsoss-secret`, whose key `mns` holds endpoint and keys, as deploy/README.md says.\n\n\
         sed -e 's/{BUCKET}/photos/g' -e 's/{REGION}/cn-shanghai/g' face-recognition.yaml \\\n  \
         | kubectl apply --server-side -f -"
    )
}

fn joined<'a>(path: &str, about: &str, files: impl Iterator<Item = &'a File>) -> File {
    let mut text = crate::yaml::comment(about);
    text.extend(files.map(File::body));
    File {
        path: path.to_owned(),
        text,
    }
}
