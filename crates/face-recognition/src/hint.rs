//! A guess at the content from the extension of the key or from the media type. It decides two things:
//! to skip what is certainly no photo, and to report a file that claims to be one and is not.

/// What name and media type say about content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// The name or the media type calls it a picture.
    Picture,
    /// Certainly something else.
    Other,
    /// Neither says; the content decides.
    Unknown,
}

const PICTURES: [&str; 19] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "heic",
    "heif", "avif", "jxl", "jp2", "psd", "apng", "mpo",
];

/// Files that are often kept beside photos.
const OTHERS: [&str; 52] = [
    "txt", "md", "csv", "tsv", "log", "json", "xml", "yaml", "yml", "toml", "ini", "html", "htm",
    "css", "js", "mjs", "ts", "svg", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt",
    "zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "tar", "mp4", "mov", "avi", "mkv", "webm",
    "m4v", "mpg", "mpeg", "mp3", "wav", "flac", "ogg", "m4a", "aac", "exe", "sql", "parquet",
];

impl Hint {
    /// By the suffix of a key; where that says nothing, by the media type.
    pub(crate) fn of(key: &str, media_type: Option<&str>) -> Self {
        match Self::of_name(key) {
            Self::Unknown => media_type.map_or(Self::Unknown, Self::of_media_type),
            known => known,
        }
    }

    fn of_name(key: &str) -> Self {
        let name = key.rsplit('/').next().unwrap_or(key);
        let Some((_, suffix)) = name.rsplit_once('.') else {
            return Self::Unknown;
        };
        let is = |known: &&str| known.eq_ignore_ascii_case(suffix);
        if PICTURES.iter().any(is) {
            Self::Picture
        } else if OTHERS.iter().any(is) {
            Self::Other
        } else {
            Self::Unknown
        }
    }

    /// SVG is text, whatever its media type.
    fn of_media_type(media_type: &str) -> Self {
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let (kind, sort) = media_type.split_once('/').unwrap_or((media_type, ""));
        match kind.to_ascii_lowercase().as_str() {
            "image" if sort.to_ascii_lowercase().starts_with("svg") => Self::Other,
            "image" => Self::Picture,
            "text" | "video" | "audio" | "font" => Self::Other,
            // OSS says `application/octet-stream` when the uploader named no type.
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_first_then_media_type() {
        let cases = [
            ("a/photo.jpg", None, Hint::Picture),
            ("a/PHOTO.JPEG", Some("text/plain"), Hint::Picture),
            ("film.mp4", Some("image/jpeg"), Hint::Other),
            ("drawing.svg", Some("image/svg+xml"), Hint::Other),
            ("drawing", Some("image/svg+xml"), Hint::Other),
            ("upload", Some("image/png"), Hint::Picture),
            ("upload", Some("Image/PNG; charset=x"), Hint::Picture),
            ("upload", Some("application/octet-stream"), Hint::Unknown),
            ("upload", None, Hint::Unknown),
            ("photo.backup", None, Hint::Unknown),
            ("v1.2/upload", None, Hint::Unknown),
            ("notes", Some("text/plain"), Hint::Other),
            (".jpg", None, Hint::Picture),
        ];
        for (key, media_type, expected) in cases {
            assert_eq!(Hint::of(key, media_type), expected, "{key} {media_type:?}");
        }
    }
}
