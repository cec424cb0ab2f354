//! JPEG in and out, as close to the source as can be.
//!
//! Sequential files, which is what cameras make, are never decoded to pixels: their coefficients are
//! drawn upon ([`patch`](mod@patch)), turned upright ([`turn`](mod@turn)), and scaled down
//! while they are read ([`scaled`]). Those of progressive ones are drawn upon, too
//! ([`progressive`]), and made sequential to be scaled down or turned.
//!
//! Only where turning would move colours by parts of a sample, a picture is decoded. Then its pixels
//! stay `YCbCr` (or CMYK, YCCK, grey), and the encoder gets the source's own quantisation tables and
//! chroma sampling: pixels beside the drawing come out as they went in, up to rounding.
//!
//! The crates that give access to coefficients hold all of them at once, or are C. Editing block by block
//! takes a third of the time and a tenth of the memory of decoding and encoding, and nothing
//! beside the drawing loses quality.
//!
//! A file is damaged if not every block of its picture is there. None is ever made up: a photo
//! of which a part is lost is refused rather than stored as a ruin.

mod brush;
mod colour;
mod dct;
mod encode;
mod entropy;
mod file;
mod frame;
mod iptc;
mod kept;
mod output;
mod patch;
mod pixels;
mod profile;
mod progressive;
mod scaled;
mod scan_header;
mod scans;
mod segments;
mod small;
mod structure;
mod style;
mod table;
mod turn;
mod xmp;

pub(crate) use encode::encode;
pub(crate) use file::Jpeg;
pub(crate) use style::JpegStyle;

use image::RgbImage;

use self::patch::Patch;
use self::segments::{START_OF_SCAN, Segment};
use self::structure::Structure;
use self::turn::Turned;
use crate::error::PictureError;
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::orientation::{Orientation, Pose};
use crate::overlay::Overlay;
use crate::picture::Copy;
use crate::raster::Raster;

/// The longest side in pixels that libjpeg, and so most programs, can show.
const MAX_SIDE: u32 = 65_500;

/// Memory that is taken to make a file sequential that is not.
fn sequential_bytes(jpeg: &Jpeg<'_>) -> u64 {
    if jpeg.structure.is_sequential() {
        return 0;
    }
    let file_bytes = 2 * jpeg.file.len() as u64;
    jpeg.structure.coefficient_bytes() + progressive::working_bytes(&jpeg.structure) + file_bytes
}

impl<'f> Jpeg<'f> {
    /// Reads no picture data, unless the end marker is missing.
    pub(crate) fn open(file: &'f [u8], limits: &Limits) -> Result<(Header, Self), PictureError> {
        let jpeg = Self::parse(file)?;
        let (structure, orientation) = (&jpeg.structure, jpeg.orientation);
        let (width, height) = (structure.width.into(), structure.height.into());
        let pixels = u64::from(width) * u64::from(height);
        let sequential = if structure.is_sequential() { 1 } else { 2 } * file.len();
        let edit_bytes = match orientation {
            Orientation::Upright if structure.is_sequential() => Some(0),
            Orientation::Upright => Some(progressive::working_bytes(structure)),
            orientation => turn::is_exact(structure, orientation).then(|| {
                turn::working_bytes(structure, orientation, sequential) + sequential_bytes(&jpeg)
            }),
        };
        let scaled_bytes = (structure.is_sequential() || structure.can_be_one_scan())
            .then(|| sequential_bytes(&jpeg));
        let plain_bytes = file.len() as u64;
        let decoder_bytes = if structure.is_sequential() {
            plain_bytes + turn::working_bytes(structure, Orientation::Upright, file.len())
        } else {
            structure.coefficient_bytes() + progressive::working_bytes(structure)
        };
        let working_bytes =
            pixels * structure.components.len() as u64 + plain_bytes + decoder_bytes;
        let limits = Limits {
            max_side: limits.max_side.min(MAX_SIDE),
            ..*limits
        };
        let needed = [edit_bytes, scaled_bytes].map(|bytes| bytes.unwrap_or(working_bytes));
        let needed = needed.into_iter().max().unwrap_or(working_bytes);
        limits.check(width, height, needed)?;
        // No block of 64 pixels takes less than a bit.
        if pixels / 64 > 8 * file.len() as u64 {
            return Err(segments::truncated());
        }
        if structure.is_sequential() && !jpeg.is_ended {
            scans::check(&jpeg)?;
        }
        let header = Header {
            format: Format::Jpeg,
            width,
            height,
            orientation,
            working_bytes,
            edit_bytes,
            scaled_bytes,
        };
        Ok((header, jpeg))
    }

    /// Whether the picture must be turned upright, and can be so that every pixel stays as it is.
    pub(crate) fn turns_exactly(&self) -> bool {
        !self.is_upright() && turn::keeps_pixels(&self.structure, self.orientation)
    }

    pub(crate) fn is_upright(&self) -> bool {
        self.orientation == Orientation::Upright
    }

