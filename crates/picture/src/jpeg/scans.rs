//! The scans of a sequential file, one after the other, with the codes that hold for each.

use super::code::{Cursor, Scan, Tables};
use super::file::Jpeg;
use super::scan_header::ScanHeader;
use super::segments::{START_OF_SCAN, corrupt, truncated};
use crate::error::PictureError;

/// Some cameras append a few bytes to the data of a picture, which no program minds.
const SURPLUS: usize = 16;

/// Has `read` read each scan from a cursor at the beginning of its data: all units of it, no more
/// and no less. `None` from it is damage.
///
/// # Errors
/// Damage, also if a component is missing.
pub(crate) fn each<'f>(
    jpeg: &Jpeg<'f>,
    mut read: impl FnMut(Scan, &mut Cursor<'f>) -> Option<()>,
) -> Result<(), PictureError> {
    let structure = &jpeg.structure;
    let mut tables = Tables::standard();
    let mut scanned = vec![false; structure.components.len()];
    for (segment, data) in &jpeg.segments {
        tables.read(segment)?;
        if segment.marker != START_OF_SCAN {
            continue;
        }
        let header = ScanHeader::read(segment.payload, structure.ids())?;
        for part in &header.parts {
            if std::mem::replace(&mut scanned[part.component], true) {
                return Err(corrupt("a component has picture data twice"));
            }
        }
        let is_last = scanned.iter().all(|&scanned| scanned);
        let scan = Scan::of(&header, structure, &tables)?;
        let units = scan.units;
        let mut cursor = Cursor::new(data);
        read(scan, &mut cursor)
            .and_then(|()| cursor.from.finish(if is_last { SURPLUS } else { 0 }))
            .ok_or_else(|| cursor.damage(&units))?;
    }
    if scanned.iter().all(|&scanned| scanned) {
        Ok(())
    } else if jpeg.is_ended {
        Err(corrupt("a component has no picture data"))
    } else {
        Err(truncated())
    }
}

/// Reads all of the file and forgets it.
///
/// # Errors
/// Damage.
pub(crate) fn check(jpeg: &Jpeg<'_>) -> Result<(), PictureError> {
    each(jpeg, |scan, cursor| {
        let units = u64::from(scan.units.count.0) * u64::from(scan.units.count.1);
        (0..units).try_for_each(|_| cursor.skip(&scan))
    })
}
