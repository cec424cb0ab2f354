//! Markers and segments, which a JPEG file consists of beside its picture data.

use crate::error::PictureError;
use crate::format::Format;

pub(crate) const START_OF_IMAGE: u8 = 0xd8;
pub(crate) const END_OF_IMAGE: u8 = 0xd9;
pub(crate) const START_OF_SCAN: u8 = 0xda;
pub(crate) const QUANTISATION: u8 = 0xdb;
pub(crate) const HUFFMAN: u8 = 0xc4;
pub(crate) const RESTART_INTERVAL: u8 = 0xdd;
pub(crate) const JFIF: u8 = 0xe0;
pub(crate) const EXIF: u8 = 0xe1;
pub(crate) const ICC_PROFILE: u8 = 0xe2;
pub(crate) const PHOTOSHOP: u8 = 0xed;
pub(crate) const ADOBE: u8 = 0xee;
pub(crate) const COMMENT: u8 = 0xfe;
const NUMBER_OF_LINES: u8 = 0xdc;
const ARITHMETIC_CONDITIONING: u8 = 0xcc;

/// A marker with its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<'f> {
    pub(crate) marker: u8,
    pub(crate) payload: &'f [u8],
}

/// The segments of a file in their order. Picture data between them is skipped, and so is
/// garbage: in picture data a 0xff that is not a marker is followed by zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segments<'f> {
    rest: &'f [u8],
}

impl<'f> Segments<'f> {
    /// The segments of `file` behind its first marker.
    pub(crate) fn of(file: &'f [u8]) -> Self {
        Self {
            rest: file.get(2..).unwrap_or_default(),
        }
    }

    /// The bytes behind the last segment.
    pub(crate) fn rest(&self) -> &'f [u8] {
        self.rest
    }

    /// The next one that says something; `None` where the file ends. Markers are judged as libjpeg
    /// judges them, so that nothing is accepted that other programs refuse to show.
    ///
    /// # Errors
    /// A marker that has no place in a file of this kind, or a segment that is shorter than its
    /// own length.
    pub(crate) fn next(&mut self) -> Result<Option<Segment<'f>>, PictureError> {
        loop {
            let Some((marker, rest)) = next_marker(self.rest) else {
                return Ok(None);
            };
            self.rest = rest;
            match marker {
                0x01 | 0xd0..=0xd7 => continue, // Neither these nor their places say anything.
                END_OF_IMAGE => {
                    let payload = &[];
                    return Ok(Some(Segment { marker, payload }));
                }
                _ => refuse(marker)?,
            }
            let Some((length, rest)) = rest.split_first_chunk::<2>() else {
                return Ok(None);
            };
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((payload, rest)) = rest.split_at_checked(length.saturating_sub(2)) else {
                return Ok(None);
            };
            self.rest = rest;
            match marker {
                NUMBER_OF_LINES | ARITHMETIC_CONDITIONING => {}
                0xe0..=0xef | COMMENT => return Ok(Some(Segment { marker, payload })),
                _ if length < 2 => {
                    return Err(corrupt(format!("segment {marker:#04x} has no length")));
                }
                _ => return Ok(Some(Segment { marker, payload })),
            }
        }
    }
}

/// Tells kinds of files that are not read from files that are damaged.
fn refuse(marker: u8) -> Result<(), PictureError> {
    let unsupported = |what| Err(PictureError::Unsupported { what });
    match marker {
        0xc3 => unsupported("lossless JPEG"),
        0xc5..=0xc7 | 0xde | 0xdf => unsupported("hierarchical JPEG"),
        0xc8 => unsupported("extended JPEG"),
        0xc9..=0xcb | 0xcd..=0xcf => unsupported("arithmetic-coded JPEG"),
        0xf7 => unsupported("JPEG-LS"),
        START_OF_IMAGE => Err(corrupt("a second picture begins inside of the first one")),
        0x02..=0xbf | 0xf0..=0xfd => Err(corrupt(format!("marker {marker:#04x} is unknown"))),
        _ => Ok(()),
    }
}

/// The next marker and the bytes behind it.
pub(crate) fn next_marker(mut rest: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = memchr::memchr(0xff, rest)?;
        rest = &rest[at + 1..];
        match rest.first()? {
            0 | 0xff => {} // Stuffing, or filling before a marker.
            &marker => return Some((marker, &rest[1..])),
        }
    }
}

/// Writes a segment. The payload is one that was read, or shorter than any.
pub(crate) fn write(marker: u8, payload: &[u8], file: &mut Vec<u8>) {
    let length = u16::try_from(payload.len() + 2).unwrap_or(u16::MAX);
    file.extend([0xff, marker]);
    file.extend(length.to_be_bytes());
    file.extend(payload);
}

/// The file is damaged, and how.
pub(crate) fn corrupt(reason: impl Into<String>) -> PictureError {
    PictureError::corrupt(Format::Jpeg, reason.into())
}

/// The file ends before its picture does.
pub(crate) fn truncated() -> PictureError {
    PictureError::Truncated {
        format: Format::Jpeg,
    }
}
