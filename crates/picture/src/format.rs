//! The format of a file, by its first bytes. Names and media types are not asked: they lie.

use std::fmt;

/// A format that is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Baseline, extended or progressive, 8 bits, Huffman.
    Jpeg,
    /// Every colour type and depth; not animated.
    Png,
    /// Lossy or lossless; not animated.
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

/// The kind of content that some bytes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A picture that can be annotated.
    Picture(Format),
    /// A picture in a format that is not decoded, by name.
    Foreign(&'static str),
    /// Anything else.
    Other,
}

impl Content {
    /// Looks at the first bytes of a file; 18 are enough.
    #[must_use]
    pub fn of(file: &[u8]) -> Self {
        match file {
            // Garbage may come before the next marker.
            [0xff, 0xd8, _, ..] => Self::Picture(Format::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Picture(Format::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, rest @ ..] if rest.starts_with(b"WEBP") => {
                Self::Picture(Format::WebP)
            }
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Picture(Format::Gif),
            _ if is_bmp(file) => Self::Picture(Format::Bmp),
            _ => foreign(file).map_or(Self::Other, Self::Foreign),
        }
    }
}

/// Lengths of the second header of a BMP: OS/2 version 1 and 2, Windows version 3 (with masks in
/// it, for some), 4 and 5.
const BMP_HEADERS: [u32; 8] = [BMP_OS2, 16, 40, 52, 56, 64, 108, 124];
pub(crate) const BMP_OS2: u32 = 12;

/// Whether a file is a BMP. The two letters that one begins with begin many a text.
fn is_bmp(file: &[u8]) -> bool {
    file.starts_with(b"BM") && bmp_header(file).is_some_and(|length| BMP_HEADERS.contains(&length))
}

/// The length of the second header of a BMP.
pub(crate) fn bmp_header(file: &[u8]) -> Option<u32> {
    let bytes = file.get(14..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// How files of other formats begin.
const FOREIGN: [(&[u8], &str); 31] = [
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF (BigTIFF)"),
    (b"MM\0+", "TIFF (BigTIFF)"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"IIRO", "camera raw (Olympus)"),
    (b"IIRS", "camera raw (Olympus)"),
    (b"MMOR", "camera raw (Olympus)"),
    (b"IIU\0", "camera raw (Panasonic)"),
    (b"II\x1a\0\0\0HEAPCCDR", "camera raw (Canon)"),
    (b"FUJIFILMCCD-RAW", "camera raw (Fujifilm)"),
    (b"FOVb", "camera raw (Sigma)"),
    (b"\0MRM", "camera raw (Minolta)"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"gimp xcf", "GIMP"),
    (b"qoif", "QOI"),
    (b"farbfeld", "farbfeld"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE\n", "Radiance HDR"),
    (b"DDS \x7c\0\0\0", "DDS"),
    (b"\0\0\x01\0", "icon"),
    (b"\0\0\x02\0", "cursor"),
    (b"icns", "icon"),
    (b"BPG\xfb", "BPG"),
    (b"FLIF", "FLIF"),
    (b"\x8aMNG\r\n\x1a\n", "MNG"),
    (b"\x8bJNG\r\n\x1a\n", "JNG"),
];

/// Brands of the family of formats that film comes in too.
const BRANDS: [(&[u8; 4], &str); 14] = [
    (b"avif", "AVIF"),
    (b"avis", "AVIF"),
    (b"heic", "HEIC"),
    (b"heix", "HEIC"),
    (b"hevc", "HEIC"),
    (b"hevx", "HEIC"),
    (b"heim", "HEIC"),
    (b"heis", "HEIC"),
    (b"hevm", "HEIC"),
    (b"hevs", "HEIC"),
    (b"mif1", "HEIC"),
    (b"msf1", "HEIC"),
    (b"jpgs", "JPEG-HEIF"),
    (b"crx ", "camera raw (Canon)"),
];

fn foreign(file: &[u8]) -> Option<&'static str> {
    if let [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] = file {
        let brand = brand.first_chunk::<4>()?;
        let (_, name) = BRANDS.iter().find(|(known, _)| *known == brand)?;
        return Some(name);
    }
    if is_netpbm(file) {
        return Some("Netpbm");
    }
    let (_, name) = FOREIGN.iter().find(|(start, _)| file.starts_with(start))?;
    Some(name)
}

/// A letter and a digit, a blank, and a number or a comment.
fn is_netpbm(file: &[u8]) -> bool {
    matches!(
        file,
        [
            b'P',
            b'1'..=b'7',
            b' ' | b'\t' | b'\n' | b'\r',
            b'0'..=b'9' | b'#' | b'W',
            ..
        ]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let cases: [(&str, &[u8], Content); 18] = [
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
                b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
                Content::Picture(Format::Bmp),
            ),
            (
                "bmp with something in its reserved words",
                b"BM\x46\0\0\0LEAD\x36\0\0\0\x7c\0\0\0",
                Content::Picture(Format::Bmp),
            ),
            (
                "bmp of OS/2",
                b"BM\x46\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0",
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
                "large tiff",
                b"MM\0+\0\x08\0\0",
                Content::Foreign("TIFF (BigTIFF)"),
            ),
            ("netpbm", b"P6\n64 48\n255\n", Content::Foreign("Netpbm")),
            ("a text", b"P6 is a chip", Content::Other),
            ("icon", b"\0\0\x01\0\x01\0", Content::Foreign("icon")),
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
