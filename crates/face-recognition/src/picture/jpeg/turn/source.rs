//! The scans of a file, and where in their code one is at regular places.

use crate::picture::jpeg::code::{Codings, Cursor, Scan, Tables};
use crate::picture::jpeg::kept::COMMENT;
use crate::picture::jpeg::structure::{
    END_OF_IMAGE, HUFFMAN, QUANTISATION, RESTART_INTERVAL, START_OF_IMAGE, START_OF_SCAN,
    Structure, next_marker, segment,
};

/// What a file holds, all of it found to be readable.
#[derive(Debug)]
pub(super) struct Source<'f> {
    pub(super) structure: &'f Structure<'f>,
    pub(super) scans: Vec<Index<'f>>,
    /// Marker and payload of each segment of metadata before the first scan.
    pub(super) metadata: Vec<(u8, &'f [u8])>,
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
    pub(super) fn read(file: &'f [u8], structure: &'f Structure<'f>, step: u32) -> Option<Self> {
        if structure.progressive {
            return None;
        }
        let mut source = Self {
            structure,
            scans: Vec::new(),
            metadata: Vec::new(),
        };
        let mut tables = Tables::default();
        let mut scanned = vec![false; structure.components.len()];
        let mut frames = 0;
        let mut rest = file;
        loop {
            let (marker, after) = next_marker(rest)?;
            rest = after;
            match marker {
                START_OF_IMAGE => continue,
                END_OF_IMAGE => return scanned.iter().all(|&scanned| scanned).then_some(source),
                _ => {}
            }
            let (payload, after) = segment(rest)?;
            rest = after;
            match marker {
                // All of its tables were read in advance, but one may have come too late.
                QUANTISATION if source.scans.is_empty() => {}
                0xc0 | 0xc1 if frames == 0 => frames = 1,
                HUFFMAN => drop(tables.read_codes(payload)?),
                RESTART_INTERVAL => tables.read_restart_interval(payload)?,
                START_OF_SCAN if frames > 0 => {
                    let scan = Scan::of(payload, structure, &tables, &mut scanned)?;
                    let (index, after) = Index::of(scan, structure, step, rest)?;
                    source.scans.push(index);
                    rest = after;
                }
                0xe0..=0xef if source.scans.is_empty() => source.metadata.push((marker, payload)),
                0xe0..=0xef | COMMENT => {}
                _ => return None,
            }
        }
    }

    /// The codings of each component.
    pub(super) fn codings(&self) -> Option<Vec<Codings>> {
        let parts = || self.scans.iter().flat_map(|index| &index.scan.parts);
        let coding = |component| {
            let part = parts().find(|part| part.component == component)?;
            Some(part.codings.clone())
        };
        (0..self.structure.components.len()).map(coding).collect()
    }
}

impl<'f> Index<'f> {
    /// Reads the `data` of a scan. Returns what follows it, too.
    fn of(
        scan: Scan,
        structure: &Structure<'_>,
        step: u32,
        data: &'f [u8],
    ) -> Option<(Self, &'f [u8])> {
        let units = match scan.parts.as_slice() {
            [alone] => structure.components.get(alone.component)?.blocks(),
            _ => (1, 1),
        };
        let step = step.saturating_mul(units.0).max(1);
        let in_row = scan.units.0.div_ceil(step);
        let mut places = Vec::with_capacity((in_row * scan.units.1) as usize);
        let mut cursor = Cursor::new(data);
        for _ in 0..scan.units.1 {
            for column in 0..scan.units.0 {
                if column % step == 0 {
                    places.push(cursor);
                }
                cursor.skip(&scan)?;
            }
        }
        let index = Self {
            scan,
            units,
            places,
            step,
            in_row,
        };
        Some((index, cursor.from.finish()?))
    }

    /// Just before a unit of this scan, whose column must be that of a place.
    pub(super) fn place(&self, column: u32, row: u32) -> Option<Cursor<'f>> {
        let place = row * self.in_row + column / self.step;
        self.places.get(place as usize).copied()
    }
}
