//! Still GIFs: palette indices, of a palette that the drawing must find its colours in.
//!
//! The blocks of a file are walked here, without decoding any: an animated one is told from a
//! still one, and comments and colour profiles are copied. The `gif` crate decodes and encodes.

use std::borrow::Cow;

use gif::{ColorOutput, DecodeOptions, DecodingError, Encoder, Frame, MemoryLimit};

use crate::colour::Space;
use crate::error::PictureError;
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::palette::{Alpha, Palette, Rgba};
use crate::raster::{Depth, Raster};
use crate::xmp;

/// Where a file states the shape of its pixels.
const ASPECT: usize = 12;

/// Application extensions that are about animation.
const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

/// What the encoder needs to write the result like its source.
#[derive(Debug)]
pub(crate) struct GifStyle {
    /// Comments and the like, ready to be written.
    extensions: Vec<u8>,
    /// The shape of a pixel, as the file writes it.
    aspect: u8,
}

impl GifStyle {
    /// Leaves out metadata.
    pub(crate) fn strip(&mut self) {
        self.extensions.clear();
    }
}

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
            look_bytes: None,
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
        let style = GifStyle {
            extensions: extensions(self.file),
            aspect: self.file.get(ASPECT).copied().unwrap_or(0),
        };
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

pub(crate) fn encode(raster: Raster, style: &GifStyle) -> Result<Vec<u8>, PictureError> {
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    let (width, height) = (side(raster.width), side(raster.height));
    let palette = raster.palette.as_ref();
    let colours = palette.map_or(&[][..], |palette| &palette.colours);
    let clear = colours.iter().position(|colour| colour[3] == 0);
    let table: Vec<u8> = colours.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
    let frame = Frame {
        width,
        height,
        transparent: clear.and_then(|number| u8::try_from(number).ok()),
        buffer: Cow::Owned(raster.data),
        ..Frame::default()
    };
    let written = || {
        let mut encoder = Encoder::new(Vec::new(), width, height, &table)?;
        encoder.get_mut()[ASPECT] = style.aspect;
        encoder.get_mut().extend(&style.extensions);
        encoder.write_frame(&frame)?;
        encoder.into_inner()
    };
    written().map_err(|error| PictureError::encode(Format::Gif, error))
}

/// The extensions before the first frame that stay true, as they are in the file.
fn extensions(file: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut rest = blocks(file).unwrap_or_default();
    while let [b'!', label, body @ ..] = rest {
        let Some(after) = skip_blocks(body) else {
            break;
        };
        let extension = &rest[..rest.len() - after.len()];
        let name = body.get(1..).unwrap_or_default();
        let is_kept = match label {
            0xfe => true, // A comment.
            0xff => !LOOPS.iter().any(|about| name.starts_with(about)),
            _ => false,
        };
        if is_kept && !xmp::holds_picture(extension) {
            kept.extend(extension);
        }
        rest = after;
    }
    kept
}

/// Where the first frame lies on the screen.
struct FirstFrame {
    screen: [u16; 2],
    offset: [u16; 2],
    size: [u16; 2],
}

impl FirstFrame {
    /// `None` if the file ends or goes astray before it.
    fn of(file: &[u8]) -> Option<Self> {
        let screen = two_numbers(file.get(6..)?)?;
        let descriptor = frames(file).next()?;
        let (offset, size) = (two_numbers(descriptor)?, two_numbers(descriptor.get(4..)?)?);
        Some(Self {
            screen,
            offset,
            size,
        })
    }

    /// As large as the screen, or as it must be for the frame, as browsers do it.
    fn canvas(&self) -> (u32, u32) {
        if self.size.contains(&0) {
            return (0, 0);
        }
        let side = |at: usize| {
            let end = u32::from(self.offset[at]) + u32::from(self.size[at]);
            end.max(self.screen[at].into())
        };
        (side(0), side(1))
    }
}

fn two_numbers(bytes: &[u8]) -> Option<[u16; 2]> {
    let &[a, b, c, d] = bytes.first_chunk()?;
    Some([u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])])
}

/// The blocks behind the header and its colour table.
fn blocks(file: &[u8]) -> Option<&[u8]> {
    file.get(13..)?.get(colour_table_len(*file.get(10)?)..)
}

/// Whether a second frame follows the first, and ends. A file that ends early is not called
/// animated: the decoder says better what is wrong with it.
fn is_animated(file: &[u8]) -> bool {
    let mut whole = frames(file).filter_map(after_frame);
    whole.nth(1).is_some()
}

/// The file from the descriptor of each frame on, until it ends or goes astray.
fn frames(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = blocks(file);
    std::iter::from_fn(move || {
        loop {
            match rest? {
                [b'!', _label, blocks @ ..] => rest = skip_blocks(blocks),
                [b',', descriptor @ ..] => {
                    rest = after_frame(descriptor);
                    return Some(descriptor);
                }
                _ => return None,
            }
        }
    })
}

/// The blocks behind a frame: 9 bytes of descriptor, the table, one byte of code size, and its
/// data.
fn after_frame(descriptor: &[u8]) -> Option<&[u8]> {
    let table = colour_table_len(*descriptor.get(8)?);
    skip_blocks(descriptor.get(9 + table + 1..)?)
}

fn colour_table_len(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// Skips sub-blocks, each led by its length, up to and including the empty one.
fn skip_blocks(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, after) = rest.split_first()?;
        rest = after.get(usize::from(length)..)?;
        if length == 0 {
            return Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifEncoder;
    use image::{Frame, RgbaImage};

    use super::*;

    fn gif(frames: usize) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = GifEncoder::new(&mut file);
        for _ in 0..frames {
            encoder
                .encode_frame(Frame::new(RgbaImage::new(9, 7)))
                .unwrap();
        }
        drop(encoder);
        file
    }

    #[test]
    fn several_frames_are_an_animation() {
        for (frames, expected) in [(1, false), (2, true), (5, true)] {
            assert_eq!(is_animated(&gif(frames)), expected, "{frames} frames");
        }
    }

    #[test]
    fn the_canvas_holds_screen_and_frame() {
        let at = |frame: [u16; 4]| {
            let mut file = gif(1);
            let descriptor = file.len() - frames(&file).next().unwrap().len();
            for (place, number) in frame.iter().enumerate() {
                let place = descriptor + 2 * place;
                file[place..place + 2].copy_from_slice(&number.to_le_bytes());
            }
            FirstFrame::of(&file).unwrap().canvas()
        };
        for (name, frame, expected) in [
            ("as large", [0, 0, 9, 7], (9, 7)),
            ("smaller", [2, 3, 7, 4], (9, 7)),
            ("wider", [0, 0, 10, 7], (10, 7)),
            ("moved", [3, 0, 7, 7], (10, 7)),
            ("deeper", [0, 4, 9, 4], (9, 8)),
            ("empty", [0, 4, 0, 4], (0, 0)),
            ("as large as can be", [u16::MAX; 4], (131_070, 131_070)),
        ] {
            assert_eq!(at(frame), expected, "{name}");
        }
    }
}
