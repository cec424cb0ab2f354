//! Reads and writes a picture in strips of a few rows, so that it is never held as a whole.
//!
//! What depends on all pixels is found out in a pass over them before the one that writes: which
//! indices of a palette are free, how deep a grey must be. Reading takes a fraction of the time that
//! writing takes.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;

use image::RgbImage;

use super::chunks::Rest;
use super::in_place::InPlaceBuffer;
use super::samples::{self, Samples, Shades, Target};
use super::{Png, PngStyle, Reader, begun, reader, refused, write};
use crate::composite::{Compositing, PaletteSurvey, drawn_pixels};
use crate::error::PictureError;
use crate::overlay::{Overlay, SIDE};
use crate::raster::{Depth, Raster};
use crate::shrink::{self, Average};

impl Png<'_> {
    /// The upright picture in sRGB-like colours over white, scaled down row by row.
    pub(crate) fn rgb(&self, max_side: u32) -> Result<RgbImage, PictureError> {
        let stored = self.parts.dimensions();
        let target = shrink::fit(stored.0, stored.1, max_side);
        let mut average = Average::<3>::new(stored, target);
        let palette = self.palette()?;
        self.strips(|_rows, strip| {
            strip.palette.clone_from(&palette);
            for row in strip.data.chunks_exact(strip.row_bytes()) {
                let pixels = row.chunks_exact(strip.pixel_bytes());
                average.push(pixels.map(|pixel| strip.shown(pixel)));
            }
            Ok(())
        })?;
        Ok(shrink::turned(target, average.finish(), self.orientation))
    }

    /// What it takes to lay `overlay` over a picture that is stored upright.
    pub(crate) fn edit(
        &self,
        overlay: Overlay,
        keeps_metadata: bool,
    ) -> Result<Edit, PictureError> {
        self.check_data()?;
        let (width, _) = self.parts.dimensions();
        let palette = self.palette()?;
        let mut compositing = self.compositing(&overlay)?;
        let mut shades = Shades::of(self.samples);
        if Shades::matter(self.samples) {
            self.strips(|rows, strip| {
                compositing.draw(strip, drawn_pixels(&overlay, rows, width));
                shades.take(strip);
                Ok(())
            })?;
        }
        let mut style = self.style(palette);
        if !keeps_metadata {
            style.strip();
        }
        Ok(Edit {
            rows: self.rows(),
            compositing,
            shades,
            style,
            overlay,
        })
    }

    /// The result of an edit of this picture.
    pub(crate) fn edited(&self, edit: Edit) -> Result<Vec<u8>, PictureError> {
        // Hardly ever too little; memory that is not written to is not taken.
        let mut file = Vec::with_capacity(2 * self.file.len() + (64 << 10));
        edit.write(reader(&self.parts)?, &mut file)?;
        Ok(file)
    }

    /// Where the pixels lie in the file, and what is around them, for [`Edit::write_over`].
    pub(crate) fn pixels(&self) -> Pixels {
        Pixels {
            place: self.parts.data_place(),
            rest: self.parts.rest(),
        }
    }

    fn compositing(&self, overlay: &Overlay) -> Result<Compositing, PictureError> {
        let Some(palette) = self.palette()? else {
            return Ok(Compositing::Colours);
        };
        let (width, _) = self.parts.dimensions();
        let mut survey = PaletteSurvey::of(palette);
        self.strips(|rows, strip| {
            survey.take(&strip.data, drawn_pixels(overlay, rows, width));
            Ok(())
        })?;
        Ok(survey.decide())
    }

    fn rows(&self) -> Rows {
        Rows {
            size: self.parts.dimensions(),
            samples: self.samples,
            is_ended: self.parts.is_ended,
        }
    }

    fn strips(
        &self,
        each: impl FnMut(Range<u32>, &mut Raster) -> Result<(), PictureError>,
    ) -> Result<(), PictureError> {
        self.rows().strips(self.reader()?, each)
    }
}

/// How the rows of a file are read.
#[derive(Debug, Clone, Copy)]
struct Rows {
    size: (u32, u32),
    samples: Samples,
    is_ended: bool,
}

impl Rows {
    /// Calls `each` with the rows of every strip and their pixels, without their palette.
    fn strips<D: BufRead>(
        self,
        mut reader: Reader<D>,
        mut each: impl FnMut(Range<u32>, &mut Raster) -> Result<(), PictureError>,
    ) -> Result<(), PictureError> {
        let (width, height) = self.size;
        let mut line = vec![0; reader.output_line_size(width).unwrap_or(0)];
        let (space, depth) = self.samples.raster();
        let mut strip = Raster::new(space, depth, (width, SIDE), Vec::new());
        for top in (0..height).step_by(SIDE as usize) {
            let rows = top..(top + SIDE).min(height);
            strip.space = space;
            strip.height = rows.end - rows.start;
            strip.data.clear();
            for _ in rows.clone() {
                let read = reader.read_row(&mut line);
                read.map_err(|error| refused(error, self.is_ended))?;
                if self.samples.is_packed() {
                    strip
                        .data
                        .extend(samples::unpacked(&line, width as usize, self.samples.depth));
                } else {
                    strip.data.extend_from_slice(&line);
                }
            }
            if depth == Depth::Sixteen {
                samples::swap_bytes(&mut strip.data);
            }
            each(rows, &mut strip)?;
        }
        Ok(())
    }
}

/// An edit whose result is still to be written, for which a last pass over the pixels is enough.
pub(crate) struct Edit {
    rows: Rows,
    compositing: Compositing,
    shades: Shades,
    style: PngStyle,
    overlay: Overlay,
}

/// The pixels of a file, packed.
#[derive(Debug)]
pub(crate) struct Pixels {
    place: Range<usize>,
    rest: Rest,
}

/// Bytes that are taken at a time out of a file that is overwritten.
const PIECE: usize = 1 << 14;

impl Edit {
    /// Writes the result into the memory of the file whose edit this is, and whose `pixels` these are.
    pub(crate) fn write_over(self, file: Vec<u8>, pixels: Pixels) -> Result<Vec<u8>, PictureError> {
        let room = InPlaceBuffer::new(file, pixels.place);
        let data = BufReader::with_capacity(PIECE, room.clone());
        let reader = begun(pixels.rest.around(data), self.rows.is_ended)?;
        self.write(reader, room.clone())?;
        Ok(room.finish())
    }

    fn write<D: BufRead>(self, reader: Reader<D>, to: impl Write) -> Result<(), PictureError> {
        let Self {
            rows,
            mut compositing,
            shades,
            style,
            overlay,
        } = self;
        let wider = compositing.palette().cloned();
        let (space, depth) = rows.samples.raster();
        let target = Target::of((compositing.space(space), depth), wider.as_ref(), &shades);
        let (width, _) = rows.size;
        write(rows.size, &target, style, to, |put| {
            let mut line = Vec::new();
            rows.strips(reader, |rows, strip| {
                compositing.draw(strip, drawn_pixels(&overlay, rows, width));
                for row in strip.data.chunks_exact(strip.row_bytes()) {
                    line.clear();
                    line.extend_from_slice(row);
                    put(strip, &mut line)?;
                }
                Ok(())
            })
        })
    }
}
