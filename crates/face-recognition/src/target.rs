//! Where results go: which keys are results, and which key the result of a photo has.

use std::fmt;
use std::str::FromStr;

use oss::{NameError, ObjectKey};
use sha2::{Digest as _, Sha256};

/// OSS's limit for keys, in bytes.
const MAX_KEY: usize = 1023;

/// Keys up to this length are used as they are; shortened ones are longer (a character has at
/// most four bytes, so cutting loses at most three). Hence no shortened key is ever the plain
/// key of another photo.
const MAX_PLAIN_KEY: usize = MAX_KEY - 4;

/// More than this behind the last dot is a sentence, not an extension.
const MAX_EXTENSION: usize = 16;

const SIDECAR_EXTENSION: &str = ".json";

/// Room that a folder must leave for what goes into it.
const MAX_FOLDER: usize = 800;

/// The folder for results, in every bucket. Its name has no slash at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFolder(String);

/// Why a path is not a folder for results. Permanent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing between the slashes. Everything would lie inside, so no photo would be left.
    #[error("the path names no folder")]
    Empty,
    /// No room for names.
    #[error("the path has {bytes} bytes; the limit is {MAX_FOLDER}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not the beginning of a key.
    #[error("the path cannot begin a key")]
    Name(#[source] NameError),
}

impl FromStr for TargetFolder {
    type Err = TargetError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Err(TargetError::Empty);
        }
        if path.len() > MAX_FOLDER {
            return Err(TargetError::TooLong { bytes: path.len() });
        }
        path.parse::<ObjectKey>().map_err(TargetError::Name)?;
        Ok(Self(path.to_owned()))
    }
}

impl fmt::Display for TargetFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TargetFolder {
    /// Whether `key` lies in the folder. Whole segments count: `target-x/a` is not in `target`.
    #[must_use]
    pub fn holds(&self, key: &ObjectKey) -> bool {
        key.as_str()
            .strip_prefix(&self.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The key of the result for the photo `key`: `<folder>/<its folders>/rec-<its name>`.
    ///
    /// A key that would be too long is cut and ends in a hash of the whole, then the
    /// extension: always the same for the same photo, never the same for two.
    ///
    /// # Errors
    /// None are known: what is made of a key is a key.
    pub fn result_key(&self, key: &ObjectKey) -> Result<ObjectKey, NameError> {
        let (folders, name) = split(key.as_str());
        let plain = format!("{}/{folders}rec-{name}", self.0);
        shortened(plain, extension(name)).try_into()
    }
}

/// The key of the analysis beside the result `result`: that key with `.json` behind it, cut as
/// [`TargetFolder::result_key`] cuts where that is too long. No photo has such a result, because
/// no object whose name ends in `.json` is taken for a photo.
///
/// # Errors
/// None are known: what is made of a key is a key.
pub fn sidecar_key(result: &ObjectKey) -> Result<ObjectKey, NameError> {
    shortened(format!("{result}{SIDECAR_EXTENSION}"), SIDECAR_EXTENSION).try_into()
}

/// `plain`, or if that is too long, its beginning with a hash of the whole and `extension`.
fn shortened(plain: String, extension: &str) -> String {
    if plain.len() <= MAX_PLAIN_KEY {
        return plain;
    }
    let tail = format!("~{}{extension}", fingerprint(&plain));
    let head = cut(&plain, MAX_KEY - tail.len());
    format!("{head}{tail}")
}

/// The folders with their last slash, and the name.
fn split(key: &str) -> (&str, &str) {
    key.split_at(key.rfind('/').map_or(0, |slash| slash + 1))
}

/// The first 128 bits of a SHA-256, in hexadecimal.
fn fingerprint(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk().copied().unwrap_or_default();
    format!("{:032x}", u128::from_be_bytes(first))
}

/// The extension with its dot, if there is one worth keeping.
fn extension(name: &str) -> &str {
    let Some(dot) = name.rfind('.') else {
        return "";
    };
    let (_, extension) = name.split_at(dot);
    let plain = extension
        .bytes()
        .skip(1)
        .all(|byte| byte.is_ascii_alphanumeric());
    if plain && extension.len() <= MAX_EXTENSION {
        extension
    } else {
        ""
    }
}

/// The longest part of `text` that ends between characters and has at most `bytes`.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder() -> TargetFolder {
        "face-image/target".parse().unwrap()
    }

