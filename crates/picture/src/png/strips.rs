//! Reads and writes a picture in strips of a few rows, so that it is never held as a whole.
//!
//! What depends on all pixels is found out in a pass over them before the one that writes: which
//! indices of a palette are free, how deep a grey must be. Reading takes a fraction of the time that
//! writing takes.

use std::ops::Range;

use image::RgbImage;

use super::samples::{self, Shades, Target};
use super::{Png, refused, write};
use crate::error::PictureError;
use crate::lay::{Laying, Survey, inks};
use crate::raster::{Depth, Raster};
use crate::sheet::{SIDE, Sheet};
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

    /// The result of laying `sheet` over a picture that is stored upright.
    pub(crate) fn edit(
        &self,
        sheet: &Sheet,
        keeps_metadata: bool,
    ) -> Result<Vec<u8>, PictureError> {
        let size = self.parts.dimensions();
        let palette = self.palette()?;
        let mut laying = self.laying(sheet)?;
        let mut shades = Shades::of(self.samples);
        if Shades::matter(self.samples) {
            self.strips(|rows, strip| {
                laying.lay(strip, inks(sheet, rows, size.0));
                shades.take(strip);
                Ok(())
            })?;
        }
        let wider = laying.palette().cloned();
        let (space, depth) = self.samples.raster();
        let target = Target::of((laying.space(space), depth), wider.as_ref(), &shades);
        let mut style = self.style(palette);
        if !keeps_metadata {
            style.strip();
        }
        // Hardly ever too little; memory that is not written to is not taken.
        let file = Vec::with_capacity(2 * self.file.len() + (64 << 10));
        write(size, &target, style, file, |put| {
            let mut line = Vec::new();
            self.strips(|rows, strip| {
                laying.lay(strip, inks(sheet, rows, size.0));
                for row in strip.data.chunks_exact(strip.row_bytes()) {
                    line.clear();
                    line.extend_from_slice(row);
                    put(strip, &mut line)?;
                }
                Ok(())
            })
        })
    }

    fn laying(&self, sheet: &Sheet) -> Result<Laying, PictureError> {
        let Some(palette) = self.palette()? else {
            return Ok(Laying::Colours);
        };
        let (width, _) = self.parts.dimensions();
        let mut survey = Survey::of(palette);
        self.strips(|rows, strip| {
            survey.take(&strip.data, inks(sheet, rows, width));
            Ok(())
        })?;
        Ok(survey.laying())
    }

    /// Calls `each` with the rows of every strip and their pixels, without their palette.
    fn strips(
        &self,
        mut each: impl FnMut(Range<u32>, &mut Raster) -> Result<(), PictureError>,
    ) -> Result<(), PictureError> {
        let (width, height) = self.parts.dimensions();
        let mut reader = self.reader()?;
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
                read.map_err(|error| refused(error, &self.parts))?;
                if self.is_packed() {
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
