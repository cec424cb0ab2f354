//! The scans of a file, with cursors at regular places of their data.

use std::ops::Range;

use super::layout::Region;
use crate::error::PictureError;
use crate::jpeg::entropy::{BlockCoder, Cursor, Scan};
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
    /// MCUs of this scan in one of the picture, across and down.
    mcus: (u32, u32),
    /// Row by row.
    places: Vec<Cursor<'f>>,
    /// MCUs of this scan from one place to the next, and places in a row.
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

    /// The coders of each component, all of which came.
    pub(crate) fn coders(&self) -> Vec<BlockCoder> {
        let components = || self.scans.iter().flat_map(|index| &index.scan.components);
        let coder = |index| {
            let component = components().find(|component| component.index == index)?;
            Some(component.coder.clone())
        };
        (0..self.components).filter_map(coder).collect()
    }
}

impl<'f> Index<'f> {
    fn new(scan: Scan, structure: &Structure<'_>) -> Self {
        let mcus = match scan.components.as_slice() {
            [alone] => structure.components[alone.index].blocks(),
            _ => (1, 1),
        };
        Self {
            scan,
            mcus,
            places: Vec::new(),
            step: 1,
            in_row: 0,
        }
    }

    /// Goes through the data, at whose beginning `cursor` is, and notes a place in every row after each
    /// `step` MCUs of the picture.
    pub(crate) fn note(&mut self, step: u32, cursor: &mut Cursor<'f>) -> Option<()> {
        let (columns, rows) = self.scan.mcus.count;
        self.step = step.saturating_mul(self.mcus.0).max(1);
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

    /// Just before an MCU of this scan, whose column must be that of a place.
    pub(crate) fn place(&self, column: u32, row: u32) -> Option<Cursor<'f>> {
        let place = row * self.in_row + column / self.step;
        self.places.get(place as usize).copied()
    }

    /// The columns and rows of MCUs of this scan that are in this region of the picture.
    pub(crate) fn within(&self, region: &Region) -> (Range<u32>, Range<u32>) {
        let within = |mcus: &Range<u32>, times: u32, most: u32| {
            (mcus.start * times).min(most)..(mcus.end * times).min(most)
        };
        let most = self.scan.mcus.count;
        (
            within(&region.stored_columns, self.mcus.0, most.0),
            within(&region.stored_rows, self.mcus.1, most.1),
        )
    }
}
