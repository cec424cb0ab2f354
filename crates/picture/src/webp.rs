//! WebP: lossy and lossless in, lossless out, because there is no lossy encoder in Rust.
//!
//! The decoder gets the pixels in a container of our own: it would refuse files that announce
//! metadata and have none, and set aside the length that a chunk claims, up to four gigabytes,
//! before it reads any of it.

use std::io::Cursor;

use image_webp::{ColorType, DecodingError, WebPDecoder, WebPEncoder};

use crate::colour::Space;
use crate::error::PictureError;
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::orientation::{Orientation, Pose};
use crate::raster::{Depth, Raster};
use crate::{exif, xmp};

/// What the encoder needs to write the result like its source.
#[derive(Debug)]
pub(crate) struct WebPStyle {
    pub(crate) is_lossy: bool,
    profile: Vec<u8>,
    exif: Vec<u8>,
    xmp: Vec<u8>,
}

impl WebPStyle {
    /// Leaves out metadata.
    pub(crate) fn strip(&mut self) {
        (self.exif, self.xmp) = Default::default();
    }
}

impl<'f> WebP<'f> {
    pub(crate) fn open(file: &'f [u8], limits: &Limits) -> Result<(Header, Self), PictureError> {
        let parts = Self::of(file)?;
        let (width, height) = parts.dimensions().ok_or(TRUNCATED)?;
        if parts.canvas.is_some_and(|canvas| canvas != (width, height)) {
            return Err(PictureError::corrupt(
                Format::WebP,
                "its canvas and its picture differ in size",
            ));
        }
        // The pixels; four channels of them while they are unpacked or packed; and the packed file.
        // Beside them, the source in its new container.
        let pixels = u64::from(width) * u64::from(height);
        let channels = if parts.has_alpha() { 4 } else { 3 };
        let working_bytes = pixels * (channels + 4 + channels) + file.len() as u64;
        limits.check(width, height, working_bytes)?;
        let header = Header {
            format: Format::WebP,
            width,
            height,
            orientation: parts.exif.map_or(Orientation::Upright, exif::orientation),
            working_bytes,
            edit_bytes: None,
            is_read_small: false,
        };
        Ok((header, parts))
    }

    pub(crate) fn decode(&self) -> Result<(Raster, WebPStyle), PictureError> {
        let essence = self.essence()?;
        let mut decoder = WebPDecoder::new(Cursor::new(&*essence)).map_err(refused)?;
        let size = decoder.dimensions();
        if Some(size) != self.dimensions() {
            return Err(PictureError::corrupt(Format::WebP, "its headers disagree"));
        }
        let mut data = vec![0; decoder.output_buffer_size().unwrap_or(0)];
        decoder.read_image(&mut data).map_err(refused)?;
        let space = if decoder.has_alpha() {
            Space::Rgba
        } else {
            Space::Rgb
        };
        let orientation = self.exif.map(exif::orientation);
        let pose = Pose::upright(orientation.unwrap_or_default());
        let exif = self.exif.and_then(|block| exif::passed_on(block, pose));
        let xmp = self
            .xmp
            .and_then(|packet| xmp::passed_on(packet, pose.orientation));
        let style = WebPStyle {
            is_lossy: self.is_lossy(),
            profile: self.profile.unwrap_or_default().to_vec(),
            exif: exif.unwrap_or_default(),
            xmp: xmp.unwrap_or_default(),
        };
        Ok((Raster::new(space, Depth::Eight, size, data), style))
    }
}

pub(crate) fn encode(
    raster: Raster,
    orientation: Orientation,
    style: WebPStyle,
) -> Result<Vec<u8>, PictureError> {
    let (width, height) = orientation.upright(raster.width, raster.height);
    let colour = if raster.space == Space::Rgba {
        ColorType::Rgba8
    } else {
        ColorType::Rgb8
    };
    let pixels = raster.into_upright(orientation);
    let mut file = Vec::new();
    let mut encoder = WebPEncoder::new(&mut file);
    encoder.set_icc_profile(style.profile);
    encoder.set_exif_metadata(style.exif);
    encoder.set_xmp_metadata(style.xmp);
    encoder
        .encode(&pixels, width, height, colour)
        .map_err(|error| PictureError::encode(Format::WebP, error))?;
    Ok(file)
}

