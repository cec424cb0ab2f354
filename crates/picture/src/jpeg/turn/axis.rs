//! Which blocks of the result a block of the stored picture adds to, along one axis.
//!
//! Files fill the last block of a row or column up. Once mirrored, the filling lies in front and
//! must be cut off: whole blocks of it are left out, and the rest is made up by a [`Shift`].

use std::ops::Range;

use super::shift::{Shift, Taps};
use crate::jpeg::frame::Component;
use crate::jpeg::structure::Structure;
use crate::orientation::Orientation;

/// The blocks of one component along one axis.
#[derive(Debug)]
pub(crate) struct Axis {
    /// How many there are.
    blocks: u32,
    /// Blocks that hold nothing but filling, and so are left out; none unless mirrored.
    skipped: u32,
    is_mirrored: bool,
    shift: Option<Box<Shift>>,
    is_fine: bool,
}

impl Axis {
    /// The axes of stored columns and rows, for each component.
    pub(crate) fn pairs(structure: &Structure<'_>, orientation: Orientation) -> Vec<(Self, Self)> {
        let (horizontal, vertical) = structure.sampling();
        let mirrors = orientation.mirrors();
        let pair = |one: &Component| {
            let across = Length::of(structure.width, one.horizontal, horizontal);
            let down = Length::of(structure.height, one.vertical, vertical);
            (Self::of(&across, mirrors.0), Self::of(&down, mirrors.1))
        };
        structure.components.iter().map(pair).collect()
    }

    fn of(length: &Length, is_mirrored: bool) -> Self {
        let blocks = length.blocks;
        if !is_mirrored {
            return Self {
                blocks,
                skipped: 0,
                is_mirrored,
                shift: None,
                is_fine: true,
            };
        }
        let (whole, rest) = (length.samples / 8, length.samples % 8);
        let is_exact = rest == 0 && length.share == 0.0;
        Self {
            blocks,
            skipped: blocks.saturating_sub(whole),
            is_mirrored,
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

    /// The blocks of the result that can be made once stored block number `at` is there, and the one
    /// before it: one at most, and behind the last one those that fill up the last MCU, which look
    /// like it.
    #[inline]
    pub(crate) fn made_at(&self, at: u32) -> Range<u32> {
        if !self.is_mirrored {
            return at..at + 1;
        }
        let end = (self.blocks - self.skipped + u32::from(!self.is_exact())).saturating_sub(at);
        if at == 0 {
            (end - 1).min(self.blocks)..self.blocks
        } else {
            end.saturating_sub(1)..end
        }
    }

    /// What these are made of.
    #[inline]
    pub(crate) fn taps(&self, at: u32) -> Taps<'_> {
        match &self.shift {
            None => Taps::default(),
            Some(shift) if at == 0 => Taps {
                current: Some(&shift.edge),
                previous: None,
            },
            Some(shift) => Taps {
                current: Some(&shift.first),
                previous: Some(&shift.second),
            },
        }
    }
}

/// One component along one axis as it is stored.
struct Length {
    /// Blocks of all MCUs.
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
