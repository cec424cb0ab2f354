//! The scans of a file, and where in their code one is at regular places.

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
    pub(crate) units: (u32, u32),
    /// Row by row.
    places: Vec<Cursor<'f>>,
    /// Units of this scan from one place to the next, and places in a row.
    step: u32,
    in_row: u32,
}

impl<'f> Source<'f> {
    /// Reads all of the file, noting a place in every row after each `step` units.
    pub(crate) fn read(jpeg: &Jpeg<'f>, step: u32) -> Result<Self, PictureError> {
        let mut indexes = vec![];
        scans::each(jpeg, |scan, cursor| {
            let mut index = Index::new(scan, &jpeg.structure, step);
            index.read(cursor)?;
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
    fn new(scan: Scan, structure: &Structure<'_>, step: u32) -> Self {
        let units = match scan.parts.as_slice() {
            [alone] => structure.components[alone.component].blocks(),
            _ => (1, 1),
        };
        let step = step.saturating_mul(units.0).max(1);
        Self {
            in_row: scan.units.count.0.div_ceil(step),
            places: Vec::new(),
            scan,
            units,
            step,
        }
    }

    /// Goes through the data, at whose beginning `cursor` is.
    fn read(&mut self, cursor: &mut Cursor<'f>) -> Option<()> {
        let (columns, rows) = self.scan.units.count;
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
}
