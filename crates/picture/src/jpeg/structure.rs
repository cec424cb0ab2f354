//! The make of a JPEG: enough to read its picture, and to write one like it.

use super::frame::{Component, Process, finest, swapped};
use super::segments::Segment;
use super::table::transposed;
use crate::colour::Space;
use crate::orientation::Orientation;

/// The most blocks in an MCU of a scan that has several components.
pub(crate) const MAX_BLOCKS: u32 = 10;

/// The make of a file.
#[derive(Debug, Clone)]
pub(crate) struct Structure<'f> {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) process: Process,
    /// One, three or four, whose sampling factors divide the largest of them.
    pub(crate) components: Vec<Component>,
    pub(crate) space: Space,
    /// The segments of metadata before the first scan, as far as they count.
    pub(crate) metadata: Vec<Segment<'f>>,
}

impl Structure<'_> {
    /// The names of the components, as scan headers use them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u8> + '_ {
        self.components.iter().map(|one| one.id)
    }

    /// Whether blocks can be read one after the other.
    pub(crate) fn is_sequential(&self) -> bool {
        self.process != Process::Progressive
    }

    /// The finest sampling of any component, across and down.
    pub(crate) fn sampling(&self) -> (u8, u8) {
        finest(
            self.components
                .iter()
                .map(|one| (one.horizontal, one.vertical)),
        )
    }

    /// Whether all components fit into one scan.
    pub(crate) fn can_be_one_scan(&self) -> bool {
        let blocks = |one: &Component| u32::from(one.horizontal) * u32::from(one.vertical);
        self.components.iter().map(blocks).sum::<u32>() <= MAX_BLOCKS
    }

    /// The same picture, stored upright in one scan.
    pub(crate) fn turned(&self, orientation: Orientation) -> Self {
        let is_sideways = orientation.is_sideways();
        let (width, height) = swapped(is_sideways, (self.width, self.height));
        let components = self.components.iter().map(|&one| {
            let sampling = swapped(is_sideways, (one.horizontal, one.vertical));
            let (horizontal, vertical) = sampling;
            let table = if is_sideways {
                transposed(&one.table)
            } else {
                one.table
            };
            Component {
                horizontal,
                vertical,
                table,
                ..one
            }
        });
        Self {
            width,
            height,
            components: components.collect(),
            metadata: self.metadata.clone(),
            ..*self
        }
    }

    /// The same picture without the segments that give its colours a meaning.
    pub(crate) fn bare(&self) -> Self {
        let mut bare = self.turned(Orientation::Upright);
        bare.metadata.clear();
        for (id, component) in (1..).zip(&mut bare.components) {
            component.id = id;
        }
        bare
    }

    /// Memory for the coefficients of a progressive file, two bytes each: all of them are held
    /// beside the pixels until the last scan. A sequential file needs a few rows.
    pub(crate) fn coefficient_bytes(&self) -> u64 {
        if self.is_sequential() {
            return 0;
        }
        2 * self.samples()
    }

    /// Samples of all components, those that fill up the last MCUs not counted.
    pub(crate) fn samples(&self) -> u64 {
        let (horizontal, vertical) = self.sampling();
        let samples = |one: &Component| u64::from(one.horizontal) * u64::from(one.vertical);
        let all: u64 = self.components.iter().map(samples).sum();
        let full = u64::from(horizontal) * u64::from(vertical);
        u64::from(self.width) * u64::from(self.height) * all / full.max(1)
    }
}
