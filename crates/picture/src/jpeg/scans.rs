//! The scans of a sequential file, one after the other, with the Huffman tables that hold for each.

use super::entropy::{Cursor, McuGrid, Scan, Tables};
use super::file::Jpeg;
use super::scan_header::ScanHeader;
use super::segments::{START_OF_SCAN, corrupt, truncated};
use crate::error::PictureError;

/// Some cameras append a few bytes to the data of a picture, which no program minds.
const SURPLUS: usize = 16;

/// The scans in their order, each with its data and all that is behind that.
///
/// # Errors
/// Damage, also if a component is missing.
fn list<'f>(jpeg: &Jpeg<'f>) -> Result<Vec<(Scan, &'f [u8])>, PictureError> {
    let structure = &jpeg.structure;
    let mut tables = Tables::standard();
    let mut scanned = vec![false; structure.components.len()];
    let mut scans = Vec::new();
    for (segment, data) in &jpeg.segments {
        tables.read(segment)?;
        if segment.marker != START_OF_SCAN {
            continue;
        }
        let header = ScanHeader::read(segment.payload, structure.ids())?;
        for component in &header.components {
            if std::mem::replace(&mut scanned[component.index], true) {
                return Err(corrupt("a component has picture data twice"));
            }
        }
        scans.push((Scan::of(&header, structure, &tables)?, *data));
    }
    if scanned.iter().all(|&scanned| scanned) {
        Ok(scans)
    } else if jpeg.is_ended {
        Err(corrupt("a component has no picture data"))
    } else {
        Err(truncated())
    }
}

/// The scan of a file that has no other, with its data.
///
/// # Errors
/// As of [`list`].
pub(crate) fn only<'f>(jpeg: &Jpeg<'f>) -> Result<(Scan, &'f [u8]), PictureError> {
    let only = list(jpeg)?.pop();
    only.ok_or_else(|| corrupt("a component has no picture data"))
}

/// Sees whether the last scan ends at the cursor.
///
/// # Errors
/// Damage.
pub(crate) fn end(cursor: &Cursor<'_>, mcus: &McuGrid) -> Result<(), PictureError> {
    let rest = cursor.from.finish(SURPLUS);
    rest.map(drop).ok_or_else(|| cursor.damage(mcus))
}

/// Has `read` read each scan from a cursor at the beginning of its data: all MCUs of it, no more
/// and no less. `None` from it is damage.
///
/// # Errors
/// As of [`list`].
pub(crate) fn each<'f>(
    jpeg: &Jpeg<'f>,
    mut read: impl FnMut(Scan, &mut Cursor<'f>) -> Option<()>,
) -> Result<(), PictureError> {
    let mut scans = list(jpeg)?.into_iter().peekable();
    while let Some((scan, data)) = scans.next() {
        let mcus = scan.mcus;
        let mut cursor = Cursor::new(data);
        let surplus = if scans.peek().is_none() { SURPLUS } else { 0 };
        read(scan, &mut cursor)
            .and_then(|()| cursor.from.finish(surplus))
            .ok_or_else(|| cursor.damage(&mcus))?;
    }
    Ok(())
}

/// Reads all of the file and forgets it.
///
/// # Errors
/// Damage.
pub(crate) fn check(jpeg: &Jpeg<'_>) -> Result<(), PictureError> {
    each(jpeg, |scan, cursor| {
        let mcus = u64::from(scan.mcus.count.0) * u64::from(scan.mcus.count.1);
        (0..mcus).try_for_each(|_| cursor.skip(&scan))
    })
}
