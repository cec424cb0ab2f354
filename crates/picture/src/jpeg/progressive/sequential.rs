//! A sequential file of the coefficients of a progressive one, which are held all at once.

use super::blocks::Blocks;
use super::{read, scans};
use crate::error::PictureError;
use crate::jpeg::entropy::{BitWriter, Block, BlockCoder, Coefficients, McuGrid, Tables};
use crate::jpeg::file::Jpeg;
use crate::jpeg::output::{OneScan, head};
use crate::jpeg::scan_header::ScanComponentHeader;
use crate::jpeg::segments::{END_OF_IMAGE, corrupt};
use crate::orientation::{Orientation, Pose};

/// The file, without metadata. It is written with the Huffman tables of the standard, for it is not kept.
///
/// # Errors
/// Damage, or too many blocks in an MCU.
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
    let coders = structure.components.iter().enumerate();
    let coders = coders.map(|(component, one)| {
        let number = u8::from(component > 0);
        let component = ScanComponentHeader {
            index: component,
            dc: number,
            ac: number,
        };
        tables.block_coder(&component, &one.table)
    });
    let coders = coders.collect::<Result<Vec<_>, PictureError>>()?;
    let mut bare = structure.clone();
    bare.metadata.clear();
    let scan = OneScan::of(&coders);
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
        &coders,
        &McuGrid::of_all(structure),
        jpeg,
        &mut file,
    )
    .ok_or_else(|| corrupt("its coefficients are too large"))?;
    file.extend([0xff, END_OF_IMAGE]);
    Ok(file)
}

fn write(
    blocks: &mut [Blocks],
    coders: &[BlockCoder],
    mcus: &McuGrid,
    jpeg: &Jpeg<'_>,
    file: &mut Vec<u8>,
) -> Option<()> {
    let mut to = BitWriter::new(file);
    let mut predictions = [0; 4];
    for (mcu_row, mcu_column) in
        (0..mcus.count.1).flat_map(|row| (0..mcus.count.0).map(move |column| (row, column)))
    {
        let components = jpeg.structure.components.iter();
        let components = components.zip(coders).zip(&mut predictions);
        for (((component, coder), prediction), blocks) in components.zip(blocks.iter_mut()) {
            let (across, down) = component.blocks();
            for row in mcu_row * down..(mcu_row + 1) * down {
                for column in mcu_column * across..(mcu_column + 1) * across {
                    let (_, held) = blocks.at((column, row))?;
                    let coefficients: Coefficients = held?.map(i32::from);
                    coder.write(&Block::of(&coefficients)?, prediction, &mut to)?;
                }
            }
        }
    }
    to.finish();
    Some(())
}
