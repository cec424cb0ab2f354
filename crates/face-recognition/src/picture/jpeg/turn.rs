//! Turns a JPEG upright without decoding it, and draws on it.
//!
//! A block is turned by its numbers: frequencies change places and signs. So a photo that a
//! phone held sideways has stored loses nothing but the code that led to its numbers, as long
//! as the sides that are mirrored are whole blocks. Where they are not, the filling of the last
//! block comes to lie in front and is cut off: each block is then made of two by one matrix
//! ([`shift`]), and quantised again, which is what decoding and encoding would do to it.
//!
//! Neither file nor picture is ever held in numbers as a whole. A first pass over the code
//! notes where in it one is at regular places ([`source`]); a second one begins at these places
//! and reads strips of the picture in the order in which the result needs them ([`strips`]).
//!
//! As with [`patch`](mod@super::patch), whatever is out of the ordinary is left to others. Files that
//! bring each component in a scan of its own are not: the result has one scan for all.

mod axis;
mod output;
mod shift;
mod source;
mod strips;

use self::axis::Axis;
use self::output::Output;
use self::source::Source;
use self::strips::{Layout, Strips};
use super::brush::Brush;
use super::code::{BitWriter, Block};
use super::kept::Keep;
use super::structure::Structure;
use crate::picture::Orientation;
use crate::picture::colour::Space;
use crate::picture::sheet::{Layer, Sheet};

/// Memory that turning takes beside file and result, in bytes.
pub(super) fn working_bytes(structure: &Structure<'_>, orientation: Orientation) -> u64 {
    Layout::of(structure, orientation).map_or(0, |layout| layout.working_bytes())
}

/// `file`, turned upright, with `sheet` laid over it, whose pixels are in `space`. Without
/// metadata but for what `keep` says.
pub(super) fn turn(
    file: &[u8],
    orientation: Orientation,
    space: Space,
    keep: Keep,
    sheet: &Sheet,
) -> Option<Vec<u8>> {
    let structure = Structure::parse(file).ok()?;
    let layout = Layout::of(&structure, orientation)?;
    let source = Source::read(file, &structure, layout.step())?;
    let upright = structure.turned(orientation);
    let output = Output {
        structure: &upright,
        codings: source.codings()?,
    };
    let mut result = Vec::with_capacity(file.len() + file.len() / 16);
    output.head(&source.metadata, keep, &mut result)?;
    let mut turning = Turning {
        brushes: Brush::all(&upright, space)?,
        axes: Axis::pairs(&structure, orientation),
        strips: Strips::new(&source, layout),
        output,
        sheet,
    };
    turning.write(BitWriter::new(&mut result))?;
    output::tail(&mut result);
    Some(result)
}

struct Turning<'a> {
    strips: Strips<'a>,
    /// How columns and rows of blocks are turned, by component.
    axes: Vec<(Axis, Axis)>,
    output: Output<'a>,
    brushes: Vec<Brush>,
    sheet: &'a Sheet,
}

/// A unit of the result.
struct Unit<'a> {
    column: u32,
    row: u32,
    /// What is to be drawn on it.
    layers: &'a [&'a Layer],
}

impl Turning<'_> {
    fn write(&mut self, mut to: BitWriter<'_>) -> Option<()> {
        let (units, pixels) = self.output.units();
        let mut last = [0; 4];
        for row in 0..units.1 {
            self.strips.advance(row)?;
            let rows = row * pixels.1..(row + 1) * pixels.1;
            let layers = self.sheet.in_rows(&rows);
            for column in 0..units.0 {
                let columns = column * pixels.0..(column + 1) * pixels.0;
                let touched = layers.iter().any(|layer| layer.reaches(&columns, &rows));
                let layers = if touched { layers.as_slice() } else { &[] };
                let unit = Unit {
                    column,
                    row,
                    layers,
                };
                self.unit(&unit, &mut last, &mut to)?;
            }
        }
        to.finish();
        Some(())
    }

    fn unit(&self, unit: &Unit<'_>, last: &mut [i32; 4], to: &mut BitWriter<'_>) -> Option<()> {
        let components = self.output.structure.components.iter().zip(last);
        let mut made = Block::PLAIN;
        for (number, (component, last)) in components.enumerate() {
            let codings = self.output.codings.get(number)?;
            let (across, down) = component.blocks();
            for row in unit.row * down..(unit.row + 1) * down {
                for column in unit.column * across..(unit.column + 1) * across {
                    let mut block = self.block(number, (column, row), &mut made)?;
                    let drawn;
                    if !unit.layers.is_empty() {
                        let mut steps = block.steps();
                        let brush = self.brushes.get(number)?;
                        brush.draw(&mut steps, column, row, unit.layers);
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
