//! What is held of the blocks of a progressive file while its scans are read.

use crate::jpeg::brush::Brush;
use crate::jpeg::entropy::{Coefficients, McuGrid};
use crate::jpeg::frame::Component;
use crate::jpeg::structure::Structure;
use crate::overlay::Overlay;

/// The bit of a block that something is drawn upon. It is that of DC, for which no scan
/// needs to know whether it is zero.
const IS_DRAWN: u64 = 1;

/// The coefficients of a block in rows of eight.
pub(crate) type HeldBlock = [i16; 64];

/// Memory for a block that something is drawn upon, in bytes.
pub(crate) const DRAWN_BYTES: u64 = (size_of::<HeldBlock>() + size_of::<u32>()) as u64;

/// The blocks of one component.
pub(crate) struct Blocks {
    /// In a row.
    across: u32,
    /// A bit for each coefficient of a block that is not zero, as far as scans were read, that of
    /// DC lowest.
    nonzero: Vec<u64>,
    /// The blocks that something is drawn upon, counted row by row, and their coefficients; none if
    /// those of all blocks are held.
    drawn: Vec<u32>,
    held: Vec<HeldBlock>,
}

impl Blocks {
    /// The blocks of each component, before any scan.
    pub(crate) fn all(structure: &Structure<'_>) -> Vec<Self> {
        let (columns, rows) = McuGrid::of_all(structure).count;
        let blocks = |one: &Component| {
            let (across, down) = one.blocks();
            let across = columns * across;
            Self {
                across,
                nonzero: vec![0; across as usize * (rows * down) as usize],
                drawn: Vec::new(),
                held: Vec::new(),
            }
        };
        structure.components.iter().map(blocks).collect()
    }

    /// Makes room for the coefficients of the blocks that `overlay` touches.
    pub(crate) fn choose(&mut self, brush: &Brush, overlay: &Overlay) {
        let mut strip = None;
        for (number, nonzero) in (0..).zip(&mut self.nonzero) {
            let (columns, rows) = brush.area(number % self.across, number / self.across);
            if number % self.across == 0 {
                strip = Some(overlay.strip(&rows));
            }
            if strip.as_ref().is_some_and(|strip| strip.touches(&columns)) {
                *nonzero = IS_DRAWN;
                self.drawn.push(number);
            }
        }
        self.held = vec![[0; 64]; self.drawn.len()];
    }

    /// Makes room for the coefficients of all blocks.
    pub(crate) fn choose_all(&mut self) {
        self.nonzero.fill(IS_DRAWN);
        self.held = vec![[0; 64]; self.nonzero.len()];
    }

    /// Draws on the blocks that were chosen, and forgets which coefficients are not zero.
    pub(crate) fn draw(&mut self, brush: &Brush, overlay: &Overlay) -> Option<()> {
        for (number, held) in self.drawn.iter().zip(&mut self.held) {
            let mut coefficients: Coefficients = held.map(i32::from);
            brush.draw(
                &mut coefficients,
                number % self.across,
                number / self.across,
                overlay,
            );
            for (held, coefficient) in held.iter_mut().zip(coefficients) {
                *held = i16::try_from(coefficient).ok()?;
            }
        }
        self.nonzero
            .iter_mut()
            .for_each(|nonzero| *nonzero &= IS_DRAWN);
        Some(())
    }

    /// A bit for each coefficient of a block that is not zero, and its coefficients if something is drawn upon it.
    #[inline]
    pub(crate) fn at(
        &mut self,
        (column, row): (u32, u32),
    ) -> Option<(&mut u64, Option<&mut HeldBlock>)> {
        let number = row * self.across + column;
        let nonzero = self.nonzero.get_mut(number as usize)?;
        let held = if *nonzero & IS_DRAWN == 0 {
            None
        } else if self.drawn.is_empty() {
            self.held.get_mut(number as usize)
        } else {
            let at = self.drawn.binary_search(&number).ok()?;
            self.held.get_mut(at)
        };
        Some((nonzero, held))
    }
}
