//! A sequential file of the coefficients of a progressive one, which are held all at once.

use super::blocks::Blocks;
use super::{read, scans};
use crate::error::PictureError;
use crate::jpeg::code::{BitWriter, Block, Codings, Steps, Tables, Units};
use crate::jpeg::file::Jpeg;
use crate::jpeg::output::{OneScan, head};
use crate::jpeg::scan_header::PartHeader;
use crate::jpeg::segments::{END_OF_IMAGE, corrupt};
use crate::orientation::{Orientation, Pose};

/// The file, without metadata. It is written with the codes of the standard, for it is not kept.
///
/// # Errors
/// Damage, or too many blocks in a unit.
pub(crate) fn sequential(jpeg: &Jpeg<'_>) -> Result<Vec<u8>, PictureError> {
    let structure = &jpeg.structure;
    if !structure.can_be_one_scan() {
        return Err(PictureError::Unsupported {
            what: "unusually sampled JPEG",
        });
    }
    let mut blocks = Blocks::all(structure);
    blocks.iter_mut().for_each(Blocks::choose_all);
    scans::each(jpeg, |scan, cursor| {
        read::scan(scan, cursor, &mut blocks, None)
    })?;
    let tables = Tables::standard();
    let codings = structure.components.iter().enumerate();
    let codings = codings.map(|(component, one)| {
        let number = u8::from(component > 0);
        let part = PartHeader {
            component,
            dc: number,
            ac: number,
        };
        tables.codings(&part, &one.table)
    });
    let codings = codings.collect::<Result<Vec<_>, PictureError>>()?;
    let mut bare = structure.clone();
    bare.metadata.clear();
    let scan = OneScan::of(&codings);
    let mut file = Vec::with_capacity(jpeg.file.len() + jpeg.file.len() / 4);
    head(
        &bare,
        scan.process(),
        Pose::upright(Orientation::Upright),
        &mut file,
    );
    scan.write_head(&bare, &mut file);
    write(
        &mut blocks,
        &codings,
        &Units::of_all(structure),
        jpeg,
        &mut file,
    )
    .ok_or_else(|| corrupt("its coefficients are too large"))?;
    file.extend([0xff, END_OF_IMAGE]);
    Ok(file)
}

fn write(
    blocks: &mut [Blocks],
    codings: &[Codings],
    units: &Units,
    jpeg: &Jpeg<'_>,
    file: &mut Vec<u8>,
) -> Option<()> {
    let mut to = BitWriter::new(file);
    let mut last = [0; 4];
    for (unit_row, unit_column) in
        (0..units.count.1).flat_map(|row| (0..units.count.0).map(move |column| (row, column)))
    {
        let components = jpeg.structure.components.iter().zip(codings).zip(&mut last);
        for (((component, coding), last), blocks) in components.zip(blocks.iter_mut()) {
            let (across, down) = component.blocks();
            for row in unit_row * down..(unit_row + 1) * down {
                for column in unit_column * across..(unit_column + 1) * across {
                    let (_, held) = blocks.at((column, row))?;
                    let steps: Steps = held?.map(i32::from);
                    coding.write(&Block::of(&steps)?, last, &mut to)?;
                }
            }
        }
    }
    to.finish();
    Some(())
}
