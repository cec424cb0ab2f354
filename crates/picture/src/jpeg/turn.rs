//! Turns a JPEG upright without decoding it, and draws on it.
//!
//! A block is turned by its coefficients, which change places and signs. So a photo from a phone
//! that was held sideways keeps all coefficients, as long as the sides that are mirrored are whole
//! blocks. Where they are not, the filling of the last block comes to lie in front and is cut off:
//! each block is then made of two by one matrix ([`shift`]), and quantised again, as decoding and
//! encoding would do.
//!
//! The coefficients of the picture are never held as a whole. A first pass over the code notes
//! cursors at regular places ([`source`]); a second one begins at these places and reads strips of
//! the picture in the order in which the result needs them ([`strips`]).
//!
//! Files that bring each component in a scan of its own end like all others: the result has one
//! scan of all components.

mod axis;
mod shift;
mod source;
mod strips;

use self::axis::Axis;
use self::source::Source;
use self::strips::{Layout, Strips};
use super::brush::Brush;
use super::code::{BitWriter, Block, Codings, Units};
use super::file::Jpeg;
use super::output::{OneScan, head};
use super::segments::{END_OF_IMAGE, corrupt};
use super::structure::Structure;
use crate::error::PictureError;
use crate::orientation::{Orientation, Pose};
use crate::sheet::Sheet;

/// Memory that turning takes beside file and result, in bytes.
pub(crate) fn working_bytes(structure: &Structure<'_>, orientation: Orientation) -> u64 {
    Layout::of(structure, orientation).working_bytes()
}

/// Whether turning loses no more than decoding and encoding. Colours of which four pixels or more
/// share a sample would have to be moved by a part of one.
pub(crate) fn is_exact(structure: &Structure<'_>, orientation: Orientation) -> bool {
    structure.can_be_one_scan()
        && Axis::pairs(structure, orientation)
            .iter()
            .all(|(across, down)| across.is_fine() && down.is_fine())
}

/// Whether every pixel stays as it is, because what is mirrored is whole blocks.
pub(crate) fn keeps_pixels(structure: &Structure<'_>, orientation: Orientation) -> bool {
    structure.can_be_one_scan()
        && Axis::pairs(structure, orientation)
            .iter()
            .all(|(across, down)| across.is_exact() && down.is_exact())
}

/// Turns a sequential file upright, lays `sheet` over it, and writes it to `result`, which ought to
/// have room for it. Only the metadata that decides how it is shown is kept.
///
/// # Errors
/// Damage.
pub(crate) fn turn(
    jpeg: &Jpeg<'_>,
    sheet: &Sheet,
    result: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let upright = jpeg.structure.turned(jpeg.orientation);
    write(jpeg, jpeg.orientation, &upright, sheet, result)
}

/// Writes a sequential file in one scan, without the segments that give its colours a meaning.
///
/// # Errors
/// Damage.
pub(crate) fn plain(jpeg: &Jpeg<'_>, result: &mut Vec<u8>) -> Result<(), PictureError> {
    let bare = jpeg.structure.bare();
    let nothing = Sheet::new(bare.width.into(), bare.height.into());
    write(jpeg, Orientation::Upright, &bare, &nothing, result)
}

fn write(
    jpeg: &Jpeg<'_>,
    orientation: Orientation,
    upright: &Structure<'_>,
    sheet: &Sheet,
    result: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let structure = &jpeg.structure;
    if !structure.can_be_one_scan() {
        return Err(PictureError::Unsupported {
            what: "unusually sampled JPEG",
        });
    }
    let layout = Layout::of(structure, orientation);
    let source = Source::read(jpeg, layout.step())?;
    let codings = source.codings();
    let scan = OneScan::of(&codings);
    head(upright, scan.process(), Pose::upright(orientation), result);
    scan.write_head(upright, result);
    let mut turning = Turning {
        brushes: Brush::all(upright),
        axes: Axis::pairs(structure, orientation),
        strips: Strips::new(&source, layout),
        structure: upright,
        codings: &codings,
        sheet,
    };
    turning
        .write(BitWriter::new(result))
        .ok_or_else(|| corrupt("its coefficients are too large to be turned"))?;
    result.extend([0xff, END_OF_IMAGE]);
    Ok(())
}

struct Turning<'a> {
    strips: Strips<'a>,
    /// How columns and rows of blocks are turned, by component.
    axes: Vec<(Axis, Axis)>,
    /// Of the result.
    structure: &'a Structure<'a>,
    /// By component.
    codings: &'a [Codings],
    brushes: Vec<Brush>,
    sheet: &'a Sheet,
}

impl Turning<'_> {
    fn write(&mut self, mut to: BitWriter<'_>) -> Option<()> {
        let Units { count, pixels, .. } = Units::of_all(self.structure);
        let mut last = [0; 4];
        for row in 0..count.1 {
            self.strips.advance(row)?;
            let rows = row * pixels.1..(row + 1) * pixels.1;
            let strip = self.sheet.strip(&rows);
            for column in 0..count.0 {
                let columns = column * pixels.0..(column + 1) * pixels.0;
                let is_touched = strip.touches(&columns);
                self.unit((column, row), is_touched, &mut last, &mut to)?;
            }
        }
        to.finish();
        Some(())
    }

    /// Writes the unit in this column and row, counted in units.
    fn unit(
        &self,
        unit: (u32, u32),
        is_touched: bool,
        last: &mut [i32; 4],
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let components = self.structure.components.iter().zip(last);
        let mut made = Block::PLAIN;
        for (number, (component, last)) in components.enumerate() {
            let codings = self.codings.get(number)?;
            let (across, down) = component.blocks();
            for row in unit.1 * down..(unit.1 + 1) * down {
                for column in unit.0 * across..(unit.0 + 1) * across {
                    let mut block = self.block(number, (column, row), &mut made)?;
                    let drawn;
                    if is_touched {
                        let mut steps = block.steps();
                        let brush = self.brushes.get(number)?;
                        brush.draw(&mut steps, column, row, self.sheet);
                        drawn = Block::of(&steps)?;
                        block = &drawn;
                    }
                    codings.write(block, last, to)?;
                }
            }
        }
        Some(())
    }

    /// A block of the result: as it was read, or made of several.
    fn block<'b>(
        &'b self,
        component: usize,
        (column, row): (u32, u32),
        made: &'b mut Block,
    ) -> Option<&'b Block> {
        let (across, down) = self.axes.get(component)?;
        let read = |column, row| self.strips.block(component, (column, row));
        if let (Some(column), Some(row)) = (across.exact(column), down.exact(row)) {
            return read(column, row);
        }
        let table = &self.brushes.get(component)?.quantisation;
        *made = shift::made(&across.taps(column), &down.taps(row), table, read)?;
        Some(made)
    }
}