    fn key(text: &str) -> ObjectKey {
        text.parse().unwrap()
    }

    #[test]
    fn only_whole_segments_are_inside() {
        let cases = [
            ("face-image/target/rec-a.jpg", true),
            ("face-image/target/x/y.jpg", true),
            ("face-image/target", true),
            ("face-image/target-x/a.jpg", false),
            ("face-image/targe", false),
            ("face-image/a.jpg", false),
            ("x/face-image/target/a.jpg", false),
            ("face-image//target/a.jpg", false),
        ];
        for (text, expected) in cases {
            assert_eq!(folder().holds(&key(text)), expected, "{text}");
        }
    }

    #[test]
    fn results_keep_the_folders_and_names_of_their_photos() {
        let cases = [
            ("a.jpg", "face-image/target/rec-a.jpg"),
            ("a/x.jpg", "face-image/target/a/rec-x.jpg"),
            ("b/x.jpg", "face-image/target/b/rec-x.jpg"),
            ("a//x y+%20#?.jpg", "face-image/target/a//rec-x y+%20#?.jpg"),
            ("人/脸 😀.jpg", "face-image/target/人/rec-脸 😀.jpg"),
        ];
        for (photo, expected) in cases {
            assert_eq!(folder().result_key(&key(photo)).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn paths_are_taken_with_or_without_slashes() {
        for path in ["target", "/target", "target/", "/target//"] {
            assert_eq!(
                path.parse::<TargetFolder>().unwrap().to_string(),
                "target",
                "{path}"
            );
        }
    }

    #[test]
    fn paths_that_are_no_folder_are_refused() {
        let cases = [
            ("nothing", String::new(), "the path names no folder"),
            ("only slashes", "//".into(), "the path names no folder"),
            (
                "too long",
                "a".repeat(801),
                "the path has 801 bytes; the limit is 800",
            ),
            ("upwards", "a/../b".into(), "the path cannot begin a key"),
        ];
        for (name, path, expected) in cases {
            assert_eq!(
                path.parse::<TargetFolder>().unwrap_err().to_string(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn long_keys_are_cut_and_told_apart() {
        let long = |last: char| key(&format!("{}{last}.jpg", "人".repeat(339)));
        let (one, other) = (long('a'), long('b'));
        assert_eq!(one.as_str().len(), 1022);
        let (one, other) = (
            folder().result_key(&one).unwrap(),
            folder().result_key(&other).unwrap(),
        );
        assert_ne!(one, other);
        for result in [one, other] {
            assert_eq!(extension(result.as_str()), ".jpg", "{result}");
            assert!(folder().holds(&result));
        }
    }

    #[test]
    fn sidecars_lie_beside_their_results() {
        let photo = key("a/x.jpg");
        let result = folder().result_key(&photo).unwrap();
        let sidecar = sidecar_key(&result).unwrap();
        assert_eq!(sidecar.as_str(), "face-image/target/a/rec-x.jpg.json");
        assert!(folder().holds(&sidecar));
        let long = folder().result_key(&key(&"x".repeat(1000))).unwrap();
        let sidecar = sidecar_key(&long).unwrap();
        assert!(folder().holds(&sidecar));
        assert_eq!(extension(sidecar.as_str()), ".json");
        assert_ne!(sidecar, long);
    }

    proptest! {
        #[test]
        fn every_photo_has_its_own_result(
            one in "[a-c/.人😀]{1,1023}", other in "[a-c/.人😀]{1,1023}",
        ) {
            let keys: Vec<ObjectKey> =
                [one, other].into_iter().filter_map(|text| text.parse().ok()).collect();
            let results: Vec<_> =
                keys.iter().map(|key| folder().result_key(key).unwrap()).collect();
            for result in &results {
                prop_assert!(folder().holds(result));
            }
            if let ([one, other], [result, second]) = (keys.as_slice(), results.as_slice()) {
                prop_assert_eq!(one == other, result == second);
            }
        }

        #[test]
        fn shortened_keys_are_longer_than_plain_ones(length in 900_usize..1024) {
            let photo = key(&"x".repeat(length));
            let result = folder().result_key(&photo).unwrap();
            let shortened = result.as_str().contains('~');
            prop_assert_eq!(shortened, result.as_str().len() > MAX_PLAIN_KEY);
        }
    }
}
