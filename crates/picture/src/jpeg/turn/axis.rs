//! Which blocks of the stored picture one of the result is made of, along one axis.
//!
//! Files fill the last block of a row or column up. Once mirrored, the filling lies in front and
//! must be cut off: whole blocks of it are left out, and the rest is made up by a [`Shift`].

use super::shift::{Shift, Tap};
use crate::jpeg::frame::{Component, swapped};
use crate::jpeg::structure::Structure;
use crate::orientation::Orientation;

/// The blocks of one component along one axis of the result.
#[derive(Debug)]
pub(crate) struct Axis {
    /// Blocks in front that hold nothing but filling.
    skipped: u32,
    /// The last block.
    last: u32,
    shift: Option<Box<Shift>>,
    is_fine: bool,
}

impl Axis {
    /// The axes of columns and rows, for each component.
    pub(crate) fn pairs(structure: &Structure<'_>, orientation: Orientation) -> Vec<(Self, Self)> {
        let (horizontal, vertical) = structure.sampling();
        let mirrors = orientation.mirrors();
        let pair = |one: &Component| {
            let across = Length::of(structure.width, one.horizontal, horizontal);
            let down = Length::of(structure.height, one.vertical, vertical);
            swapped(
                orientation.is_sideways(),
                (Self::of(&across, mirrors.0), Self::of(&down, mirrors.1)),
            )
        };
        structure.components.iter().map(pair).collect()
    }

    fn of(length: &Length, is_mirrored: bool) -> Self {
        let last = length.blocks.saturating_sub(1);
        if !is_mirrored {
            return Self {
                skipped: 0,
                last,
                shift: None,
                is_fine: true,
            };
        }
        let (whole, rest) = (length.samples / 8, length.samples % 8);
        let is_exact = rest == 0 && length.share == 0.0;
        Self {
            skipped: length.blocks.saturating_sub(whole),
            last,
            shift: (!is_exact).then(|| Box::new(Shift::by(8 - rest, length.share))),
            is_fine: length.share == 0.0 || length.pixels < 3,
        }
    }

    /// Whether samples keep their places, or are no wider than two pixels.
    pub(crate) fn is_fine(&self) -> bool {
        self.is_fine
    }

    /// Whether each block of the result is one of the source.
    pub(crate) fn is_exact(&self) -> bool {
        self.shift.is_none()
    }

    /// The one block that block number `at` of the result is.
    #[inline]
    pub(crate) fn exact(&self, at: u32) -> Option<u32> {
        self.is_exact().then(|| self.last.min(self.skipped + at))
    }

    /// The blocks, at most two, that block number `at` of the result is made of. Beyond the last
    /// one nothing is seen, and the last one is mirrored.
    pub(crate) fn taps(&self, at: u32) -> [Option<Tap<'_>>; 2] {
        let second = self.skipped + at;
        let Some(shift) = &self.shift else {
            return [Some((self.last.min(second), None)), None];
        };
        if second > self.last {
            return [Some((self.last, Some(&shift.edge))), None];
        }
        let first = second.saturating_sub(1);
        [
            Some((first, Some(&shift.first))),
            Some((second, Some(&shift.second))),
        ]
    }
}

/// One component along one axis as it is stored.
struct Length {
    /// Blocks of all units.
    blocks: u32,
    /// Samples that are seen as a whole.
    samples: u32,
    /// How much of one more sample is seen.
    share: f32,
    /// Pixels of a sample.
    pixels: u32,
}

impl Length {
    fn of(pixels: u16, own: u8, most: u8) -> Self {
        let (pixels, own, most) = (u32::from(pixels), u32::from(own), u32::from(most.max(1)));
        let seen = pixels * own;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let share = (seen % most) as f32 / most as f32;
        Self {
            blocks: pixels.div_ceil(8 * most) * own,
            samples: seen / most,
            share,
            pixels: most / own.max(1),
        }
    }
}
