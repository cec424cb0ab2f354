//! The upright view of a component, some lines at a time.

use image::GrayImage;

use crate::jpeg::brush::Divisors;
use crate::jpeg::dct::Square;
use crate::jpeg::frame::Component;
use crate::jpeg::scaled;
use crate::jpeg::structure::Structure;
use crate::orientation::{Orientation, Strides};

/// The most samples along a side of an MCU that the encoder writes.
const UNIT: u32 = 16;

/// A component, as far as it was read.
pub(super) struct View {
    orientation: Orientation,
    strides: Strides,
    /// Where each column begins, as far as blocks go, and how many of the first ones lie side by side.
    columns: Vec<usize>,
    straight: usize,
    /// The row of samples that each line is, as far as blocks go.
    rows: Vec<u32>,
    /// Rows of the picture in a line, and in a row of samples.
    line_height: u32,
    row_height: u32,
    lines: Vec<f32>,
    pub(super) divisors: Divisors,
}

impl View {
    /// Of samples in this size, for a component of this structure. It goes on to the end of the last blocks,
    /// where the last samples are repeated. Where there are too few, each is repeated.
    pub(super) fn of(
        size: (u32, u32),
        orientation: Orientation,
        component: &Component,
        structure: &Structure<'_>,
    ) -> Self {
        let (width, height) = orientation.upright(size.0, size.1);
        let wanted = scaled::stored(component, structure);
        let along = |wanted: u32, stored: u32| {
            let few = stored.min(wanted);
            let places = 0..wanted.next_multiple_of(UNIT);
            places.map(move |at| (at * few / wanted).min(few.saturating_sub(1)))
        };
        let strides = orientation.strides(size.0, size.1);
        let columns: Vec<_> = along(wanted.0, width)
            .map(|x| strides.index(x, 0))
            .collect();
        let straight = (strides.index(0, 0)..).zip(&columns);
        Self {
            orientation,
            strides,
            straight: straight.take_while(|(at, column)| at == *column).count(),
            columns,
            rows: along(wanted.1, height).collect(),
            line_height: (structure.sampling().1 / component.vertical).into(),
            row_height: u32::from(structure.height).div_ceil(height),
            lines: Vec::new(),
            divisors: Divisors::of(&component.table),
        }
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }

    /// Reads the line that begins at this row of the picture, if one does, from a strip that so many rows are
    /// above of. Where samples are three rows high, and lines but two, its row of samples may begin in the
    /// strip before, or in the next one.
    pub(super) fn read(&mut self, row: u32, strip: &GrayImage, above: u32) -> Option<()> {
        if !row.is_multiple_of(self.line_height) {
            return Some(());
        }
        let row = *self.rows.get((row / self.line_height) as usize)?;
        let (_, rows) = self.orientation.upright(strip.width(), strip.height());
        let row = row.saturating_sub(above / self.row_height);
        let begin = self.strides.index(0, row.min(rows.saturating_sub(1)));
        let (straight, others) = self.columns.split_at(self.straight);
        let samples = strip.as_raw();
        let straight = samples.get(begin..begin + straight.len())?.iter();
        self.lines.extend(straight.map(|sample| f32::from(*sample)));
        let first = self.strides.index(0, 0);
        for column in others {
            let sample = samples.get(begin + column - first)?;
            self.lines.push(f32::from(*sample));
        }
        Some(())
    }

    /// The samples of a block of these lines.
    pub(super) fn block(&self, column: u32, row: u32) -> Option<Square> {
        let mut block = [[0.0; 8]; 8];
        let lines = self.lines.chunks_exact(self.columns.len());
        for (to, line) in block.iter_mut().zip(lines.skip(8 * row as usize)) {
            *to = *line.get(8 * column as usize..)?.first_chunk()?;
        }
        Some(block)
    }
}
