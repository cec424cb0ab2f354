//! What is held of the blocks of a progressive file while its scans are read.

use crate::jpeg::brush::Brush;
use crate::jpeg::code::{Steps, Units};
use crate::jpeg::frame::Component;
use crate::jpeg::structure::Structure;
use crate::sheet::Sheet;

/// The bit of a block that something is drawn upon. It is that of brightness, for which no scan
/// needs to know whether it is zero.
const IS_DRAWN: u64 = 1;

/// The steps of a block in rows of eight.
pub(crate) type Held = [i16; 64];

/// Memory for a block that something is drawn upon, in bytes.
pub(crate) const DRAWN_BYTES: u64 = (size_of::<Held>() + size_of::<u32>()) as u64;

/// The blocks of one component.
pub(crate) struct Blocks {
    /// In a row.
    across: u32,
    /// A bit for each coefficient of a block that is not zero, as far as the scans have told, the
    /// first one lowest.
    places: Vec<u64>,
    /// The blocks that something is drawn upon, counted row by row, and their coefficients; none if
    /// those of all blocks are held.
    drawn: Vec<u32>,
    held: Vec<Held>,
}

impl Blocks {
    /// The blocks of each component, nothing being known yet.
    pub(crate) fn all(structure: &Structure<'_>) -> Vec<Self> {
        let (columns, rows) = Units::of_all(structure).count;
        let blocks = |one: &Component| {
            let (across, down) = one.blocks();
            let across = columns * across;
            Self {
                across,
                places: vec![0; across as usize * (rows * down) as usize],
                drawn: Vec::new(),
                held: Vec::new(),
            }
        };
        structure.components.iter().map(blocks).collect()
    }

    /// Makes room for the coefficients of the blocks that `sheet` touches.
    pub(crate) fn choose(&mut self, brush: &Brush, sheet: &Sheet) {
        let mut strip = None;
        for (number, places) in (0..).zip(&mut self.places) {
            let (columns, rows) = brush.area(number % self.across, number / self.across);
            if number % self.across == 0 {
                strip = Some(sheet.strip(&rows));
            }
            if strip.as_ref().is_some_and(|strip| strip.touches(&columns)) {
                *places = IS_DRAWN;
                self.drawn.push(number);
            }
        }
        self.held = vec![[0; 64]; self.drawn.len()];
    }

    /// Makes room for the coefficients of all blocks.
    pub(crate) fn choose_all(&mut self) {
        self.places.fill(IS_DRAWN);
        self.held = vec![[0; 64]; self.places.len()];
    }

    /// Draws on the blocks that were chosen, and forgets what the scans have told.
    pub(crate) fn draw(&mut self, brush: &Brush, sheet: &Sheet) -> Option<()> {
        for (number, held) in self.drawn.iter().zip(&mut self.held) {
            let mut steps: Steps = held.map(i32::from);
            brush.draw(
                &mut steps,
                number % self.across,
                number / self.across,
                sheet,
            );
            for (held, step) in held.iter_mut().zip(steps) {
                *held = i16::try_from(step).ok()?;
            }
        }
        self.places
            .iter_mut()
            .for_each(|places| *places &= IS_DRAWN);
        Some(())
    }

    /// The places of a block that are not zero, and its coefficients if something is drawn upon it.
    #[inline]
    pub(crate) fn at(
        &mut self,
        (column, row): (u32, u32),
    ) -> Option<(&mut u64, Option<&mut Held>)> {
        let number = row * self.across + column;
        let places = self.places.get_mut(number as usize)?;
        let held = if *places & IS_DRAWN == 0 {
            None
        } else if self.drawn.is_empty() {
            self.held.get_mut(number as usize)
        } else {
            let at = self.drawn.binary_search(&number).ok()?;
            self.held.get_mut(at)
        };
        Some((places, held))
    }
}