/// Tells a file that ends early from one that is damaged, and from one that is not supported.
fn refused(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            TRUNCATED
        }
        DecodingError::UnsupportedFeature(_) => PictureError::Unsupported {
            what: "WebP (with features that nobody uses)",
        },
        error => PictureError::corrupt(Format::WebP, error),
    }
}

const TRUNCATED: PictureError = PictureError::Truncated {
    format: Format::WebP,
};

/// Length of the header of a file, and that of a chunk.
const FILE_HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;

/// A file, taken apart as far as its parts are of use.
#[derive(Debug, Default)]
pub(crate) struct WebP<'a> {
    canvas: Option<(u32, u32)>,
    profile: Option<&'a [u8]>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
    /// The pixels with their kind, and their transparency.
    pixels: Option<([u8; 4], &'a [u8])>,
    alpha: Option<&'a [u8]>,
}

impl<'a> WebP<'a> {
    fn of(file: &'a [u8]) -> Result<Self, PictureError> {
        let file = within(file).ok_or(TRUNCATED)?;
        let mut parts = Self::default();
        let mut frames = Vec::new();
        for (kind, data) in chunks(&file[FILE_HEADER..]) {
            match &kind {
                b"VP8X" => parts.canvas = parts.canvas.or(canvas(data)),
                b"ICCP" => parts.profile = parts.profile.or(Some(data)),
                b"EXIF" => parts.exif = parts.exif.or(Some(data)),
                b"XMP " => parts.xmp = parts.xmp.or(Some(data)),
                b"ANMF" if frames.len() < 2 => frames.push(data),
                _ => parts.take(kind, data),
            }
        }
        match (parts.pixels, frames.as_slice()) {
            (Some(_), _) => Ok(parts),
            (None, []) => Err(PictureError::corrupt(Format::WebP, "it has no picture")),
            (None, [only]) => parts.animated_by(only),
            (None, _) => Err(ANIMATED),
        }
    }

    fn take(&mut self, kind: [u8; 4], data: &'a [u8]) {
        match &kind {
            b"VP8 " | b"VP8L" => self.pixels = self.pixels.or(Some((kind, data))),
            b"ALPH" if self.pixels.is_none() => self.alpha = self.alpha.or(Some(data)),
            _ => {}
        }
    }

    /// An animation of one frame is a still picture, if the frame is all there is to see.
    fn animated_by(mut self, frame: &'a [u8]) -> Result<Self, PictureError> {
        let Some(([x, y, width, height], rest)) = frame_header(frame) else {
            return Err(TRUNCATED);
        };
        if self.canvas != Some((width + 1, height + 1)) || (x, y) != (0, 0) {
            return Err(ANIMATED);
        }
        for (kind, data) in chunks(rest) {
            self.take(kind, data);
        }
        if self.pixels.is_none() {
            return Err(PictureError::corrupt(
                Format::WebP,
                "its frame has no picture",
            ));
        }
        Ok(self)
    }

    fn is_lossy(&self) -> bool {
        self.pixels.is_some_and(|(kind, _)| kind == *b"VP8 ")
    }

