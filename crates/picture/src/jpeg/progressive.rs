//! Reads progressive files, and draws on them without decoding them.
//!
//! Each scan holds some bits of some coefficients of all blocks. A first pass over all scans checks
//! that each holds every block that it is about, and no more, and collects the coefficients of the
//! blocks that something is drawn upon. A second one copies the scans, symbol by symbol, and encodes
//! those blocks anew: the result has the scans of its source, and every other block as it was.
//!
//! To read on, it must be known which coefficients of each block are not zero: a bit for each is
//! all that is held of the picture. Holding all coefficients, as decoders do, takes sixteen times
//! the memory, and a sequential result would be larger; only to be scaled down or turned a file is
//! made sequential like that ([`sequential`](mod@sequential)).

mod band;
mod blocks;
mod copy;
mod read;
mod scans;
mod sequential;

pub(crate) use sequential::sequential;

use self::blocks::Blocks;
use self::copy::Copy;
use super::brush::Brush;
use super::file::Jpeg;
use super::kept::write_metadata;
use super::output::{ScanHeads, head};
use super::segments::{END_OF_IMAGE, START_OF_IMAGE, START_OF_SCAN, Segment, corrupt, write};
use super::structure::Structure;
use crate::error::PictureError;
use crate::orientation::Pose;
use crate::overlay::Overlay;

/// Memory for a block that something is drawn upon, in bytes.
pub(crate) const DRAWN_BYTES: u64 = blocks::DRAWN_BYTES;

/// Memory that reading takes beside the file and what is made of it, in bytes: a bit for each
/// sample.
pub(crate) fn working_bytes(structure: &Structure<'_>) -> u64 {
    structure.samples() / 8
}

/// A copy of a progressive file, without garbage, and with only this metadata for a result that
/// lies like this.
///
/// # Errors
/// Damage.
pub(crate) fn checked(
    jpeg: &Jpeg<'_>,
    metadata: &[Segment<'_>],
    pose: Pose,
) -> Result<Vec<u8>, PictureError> {
    let mut blocks = Blocks::all(&jpeg.structure);
    let ends = scans::each(jpeg, |scan, cursor| {
        read::scan(scan, cursor, &mut blocks, None)
    })?;
    let mut copy = Vec::with_capacity(jpeg.file.len());
    copy.extend([0xff, START_OF_IMAGE]);
    write_metadata(metadata, pose, &mut copy);
    let mut ends = ends.into_iter();
    for (segment, data) in &jpeg.segments {
        write(segment.marker, segment.payload, &mut copy);
        if segment.marker == START_OF_SCAN {
            let behind = ends.next().unwrap_or_default();
            copy.extend(&data[..data.len() - behind.len()]);
        }
    }
    copy.extend([0xff, END_OF_IMAGE]);
    Ok(copy)
}

/// Writes a progressive file with `overlay` laid over it to `result`, which ought to have room for
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
    let mut blocks = Blocks::all(structure);
    for (blocks, brush) in blocks.iter_mut().zip(Brush::all(structure)) {
        blocks.choose(&brush, overlay);
    }
    scans::each(jpeg, |scan, cursor| {
        read::scan(scan, cursor, &mut blocks, None)
    })?;
    for (blocks, brush) in blocks.iter_mut().zip(Brush::all(structure)) {
        let drawn = blocks.draw(&brush, overlay);
        drawn.ok_or_else(|| corrupt("its coefficients are too large to be drawn upon"))?;
    }
    let pose = Pose::stored(jpeg.orientation);
    head(structure, structure.process, pose, result);
    let mut heads = ScanHeads::default();
    scans::each(jpeg, |scan, cursor| {
        heads.write(
            &scan.tables(),
            scan.mcus.restart_interval,
            scan.payload,
            result,
        );
        let mut copy = Copy::new(scan, result);
        read::scan(scan, cursor, &mut blocks, Some(&mut copy))?;
        copy.finish()
    })?;
    result.extend([0xff, END_OF_IMAGE]);
    Ok(())
}
