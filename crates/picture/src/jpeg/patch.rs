//! Draws on a JPEG without decoding it: most of its code is copied as it is.
//!
//! Only the blocks that something is drawn upon are decoded, in the numbers that the file holds,
//! and coded again with the codes of the file. All others come out bit for bit, so that a
//! photo loses nothing outside of what is drawn. It takes a third of the time that decoding and
//! encoding take, and next to no memory.
//!
//! It does this for upright, sequential files, which is what cameras make. It never guesses: data
//! that does not hold every block, and no more, is damaged.

mod copy;

use self::copy::copy;
use super::brush::Brush;
use super::output::{ScanHeads, head};
use super::scans::Scans;
use super::segments::END_OF_IMAGE;
use super::structure::Structure;
use crate::PictureError;
use crate::sheet::Sheet;

/// `file`, whose structure is sequential, with `sheet` laid over it; written to `result`, which
/// ought to have room for it. Without metadata but for what decides how it is shown.
///
/// # Errors
/// Damage.
pub(super) fn patch(
    file: &[u8],
    structure: &Structure<'_>,
    sheet: &Sheet,
    result: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let brushes = Brush::all(structure);
    head(structure, structure.process, false, result);
    let mut heads = ScanHeads::default();
    let mut scans = Scans::of(file, structure);
    while let Some((scan, mut cursor)) = scans.next()? {
        heads.write(&scan, structure, result);
        copy(&scan, &brushes, &mut cursor, result, sheet)
            .ok_or_else(|| cursor.damage(&scan.units))?;
        scans.resume(&scan, &cursor)?;
    }
    result.extend([0xff, END_OF_IMAGE]);
    Ok(())
}