    /// Width and height as the pixels state them.
    fn dimensions(&self) -> Option<(u32, u32)> {
        let (_, data) = self.pixels?;
        if self.is_lossy() {
            return lossy_size(data).map(|[width, height]| (width.into(), height.into()));
        }
        let sides = number(data, 1)?;
        Some(((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1))
    }

    fn has_alpha(&self) -> bool {
        match self.pixels {
            Some((kind, data)) if kind == *b"VP8L" => {
                number(data, 1).is_some_and(|header| header >> 28 & 1 == 1)
            }
            _ => self.alpha.is_some(),
        }
    }

    /// A file of the pixels alone.
    fn essence(&self) -> Result<Vec<u8>, PictureError> {
        let (kind, data) = self.pixels.unwrap_or_default();
        let alpha = self.alpha.filter(|_| self.is_lossy());
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        if let Some(alpha) = alpha {
            let [width, height] = lossy_size(data).ok_or(TRUNCATED)?;
            let mut extended = vec![0x10, 0, 0, 0]; // There is alpha.
            for side in [width, height] {
                extended.extend(&u32::from(side.wrapping_sub(1)).to_le_bytes()[..3]);
            }
            write_chunk(*b"VP8X", &extended, &mut file);
            write_chunk(*b"ALPH", alpha, &mut file);
        }
        write_chunk(kind, data, &mut file);
        let length = u32::try_from(file.len() - CHUNK_HEADER).unwrap_or(u32::MAX);
        file[4..8].copy_from_slice(&length.to_le_bytes());
        Ok(file)
    }
}

const ANIMATED: PictureError = PictureError::Animated {
    format: Format::WebP,
};

fn canvas(data: &[u8]) -> Option<(u32, u32)> {
    Some((short(data, 4)? + 1, short(data, 7)? + 1))
}

/// Offset and size of a frame, the former in pairs of pixels, the latter less one; and its chunks.
fn frame_header(frame: &[u8]) -> Option<([u32; 4], &[u8])> {
    let numbers = [
        short(frame, 0)?,
        short(frame, 3)?,
        short(frame, 6)?,
        short(frame, 9)?,
    ];
    Some((numbers, frame.get(16..)?))
}

/// Width and height of lossy pixels: behind the tag of the frame and the start code, without the
/// bits that say how to enlarge them.
fn lossy_size(data: &[u8]) -> Option<[u16; 2]> {
    let &[a, b, c, d] = data.get(6..)?.first_chunk()?;
    Some([[a, b], [c, d]].map(|side| u16::from_le_bytes(side) & 0x3fff))
}

/// A number of three bytes.
fn short(data: &[u8], at: usize) -> Option<u32> {
    let &[a, b, c] = data.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

fn chunks(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let kind = *rest.first_chunk()?;
        let length = usize::try_from(number(rest, 4)?).ok()?;
        let data = rest.get(CHUNK_HEADER..)?.get(..length)?;
        rest = rest
            .get(CHUNK_HEADER + length + length % 2..)
            .unwrap_or_default();
        Some((kind, data))
    })
}

fn write_chunk(kind: [u8; 4], data: &[u8], to: &mut Vec<u8>) {
    to.extend(kind);
    to.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    to.extend(data);
    to.resize(to.len().next_multiple_of(2), 0);
}

/// The file up to the end that it states, if each of its chunks lies within.
fn within(file: &[u8]) -> Option<&[u8]> {
    let end = usize::try_from(number(file, 4)?).ok()?.checked_add(8)?;
    let file = file.get(..end)?;
    let mut at = FILE_HEADER;
    while at < end {
        let length = usize::try_from(number(file, at + 4)?).ok()?;
        let next = at.checked_add(8)?.checked_add(length)?;
        if next > end {
            return None;
        }
        at = next + length % 2; // The last one's padding is often missing.
    }
    Some(file)
}

fn number(file: &[u8], at: usize) -> Option<u32> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(claim: u32, chunks: &[(u32, usize)]) -> Vec<u8> {
        let mut file = [b"RIFF".as_slice(), &claim.to_le_bytes(), b"WEBP"].concat();
        for &(claim, length) in chunks {
            file.extend(b"VP8 ");
            file.extend(claim.to_le_bytes());
            file.resize(file.len() + length, 0);
        }
        file
    }

    #[test]
    fn claims_are_held_against_the_length() {
        let cases = [
            ("one chunk", file(16, &[(4, 4)]), Some(24)),
            (
                "two, one of them odd",
                file(26, &[(3, 4), (2, 2)]),
                Some(34),
            ),
            ("without the last padding", file(15, &[(3, 3)]), Some(23)),
            ("with an appendix", file(16, &[(4, 99)]), Some(24)),
            ("a chunk too long", file(16, &[(5, 4)]), None),
            (
                "a chunk as long as can be",
                file(16, &[(u32::MAX, 4)]),
                None,
            ),
            ("half a chunk header", file(15, &[(4, 4)]), None),
            ("longer than it is", file(17, &[(4, 4)]), None),
            ("as long as can be", file(u32::MAX, &[(4, 4)]), None),
            ("nothing", vec![], None),
        ];
        for (name, file, expected) in cases {
            assert_eq!(within(&file).map(<[u8]>::len), expected, "{name}");
        }
    }
}
