//! Which photos the demo sends, and under which keys.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Endings that make a file in a folder a photo; a file named directly may have any.
const ENDINGS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "jfif"];

/// One photo to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Photo {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Its path below the output folder and in the bucket.
    pub(super) name: PathBuf,
}

/// Everything that `arguments` name: files as they are, folders with all the photos
/// below them. Two photos never get the same name.
pub(super) fn collect(arguments: &[PathBuf]) -> Result<Vec<Photo>> {
    if arguments.is_empty() {
        return Ok(vec![Photo {
            path: testbed::sample(),
            name: "astronaut.jpg".into(),
        }]);
    }
    let mut photos = Vec::new();
    for argument in arguments {
        let meta = std::fs::metadata(argument)
            .with_context(|| format!("cannot read `{}`", argument.display()))?;
        if meta.is_dir() {
            let before = photos.len();
            collect_folder(argument, argument, &mut photos)?;
            ensure!(
                photos.len() > before,
                "no photo in `{}` (looked for .{})",
                argument.display(),
                ENDINGS.join(", .")
            );
        } else {
            let name = argument.file_name().context("a photo needs a name")?;
            photos.push(Photo {
                path: argument.clone(),
                name: name.into(),
            });
        }
    }
    keep_apart(&mut photos);
    Ok(photos)
}

fn collect_folder(root: &Path, folder: &Path, photos: &mut Vec<Photo>) -> Result<()> {
    let unreadable = || format!("cannot read the folder `{}`", folder.display());
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .with_context(unreadable)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect_folder(root, &path, photos)?;
        } else if has_photo_ending(&path) {
            let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
            photos.push(Photo { path, name });
        }
    }
    Ok(())
}

fn has_photo_ending(path: &Path) -> bool {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    ENDINGS.contains(&ending.as_str())
}

/// `a.jpg` from two folders become `a.jpg` and `2/a.jpg`.
fn keep_apart(photos: &mut [Photo]) {
    let mut taken = BTreeSet::new();
    for photo in photos {
        let wanted = photo.name.clone();
        let mut next = 2;
        while !taken.insert(photo.name.clone()) {
            photo.name = Path::new(&next.to_string()).join(&wanted);
            next += 1;
        }
    }
}

/// A photo's content, read and checked to be a picture. The caller names the photo.
pub(super) fn read(photo: &Photo) -> Result<(Vec<u8>, &'static str)> {
    let bytes = std::fs::read(&photo.path).context("cannot read it")?;
    let Some(content_type) = testbed::content_type(&bytes) else {
        bail!("this is no picture: the pipeline takes JPEG, PNG, WebP, BMP and GIF");
    };
    Ok((bytes, content_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[PathBuf]) -> Vec<String> {
        collect(arguments)
            .unwrap()
            .iter()
            .map(|photo| photo.name.display().to_string())
            .collect()
    }

    #[test]
    fn folders_keep_their_shape_and_equal_names_stay_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("x/deep")).unwrap();
        std::fs::create_dir_all(path("y")).unwrap();
        for name in ["x/a.jpg", "x/deep/a.JPG", "x/notes.txt", "y/a.jpg"] {
            std::fs::write(path(name), "").unwrap();
        }
        assert_eq!(
            names(&[path("x"), path("y"), path("y/a.jpg")]),
            ["a.jpg", "deep/a.JPG", "2/a.jpg", "3/a.jpg"]
        );
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = collect(&[folder.path().join("none.jpg")]).unwrap_err();
        assert!(format!("{missing:#}").contains("none.jpg"), "{missing:#}");
        let empty = collect(&[folder.path().to_owned()]).unwrap_err();
        assert!(empty.to_string().starts_with("no photo in"), "{empty}");
        let text = folder.path().join("a.jpg");
        std::fs::write(&text, "text").unwrap();
        let error = read(&Photo {
            path: text,
            name: "a.jpg".into(),
        })
        .unwrap_err();
        assert!(error.to_string().contains("is no picture"), "{error}");
    }
}
