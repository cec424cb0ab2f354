//! The scans of a file, and where in their code one is at regular places.

use std::ops::Range;

use super::layout::Part;
use crate::error::PictureError;
use crate::jpeg::code::{Codings, Cursor, Scan};
use crate::jpeg::file::Jpeg;
use crate::jpeg::scans;
use crate::jpeg::structure::Structure;

/// The scans of a file, all of them found to be readable.
#[derive(Debug)]
pub(crate) struct Source<'f> {
    components: usize,
    pub(crate) scans: Vec<Index<'f>>,
}

/// A scan with places to begin at.
#[derive(Debug)]
pub(crate) struct Index<'f> {
    pub(crate) scan: Scan,
    /// Units of this scan in one of the picture, across and down.
    units: (u32, u32),
    /// Row by row.
    places: Vec<Cursor<'f>>,
    /// Units of this scan from one place to the next, and places in a row.
    step: u32,
    in_row: u32,
}

impl<'f> Source<'f> {
    /// Has `read` read each scan from a cursor at the beginning of its data.
    pub(crate) fn read(
        jpeg: &Jpeg<'f>,
        mut read: impl FnMut(&mut Index<'f>, &mut Cursor<'f>) -> Option<()>,
    ) -> Result<Self, PictureError> {
        let mut indexes = vec![];
        scans::each(jpeg, |scan, cursor| {
            let mut index = Index::new(scan, &jpeg.structure);
            read(&mut index, cursor)?;
            indexes.push(index);
            Some(())
        })?;
        Ok(Self {
            components: jpeg.structure.components.len(),
            scans: indexes,
        })
    }

    /// The codings of each component, all of which came.
    pub(crate) fn codings(&self) -> Vec<Codings> {
        let parts = || self.scans.iter().flat_map(|index| &index.scan.parts);
        let coding = |component| {
            let part = parts().find(|part| part.component == component)?;
            Some(part.codings.clone())
        };
        (0..self.components).filter_map(coding).collect()
    }
}

impl<'f> Index<'f> {
    fn new(scan: Scan, structure: &Structure<'_>) -> Self {
        let units = match scan.parts.as_slice() {
            [alone] => structure.components[alone.component].blocks(),
            _ => (1, 1),
        };
        Self {
            scan,
            units,
            places: Vec::new(),
            step: 1,
            in_row: 0,
        }
    }

    /// Goes through the data, at whose beginning `cursor` is, and notes a place in every row after each
    /// `step` units of the picture.
    pub(crate) fn note(&mut self, step: u32, cursor: &mut Cursor<'f>) -> Option<()> {
        let (columns, rows) = self.scan.units.count;
        self.step = step.saturating_mul(self.units.0).max(1);
        self.in_row = columns.div_ceil(self.step);
        self.places.reserve((self.in_row * rows) as usize);
        for _ in 0..rows {
            for column in 0..columns {
                if column % self.step == 0 {
                    self.places.push(*cursor);
                }
                cursor.skip(&self.scan)?;
            }
        }
        Some(())
    }

    /// Just before a unit of this scan, whose column must be that of a place.
    pub(crate) fn place(&self, column: u32, row: u32) -> Option<Cursor<'f>> {
        let place = row * self.in_row + column / self.step;
        self.places.get(place as usize).copied()
    }

    /// The columns and rows of units of this scan that are in this part of the picture.
    pub(crate) fn within(&self, part: &Part) -> (Range<u32>, Range<u32>) {
        let within = |units: &Range<u32>, times: u32, most: u32| {
            (units.start * times).min(most)..(units.end * times).min(most)
        };
        let most = self.scan.units.count;
        (
            within(&part.stored_columns, self.units.0, most.0),
            within(&part.stored_rows, self.units.1, most.1),
        )
    }
}
