//! The sample photo, and what a file holds, told by its first bytes.

use std::path::PathBuf;

use crate::binaries::workspace_root;

/// Where the portrait that comes with the repository is.
#[must_use]
pub fn sample() -> PathBuf {
    workspace_root().join("assets/astronaut.jpg")
}

/// The content type of a picture, or `None` when the bytes are no picture that the
/// pipeline knows.
#[must_use]
pub fn content_type(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else if starts(b"GIF8") {
        Some("image/gif")
    } else if starts(b"BM") {
        Some("image/bmp")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn pictures_are_told_by_content() {
        for (bytes, expected) in [
            (b"\xff\xd8\xff\xe0rest".as_slice(), Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\nrest", Some("image/png")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVEfmt ", None),
            (b"GIF89a", Some("image/gif")),
            (b"BM\0\0", Some("image/bmp")),
            (b"plain text", None),
            (b"", None),
        ] {
            assert_eq!(content_type(bytes), expected, "{bytes:?}");
        }
    }
}
