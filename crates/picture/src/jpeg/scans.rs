//! The scans of a sequential file, one after the other, with the codes that hold for each.

use super::code::{Cursor, Scan, Tables};
use super::scan_header::ScanHeader;
use super::segments::{
    END_OF_IMAGE, HUFFMAN, RESTART_INTERVAL, START_OF_SCAN, Segments, corrupt, truncated,
};
use super::structure::Structure;
use crate::PictureError;

/// Some cameras append a few bytes to the data of a picture, which no program minds.
const SURPLUS: usize = 16;

/// A walk from scan to scan.
pub(super) struct Scans<'f, 's> {
    structure: &'s Structure<'s>,
    segments: Segments<'f>,
    tables: Tables,
    /// Which components came.
    scanned: Vec<bool>,
}

impl<'f, 's> Scans<'f, 's> {
    /// Those of `file`, which `structure` was read from.
    pub(super) fn of(file: &'f [u8], structure: &'s Structure<'s>) -> Self {
        Self {
            structure,
            segments: Segments::of(file),
            tables: Tables::standard(),
            scanned: vec![false; structure.components.len()],
        }
    }

    /// The next scan, and where its data begins; then [`resume`](Self::resume) behind the data.
    /// `None` at the end of the picture.
    ///
    /// # Errors
    /// Damage, also if a component is missing.
    pub(super) fn next(&mut self) -> Result<Option<(Scan, Cursor<'f>)>, PictureError> {
        while let Some(segment) = self.segments.next()? {
            match segment.marker {
                HUFFMAN => self.tables.read_codes(segment.payload)?,
                RESTART_INTERVAL => self.tables.read_restart_interval(segment.payload)?,
                START_OF_SCAN => return self.begin(segment.payload).map(Some),
                END_OF_IMAGE => break,
                _ => {}
            }
        }
        if self.scanned.iter().all(|&scanned| scanned) {
            Ok(None)
        } else if self.structure.is_ended {
            Err(corrupt("a component has no picture data"))
        } else {
            Err(truncated())
        }
    }

    fn begin(&mut self, header: &[u8]) -> Result<(Scan, Cursor<'f>), PictureError> {
        let ids = self.structure.components.iter().map(|one| one.id);
        let header = ScanHeader::read(header, ids)?;
        for part in &header.parts {
            if std::mem::replace(&mut self.scanned[part.component], true) {
                return Err(corrupt("a component has picture data twice"));
            }
        }
        let scan = Scan::of(&header, self.structure, &self.tables)?;
        Ok((scan, Cursor::new(self.segments.rest())))
    }

    /// Goes on where `cursor` is, which has read all units of `scan`.
    ///
    /// # Errors
    /// Damage, if there was less data than was read, or is more.
    pub(super) fn resume(&mut self, scan: &Scan, cursor: &Cursor<'f>) -> Result<(), PictureError> {
        let is_last = self.scanned.iter().all(|&scanned| scanned);
        let rest = cursor.from.finish(if is_last { SURPLUS } else { 0 });
        let rest = rest.ok_or_else(|| cursor.damage(&scan.units))?;
        self.segments = Segments::from(rest);
        Ok(())
    }
}

/// Reads all of `file` and forgets it.
///
/// # Errors
/// Damage.
pub(super) fn check(file: &[u8], structure: &Structure<'_>) -> Result<(), PictureError> {
    let mut scans = Scans::of(file, structure);
    while let Some((scan, mut cursor)) = scans.next()? {
        for _ in 0..u64::from(scan.units.count.0) * u64::from(scan.units.count.1) {
            cursor
                .skip(&scan)
                .ok_or_else(|| cursor.damage(&scan.units))?;
        }
        scans.resume(&scan, &cursor)?;
    }
    Ok(())
}