    /// The result of compositing `overlay` over a picture that stands upright, in its coefficients.
    pub(crate) fn patched(&self, overlay: &Overlay) -> Result<Vec<u8>, PictureError> {
        let mut result = self.room(overlay);
        if self.structure.is_sequential() {
            patch::patch(self, overlay, &mut result)?;
        } else {
            progressive::patch(self, overlay, &mut result)?;
        }
        Ok(result)
    }

    /// The upright result of compositing `overlay` over the picture, in its coefficients.
    pub(crate) fn turned(&self, overlay: &Overlay) -> Result<Vec<u8>, PictureError> {
        let mut result = self.room(overlay);
        self.as_sequential(|jpeg| turn::turn(jpeg, overlay, &mut result))?;
        Ok(result)
    }

    /// Hardly ever too little for a result; the bound may be far more.
    fn room(&self, overlay: &Overlay) -> Vec<u8> {
        let most = usize::try_from(self.result_bytes(overlay.tiles())).unwrap_or(usize::MAX);
        Vec::with_capacity(most.min(2 * self.file.len() + (64 << 10)))
    }

    /// Whether the file is sequential, with all components in one scan.
    pub(crate) fn is_one_scan(&self) -> bool {
        let is_scan = |(segment, _): &&(Segment<'_>, _)| segment.marker == START_OF_SCAN;
        self.structure.is_sequential() && self.segments.iter().filter(is_scan).count() == 1
    }

    /// What it takes to lay an overlay over [such](Self::is_one_scan) a picture, which stays as it
    /// lies, within the memory of its file.
    pub(crate) fn patch(&self) -> Result<Patch, PictureError> {
        Patch::of(self)
    }

    /// Whether the whole file is read, and so needed no more, before its upright result is written.
    pub(crate) fn is_turned_at_once(&self) -> bool {
        self.structure.is_sequential() && turn::is_whole(self)
    }

    /// What the upright result of compositing `overlay` over [such](Self::is_turned_at_once) a picture is made of.
    pub(crate) fn turn<'s>(&self, overlay: &'s Overlay) -> Result<Turned<'s>, PictureError> {
        Turned::read(self, overlay)
    }

    /// The same file without the metadata that does not decide how pixels are shown.
    pub(crate) fn stripped(&self) -> Self {
        let mut stripped = self.clone();
        stripped.structure.metadata.retain(kept::decides_display);
        stripped
    }

    /// The file with its picture as it is stored, and with the metadata that a result keeps.
    pub(crate) fn copy(&self) -> Result<Vec<u8>, PictureError> {
        let structure = &self.structure;
        if !structure.is_sequential() {
            let pose = Pose::stored(self.orientation);
            return progressive::checked(self, &structure.metadata, pose);
        }
        let mut result = Vec::with_capacity(self.file.len());
        let nothing = Overlay::new(structure.width.into(), structure.height.into());
        patch::patch(self, &nothing, &mut result)?;
        Ok(result)
    }

    /// The most bytes of a result that so many blocks are drawn upon of, with what is held of these.
    pub(crate) fn result_bytes(&self, blocks: u64) -> u64 {
        /// 64 coefficients of at most 26 bits, and the zeros stuffed between them.
        const BLOCK_BYTES: u64 = 256;
        /// As many as CMYK has.
        const COMPONENTS: u64 = 4;
        /// Tables that the file did without.
        const HEAD_BYTES: u64 = 4096;
        let held = if self.structure.is_sequential() {
            0
        } else {
            progressive::DRAWN_BYTES
        };
        let drawn = blocks.saturating_mul((BLOCK_BYTES + held) * COMPONENTS);
        // Codes that lack symbols are completed, whereby one bit becomes two at worst.
        let copied = 2 * self.file.len() as u64;
        drawn.saturating_add(copied + HEAD_BYTES)
    }

    /// The upright picture in sRGB-like colours, scaled down while it is read.
    pub(crate) fn rgb(&self, max_side: u32) -> Result<RgbImage, PictureError> {
        self.as_sequential(|jpeg| scaled::rgb(jpeg, max_side))
    }

    /// A smaller file, if it can be made while this one is read.
    pub(crate) fn small(&self, max_side: u32, quality: u8) -> Result<Option<Copy>, PictureError> {
        self.as_sequential(|jpeg| small::small(jpeg, max_side, quality))
    }

    /// Works on this file or, if it is progressive, on a sequential one of the same coefficients.
    fn as_sequential<T>(
        &self,
        work: impl FnOnce(&Jpeg<'_>) -> Result<T, PictureError>,
    ) -> Result<T, PictureError> {
        if self.structure.is_sequential() {
            return work(self);
        }
        let file = progressive::sequential(self)?;
        let parsed = Jpeg::parse(&file)?;
        let structure = Structure {
            process: parsed.structure.process,
            ..self.structure.clone()
        };
        work(&Jpeg {
            structure,
            orientation: self.orientation,
            ..parsed
        })
    }

    /// Decodes into the colour space of the file.
    pub(crate) fn decode(&self) -> Result<(Raster, JpegStyle), PictureError> {
        pixels::decode(self)
    }
}
