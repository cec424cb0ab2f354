//! Draws on a JPEG without decoding it: most of its entropy-coded data is copied as it is.
//!
//! Only the blocks that something is drawn upon are decoded to their coefficients, and encoded again
//! with the Huffman tables of the file. All others come out bit for bit, so that a photo loses nothing
//! beside the drawing: their symbols are only skipped, to see where the blocks are, and copied many
//! MCUs at once. Where the tables of the file lack symbols that the drawing needs, all symbols are
//! written with tables that have them. It takes next to no memory.
//!
//! This is for sequential files, as cameras make them, that are upright or are not drawn upon. Nothing is guessed: data that does
//! not hold every block, and no more, is damaged.

mod copy;
mod over;

pub(crate) use self::over::Patch;

use self::copy::Copying;
use super::brush::Brush;
use super::file::Jpeg;
use super::output::{ScanHeads, head};
use super::scans;
use super::segments::END_OF_IMAGE;
use crate::error::PictureError;
use crate::orientation::Pose;
use crate::overlay::Overlay;

/// Writes a sequential file with `overlay` laid over it to `result`, which ought to have room for
/// it. The picture stays as it is stored.
///
/// # Errors
/// Damage.
pub(crate) fn patch(
    jpeg: &Jpeg<'_>,
    overlay: &Overlay,
    result: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let structure = &jpeg.structure;
    let brushes = Brush::all(structure);
    let pose = Pose::stored(jpeg.orientation);
    head(structure, structure.process, pose, result);
    let mut heads = ScanHeads::default();
    scans::each(jpeg, |scan, cursor| {
        heads.write_sequential(&scan, structure, result);
        let mut copying = Copying::new(&scan, &brushes, overlay, result);
        (0..scan.mcus.count.1).try_for_each(|row| copying.row(row, cursor))?;
        copying.to.finish();
        Some(())
    })?;
    result.extend([0xff, END_OF_IMAGE]);
    Ok(())
}
