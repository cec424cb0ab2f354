//! What a file is, by its first bytes. Names and media types are not asked: they lie.

use std::fmt;

/// A format that is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Baseline, extended or progressive, 8 bits, Huffman.
    Jpeg,
    /// Every colour type and depth; not animated.
    Png,
    /// Lossy or lossless; written lossless. Not animated.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// A still GIF.
    Gif,
}

impl Format {
    /// The registered media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Gif => "image/gif",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Bmp => "BMP",
            Self::Gif => "GIF",
        })
    }
}

/// What some bytes turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A picture that can be annotated.
    Picture(Format),
    /// A picture in a format that nobody here decodes, by name.
    Foreign(&'static str),
    /// Anything else.
    Other,
}

impl Content {
    /// Looks at the first bytes of a file; 16 are enough.
    #[must_use]
    pub fn of(file: &[u8]) -> Self {
        match file {
            [0xff, 0xd8, 0xff, ..] => Self::Picture(Format::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Picture(Format::Png),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Self::Picture(Format::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Picture(Format::Gif),
            // "BM" alone begins many texts; the reserved words of a bitmap are zero.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Self::Picture(Format::Bmp),
            _ => foreign(file).map_or(Self::Other, Self::Foreign),
        }
    }
}

fn foreign(file: &[u8]) -> Option<&'static str> {
    match file {
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some("TIFF"),
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => Some("JPEG XL"),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => Some("JPEG 2000"),
        [b'8', b'B', b'P', b'S', ..] => Some("Photoshop"),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.first_chunk::<4>()? {
            b"avif" | b"avis" => Some("AVIF"),
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" => {
                Some("HEIC")
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let cases: [(&str, &[u8], Content); 12] = [
            (
                "jpeg",
                b"\xff\xd8\xff\xe0\0\x10JFIF",
                Content::Picture(Format::Jpeg),
            ),
            (
                "png",
                b"\x89PNG\r\n\x1a\n\0\0\0\r",
                Content::Picture(Format::Png),
            ),
            (
                "webp",
                b"RIFF\x10\0\0\0WEBPVP8 ",
                Content::Picture(Format::WebP),
            ),
            ("gif", b"GIF89a", Content::Picture(Format::Gif)),
            (
                "bmp",
                b"BM\x46\0\0\0\0\0\0\0\x36",
                Content::Picture(Format::Bmp),
            ),
            (
                "text that begins like a bitmap",
                b"BMW and other cars",
                Content::Other,
            ),
            ("wave sound", b"RIFF\x10\0\0\0WAVEfmt ", Content::Other),
            ("tiff", b"II*\0\x08\0\0\0", Content::Foreign("TIFF")),
            (
                "iphone",
                b"\0\0\0\x18ftypheic\0\0\0\0",
                Content::Foreign("HEIC"),
            ),
            ("film", b"\0\0\0\x18ftypisom\0\0\0\0", Content::Other),
            ("short", b"\xff\xd8", Content::Other),
            ("nothing", b"", Content::Other),
        ];
        for (name, file, expected) in cases {
            assert_eq!(Content::of(file), expected, "{name}");
        }
    }
}
