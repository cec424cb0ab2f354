//! Still GIFs: palette indices, of a palette that the drawing must find its colours in.
//!
//! The `gif` crate decodes, and packs indices. The blocks around them are walked without decoding
//! any ([`blocks`]): an animated file is told from a still one, and all that stays true is copied
//! ([`style`]), so that a result differs from its source in what is drawn alone.

mod blocks;
mod style;

pub(crate) use style::{GifStyle, encode};

use gif::{ColorOutput, DecodeOptions, DecodingError, Frame, MemoryLimit};

use self::blocks::{FirstFrame, is_animated};
use crate::colour::Space;
use crate::error::PictureError;
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::palette::{Alpha, Palette, Rgba};
use crate::raster::{Depth, Raster};

/// A file whose first frame is found.
#[derive(Debug)]
pub(crate) struct Gif<'f> {
    file: &'f [u8],
    /// Width and height in pixels.
    canvas: (u32, u32),
}

impl<'f> Gif<'f> {
    pub(crate) fn open(file: &'f [u8], limits: &Limits) -> Result<(Header, Self), PictureError> {
        let frame = FirstFrame::of(file).ok_or(TRUNCATED)?;
        let (width, height) = frame.canvas();
        let pixels = u64::from(width) * u64::from(height);
        // The indices, in the frame and on the canvas; then those and their packed form, which has
        // twelve bits for each at worst, twice.
        let working_bytes = 4 * pixels + file.len() as u64;
        let limits = Limits {
            max_side: limits.max_side.min(u16::MAX.into()),
            ..*limits
        };
        limits.check(width, height, working_bytes)?;
        if is_animated(file) {
            return Err(PictureError::Animated {
                format: Format::Gif,
            });
        }
        let header = Header {
            format: Format::Gif,
            width,
            height,
            orientation: Orientation::Upright,
            working_bytes,
            edit_bytes: None,
            scaled_bytes: None,
        };
        let canvas = (width, height);
        Ok((header, Self { file, canvas }))
    }

    pub(crate) fn decode(&self) -> Result<(Raster, GifStyle), PictureError> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        options.set_memory_limit(MemoryLimit::Unlimited); // The header is checked.
        let mut decoder = options.read_info(self.file).map_err(refused)?;
        let frame = decoder.next_frame_info().map_err(refused)?.cloned();
        let frame = frame.ok_or_else(|| PictureError::corrupt(Format::Gif, "it has no picture"))?;
        let mut numbers = vec![0; usize::from(frame.width) * usize::from(frame.height)];
        decoder.read_into_buffer(&mut numbers).map_err(refused)?;
        let table = frame.palette.as_deref().or(decoder.global_palette());
        let mut colours = colours(table.unwrap_or_default(), frame.transparent);
        let data = if (frame.width.into(), frame.height.into()) == self.canvas {
            numbers
        } else {
            let around = clear_number(&mut colours, &numbers, decoder.bg_color());
            on_canvas(&frame, &numbers, around, self.canvas)
        };
        let raster = Raster {
            palette: Some(Palette::new(colours, Alpha::AllOrNothing, false)),
            ..Raster::new(Space::Grey, Depth::Eight, self.canvas, data)
        };
        let style = GifStyle::of(self.file, &frame, decoder.global_palette());
        Ok((raster, style))
    }
}

/// The colours of a table, the one with this index being transparent.
fn colours(table: &[u8], clear: Option<u8>) -> Vec<Rgba> {
    let colours = table.as_chunks().0.iter();
    let mut colours: Vec<Rgba> = colours.map(|&[r, g, b]| [r, g, b, 255]).collect();
    if let Some(clear) = clear.map(usize::from) {
        let missing = (clear + 1).saturating_sub(colours.len());
        colours.extend(std::iter::repeat_n([0, 0, 0, 255], missing));
        colours[clear][3] = 0;
    }
    colours
}

/// The index of a transparent colour, for the canvas around the frame: the one there is, else a
/// new one. Where 256 are in use, the background is not transparent, but of its old colour.
fn clear_number(colours: &mut Vec<Rgba>, numbers: &[u8], background: Option<usize>) -> u8 {
    let number = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
    if let Some(clear) = colours.iter().position(|colour| colour[3] == 0) {
        return number(clear);
    }
    if colours.len() < 256 {
        colours.push([0; 4]);
        return number(colours.len() - 1);
    }
    let mut is_used = [false; 256];
    for &used in numbers {
        is_used[usize::from(used)] = true;
    }
    match is_used.iter().position(|is_used| !is_used) {
        Some(unused) => {
            colours[unused] = [0; 4];
            number(unused)
        }
        None => number(background.unwrap_or(0)),
    }
}

fn on_canvas(
    frame: &Frame<'_>,
    numbers: &[u8],
    around: u8,
    (width, height): (u32, u32),
) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let mut canvas = vec![around; width * height];
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let rows = numbers.chunks_exact(usize::from(frame.width).max(1));
    for (to, from) in canvas.chunks_exact_mut(width).skip(top).zip(rows) {
        to[left..left + from.len()].copy_from_slice(from);
    }
    canvas
}

fn refused(error: DecodingError) -> PictureError {
    match error {
        DecodingError::UnexpectedEof => TRUNCATED,
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => TRUNCATED,
        error => PictureError::corrupt(Format::Gif, error),
    }
}

const TRUNCATED: PictureError = PictureError::Truncated {
    format: Format::Gif,
};
