//! WebP, lossy ([`lossy`]) and lossless.
//!
//! The decoder gets the pixels in a container of our own: it would refuse files that announce
//! metadata and have none, and set aside the length that a chunk claims, up to four gigabytes,
//! before it reads any of it.

mod chunks;
mod likeness;
mod lossy;

use std::io::Cursor;

use image_webp::{ColorType, DecodingError, WebPDecoder, WebPEncoder};

use self::chunks::{canvas, chunks, frame_header, lossy_size, number, within, write_chunk};
use self::lossy::Lossy;
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
    lossy: Option<Lossy>,
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
        // The pixels; four channels of them while they are unpacked or packed, and brightness and
        // colours if they are lossy; and the packed file. Beside them, the source in its new
        // container.
        let pixels = u64::from(width) * u64::from(height);
        let channels = if parts.has_alpha() { 4 } else { 3 };
        let lossy = if parts.is_lossy() { 3 } else { 0 };
        let working_bytes = pixels * (channels + 4 + channels + lossy) + file.len() as u64;
        limits.check(width, height, working_bytes)?;
        let header = Header {
            format: Format::WebP,
            width,
            height,
            orientation: parts.exif.map_or(Orientation::Upright, exif::orientation),
            working_bytes,
            edit_bytes: None,
            scaled_bytes: None,
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
            lossy: self.lossy(),
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
    let space = raster.space;
    let pixels = raster.into_upright(orientation);
    if let Some(lossy) = style.lossy {
        let file = lossy.encode(&pixels, (width, height), space)?;
        let parts = WebP {
            profile: kept(&style.profile),
            exif: kept(&style.exif),
            xmp: kept(&style.xmp),
            ..WebP::of(&file)?
        };
        return parts.file();
    }
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

fn kept(chunk: &[u8]) -> Option<&[u8]> {
    (!chunk.is_empty()).then_some(chunk)
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

/// A JPEG has this before the same block.
const EXIF_PREFIX: usize = b"Exif\0\0".len();

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

    pub(crate) fn is_lossy(&self) -> bool {
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

    /// How the pixels were made, if they are lossy.
    fn lossy(&self) -> Option<Lossy> {
        let (_, data) = self.pixels.filter(|_| self.is_lossy())?;
        Some(Lossy::of(data, self.alpha))
    }

    /// The same picture as it is stored, with what is true of it: for one that nothing is drawn
    /// upon, and that would lose by being coded again.
    pub(crate) fn copy(&self, keeps_metadata: bool) -> Result<Vec<u8>, PictureError> {
        let orientation = self.exif.map(exif::orientation).unwrap_or_default();
        let pose = Pose::stored(orientation);
        let exif = self.exif.filter(|_| keeps_metadata);
        let exif = exif.and_then(|block| exif::passed_on(block, pose));
        let exif = exif.or_else(|| {
            let is_turned = orientation != Orientation::Upright;
            is_turned.then(|| exif::orientation_alone(orientation)[EXIF_PREFIX..].to_vec())
        });
        let xmp = self.xmp.filter(|_| keeps_metadata);
        let xmp = xmp.and_then(|packet| xmp::passed_on(packet, orientation));
        let copy = WebP {
            canvas: None,
            profile: self.profile,
            exif: exif.as_deref(),
            xmp: xmp.as_deref(),
            pixels: self.pixels,
            alpha: self.alpha,
        };
        copy.file()
    }

    /// A file of the pixels alone.
    fn essence(&self) -> Result<Vec<u8>, PictureError> {
        let essence = Self {
            pixels: self.pixels,
            alpha: self.alpha.filter(|_| self.is_lossy()),
            ..Self::default()
        };
        essence.file()
    }

    /// A file of all parts.
    fn file(&self) -> Result<Vec<u8>, PictureError> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        let (kind, data) = self.pixels.unwrap_or_default();
        let before = [(*b"ICCP", self.profile, 0x20), (*b"ALPH", self.alpha, 0x10)];
        let behind = [(*b"EXIF", self.exif, 8), (*b"XMP ", self.xmp, 4)];
        let parts = before.iter().chain(&behind);
        let flags = parts.fold(0, |flags, (_, part, flag)| {
            flags | if part.is_some() { *flag } else { 0_u8 }
        });
        if flags != 0 {
            let (width, height) = self.dimensions().ok_or(TRUNCATED)?;
            let mut extended = vec![flags, 0, 0, 0];
            for side in [width, height] {
                extended.extend(&side.wrapping_sub(1).to_le_bytes()[..3]);
            }
            write_chunk(*b"VP8X", &extended, &mut file);
        }
        let pixels = [(kind, Some(data), 0)];
        for (kind, part, _) in before.iter().chain(&pixels).chain(&behind) {
            if let Some(part) = part {
                write_chunk(*kind, part, &mut file);
            }
        }
        let length = u32::try_from(file.len() - CHUNK_HEADER).unwrap_or(u32::MAX);
        file[4..8].copy_from_slice(&length.to_le_bytes());
        Ok(file)
    }
}

const ANIMATED: PictureError = PictureError::Animated {
    format: Format::WebP,
};
