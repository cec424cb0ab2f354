//! Upload forms: for each photo one key, one media type and a largest size, signed for a few
//! minutes. The bytes go from the browser to the bucket.

use std::collections::HashSet;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use oss::{ObjectKey, PresignPostOptions};
use serde::{Deserialize, Serialize};

use crate::config::BucketConfig;
use crate::console::{Console, Shared};
use crate::security::Rejection;

/// Files of one request.
const MAX_FILES: usize = 100;
/// Room for the folders that the console puts in front.
const MAX_NAME: usize = 600;
/// What the face service can read, with the endings by which it is called.
pub(crate) const TYPES: [(&str, &[&str]); 5] = [
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif"]),
    ("image/png", &["png"]),
    ("image/webp", &["webp"]),
    ("image/bmp", &["bmp"]),
    ("image/gif", &["gif"]),
];

/// Photos that a user wants to upload.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct File {
    /// With folders, as the browser gives it.
    name: String,
    #[serde(rename = "size")]
    size_bytes: u64,
}

/// The forms, in the order of the files.
#[derive(Debug, Serialize)]
pub(crate) struct Forms {
    forms: Vec<Form>,
}

/// The form for a file, or why there is none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Form {
    Signed {
        key: String,
        url: String,
        fields: Vec<(&'static str, String)>,
    },
    Refused {
        error: UploadError,
    },
}

/// Why a file cannot be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum UploadError {
    Empty,
    Name,
    Size,
    Type,
}

/// `POST /api/uploads`.
pub(crate) async fn sign(
    State(console): State<Shared>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Forms>, Rejection> {
    if wanted.files.len() > MAX_FILES {
        let reason = format!("a request may name {MAX_FILES} files");
        return Err(Rejection::bad(reason));
    }
    let count = u32::try_from(wanted.files.len()).unwrap_or(u32::MAX);
    let rate = console.rate_limits.forms.try_acquire(count, Instant::now());
    rate.map_err(Rejection::too_often)?;
    let now = Timestamp::now();
    // Names of one request are told apart; a request's own folder tells it from all others.
    let folder = folder(&console, now);
    let mut taken = HashSet::new();
    let mut forms = Vec::new();
    for file in &wanted.files {
        let form = match options(&console, &folder, file, &mut taken) {
            Ok(options) => form(&console, &options, now)?,
            Err(error) => Form::Refused { error },
        };
        forms.push(form);
    }
    Ok(Json(Forms { forms }))
}

fn folder(console: &Console, now: Timestamp) -> String {
    let id: u32 = rand::random();
    format!("{}/{id:08x}", folder_of_day(&console.settings, now))
}

/// Where the photos are that the page uploads on one day.
pub(crate) fn folder_of_day(settings: &BucketConfig, now: Timestamp) -> String {
    format!("{}/{}", settings.photos, now.strftime("%Y-%m-%d"))
}

fn form(
    console: &Console,
    options: &PresignPostOptions,
    now: Timestamp,
) -> Result<Form, Rejection> {
    let lifetime = console.settings.url_lifetime;
    let form = console.public.presign_post(options, lifetime, now);
    let form = form.map_err(|error| Rejection::behind(&error))?;
    console.journeys.expected(options.key.as_str(), now);
    Ok(Form::Signed {
        key: options.key.to_string(),
        url: form.url.to_string(),
        fields: form.expose_fields().to_vec(),
    })
}

fn options(
    console: &Console,
    folder: &str,
    file: &File,
    taken: &mut HashSet<String>,
) -> Result<PresignPostOptions, UploadError> {
    let most = console.settings.max_upload_bytes;
    match file.size_bytes {
        0 => return Err(UploadError::Empty),
        size if size > most => return Err(UploadError::Size),
        _ => {}
    }
    let content_type = media_type(&file.name).ok_or(UploadError::Type)?;
    let name = plain(&file.name).ok_or(UploadError::Name)?;
    let name = (1..=MAX_FILES)
        .map(|number| numbered(&name, number))
        .find(|name| taken.insert(name.clone()))
        .ok_or(UploadError::Name)?;
    let key: ObjectKey = format!("{folder}/{name}")
        .parse()
        .map_err(|_| UploadError::Name)?;
    Ok(PresignPostOptions {
        key,
        content_type: content_type.to_owned(),
        size_bytes: 1..=most,
    })
}

fn media_type(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_lowercase();
    let mut types = TYPES.iter();
    let known = types.find(|(_, endings)| endings.contains(&ending.as_str()))?;
    Some(known.0)
}

/// The name with its folders, without what no key may have.
fn plain(name: &str) -> Option<String> {
    let segments = name.split(['/', '\\']).map(|segment| {
        let readable = segment.chars().filter(|letter| !letter.is_control());
        readable.collect::<String>().trim().to_owned()
    });
    let segments: Vec<_> = segments
        .filter(|segment| !matches!(segment.as_str(), "" | "." | ".."))
        .collect();
    let name = segments.join("/");
    (!name.is_empty() && name.len() <= MAX_NAME).then_some(name)
}

/// `a.jpg`, then `a-2.jpg`.
fn numbered(name: &str, number: usize) -> String {
    match (number, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (_, Some((stem, ending))) => format!("{stem}-{number}.{ending}"),
        (_, None) => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_folders_and_lose_what_leads_elsewhere() {
        for (name, expected) in [
            ("a.jpg", Some("a.jpg")),
            ("team/a b.jpg", Some("team/a b.jpg")),
            ("/../..//etc/./a.jpg", Some("etc/a.jpg")),
            ("C:\\photos\\a.jpg", Some("C:/photos/a.jpg")),
            (
                "<img src=x onerror=alert(1)>.jpg",
                Some("<img src=x onerror=alert(1)>.jpg"),
            ),
            ("a\u{7}\r\nb.jpg", Some("ab.jpg")),
            ("人 😀.jpg", Some("人 😀.jpg")),
            ("../", None),
        ] {
            assert_eq!(plain(name).as_deref(), expected, "{name}");
        }
        assert_eq!(plain(&"x".repeat(MAX_NAME + 1)), None);
        assert_eq!(numbered("a.b.jpg", 2), "a.b-2.jpg");
    }

    #[test]
    fn only_photos_have_a_type() {
        for (name, expected) in [
            ("a.JPG", Some("image/jpeg")),
            ("a.webp", Some("image/webp")),
            ("a.html", None),
            ("a.svg", None),
            ("jpg", None),
        ] {
            assert_eq!(media_type(name), expected, "{name}");
        }
    }
}
