//! The scans of a file, and where in their code one is at regular places.

use crate::PictureError;
use crate::jpeg::code::{Codings, Cursor, Scan};
use crate::jpeg::scans::Scans;
use crate::jpeg::structure::Structure;

/// What a file holds, all of it found to be readable.
#[derive(Debug)]
pub(super) struct Source<'f> {
    structure: &'f Structure<'f>,
    pub(super) scans: Vec<Index<'f>>,
}

/// A scan with places to begin at.
#[derive(Debug)]
pub(super) struct Index<'f> {
    pub(super) scan: Scan,
    /// Units of this scan in one of the picture, across and down.
    pub(super) units: (u32, u32),
    /// Row by row.
    places: Vec<Cursor<'f>>,
    /// Units of this scan from one place to the next, and places in a row.
    step: u32,
    in_row: u32,
}

impl<'f> Source<'f> {
    /// Reads all of `file`, noting a place in every row after each `step` units.
    pub(super) fn read(
        file: &'f [u8],
        structure: &'f Structure<'f>,
        step: u32,
    ) -> Result<Self, PictureError> {
        let mut scans = Scans::of(file, structure);
        let mut indexes = vec![];
        while let Some((scan, mut cursor)) = scans.next()? {
            let mut index = Index::new(scan, structure, step);
            index
                .read(&mut cursor)
                .ok_or_else(|| cursor.damage(&index.scan.units))?;
            scans.resume(&index.scan, &cursor)?;
            indexes.push(index);
        }
        Ok(Self {
            structure,
            scans: indexes,
        })
    }

    /// The codings of each component, all of which came.
    pub(super) fn codings(&self) -> Vec<Codings> {
        let parts = || self.scans.iter().flat_map(|index| &index.scan.parts);
        let coding = |component| {
            let part = parts().find(|part| part.component == component)?;
            Some(part.codings.clone())
        };
        (0..self.structure.components.len())
            .filter_map(coding)
            .collect()
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
    pub(super) fn place(&self, column: u32, row: u32) -> Option<Cursor<'f>> {
        let place = row * self.in_row + column / self.step;
        self.places.get(place as usize).copied()
    }
}
