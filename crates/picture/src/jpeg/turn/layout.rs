//! How a picture is divided into strips, which are turned one after the other.
//!
//! A strip is some rows of MCUs of the result, and the stored rows or, if the picture is turned
//! sideways, the stored columns that they are made of. Most photos are one strip.

use std::ops::Range;

use crate::jpeg::entropy::{Block, Cursor, McuGrid, Permutation, StoredBlock};
use crate::jpeg::frame::swapped;
use crate::jpeg::structure::Structure;
use crate::orientation::Orientation;

/// What a strip may take of memory, in bytes: enough for 24 megapixels at once. Larger pictures are
/// read twice, at first to find where the data of each strip begins.
const MAX_BYTES: u64 = 16 << 20;

/// How a picture is divided.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) orientation: Orientation,
    /// Stored MCUs, across and down.
    pub(crate) mcus: (u32, u32),
    /// Blocks in an MCU by component, across and down.
    blocks: Vec<(u32, u32)>,
    /// MCUs of a strip, from one side of it to the other.
    thickness: u32,
    /// Memory for the blocks of an MCU: to find them, and for them encoded.
    mcu_bytes: (u64, u64),
}

/// A region of the picture that becomes one strip.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    /// Rows of MCUs of the result.
    pub(crate) rows: Range<u32>,
    /// The stored MCUs that these are made of.
    pub(crate) stored_columns: Range<u32>,
    pub(crate) stored_rows: Range<u32>,
}

impl Region {
    pub(crate) const NONE: Self = Self {
        rows: 0..0,
        stored_columns: 0..0,
        stored_rows: 0..0,
    };
}

impl Layout {
    /// For a file of so many bytes.
    pub(crate) fn of(
        structure: &Structure<'_>,
        orientation: Orientation,
        file_bytes: usize,
    ) -> Self {
        let blocks = structure.components.iter().map(|one| one.blocks());
        let mut layout = Self {
            orientation,
            mcus: McuGrid::of_all(structure).count,
            blocks: blocks.collect(),
            thickness: 1,
            mcu_bytes: (0, 0),
        };
        let (columns, rows) = (u64::from(layout.mcus.0), u64::from(layout.mcus.1));
        let in_mcu = layout.blocks.iter().map(|&(across, down)| across * down);
        let index_bytes = u64::from(in_mcu.sum::<u32>()) * size_of::<StoredBlock>() as u64;
        // Turned blocks are about as long as before; each begins with a byte of its own.
        let encoded_bytes = (file_bytes as u64 * 5 / 4).div_ceil((columns * rows).max(1));
        layout.mcu_bytes = (index_bytes, encoded_bytes);
        let (along, length) = swapped(!orientation.is_sideways(), (columns, rows));
        let thickness = (MAX_BYTES / (length * (index_bytes + encoded_bytes)).max(1)).min(along);
        layout.thickness = u32::try_from(thickness).unwrap_or(1);
        layout
    }

    /// The same in strips of so many MCUs.
    #[cfg(test)]
    pub(crate) fn of_thickness(mut self, thickness: u32) -> Self {
        self.thickness = thickness.min(self.along().0);
        self
    }

    /// MCUs of the result, and whether they are mirrored, along its columns.
    fn along(&self) -> (u32, bool) {
        let (mirrors, mcus) = (self.orientation.mirrors(), self.mcus);
        if self.orientation.is_sideways() {
            (mcus.0, mirrors.0)
        } else {
            (mcus.1, mirrors.1)
        }
    }

    /// Whether all of the picture is one strip.
    pub(crate) fn is_whole(&self) -> bool {
        self.thickness == self.along().0
    }

    /// MCUs from one place where reading begins to the next.
    pub(crate) fn step(&self) -> u32 {
        if self.orientation.is_sideways() {
            self.thickness
        } else {
            self.mcus.0
        }
    }

    /// The strips, in the order of the result.
    pub(crate) fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        let (count, _) = self.along();
        let mut begin = 0;
        std::iter::from_fn(move || {
            let region = (begin < count).then(|| self.region(begin))?;
            begin = region.rows.end;
            Some(region)
        })
    }

    fn region(&self, begin: u32) -> Region {
        let (count, is_mirrored) = self.along();
        let (rows, stored) = if is_mirrored {
            // The filling in front, which is left out, is up to an MCU.
            let first = count.saturating_sub(begin + 2) / self.thickness * self.thickness;
            let end = if first == 0 { count } else { count - 1 - first };
            (begin..end, first..count - begin)
        } else {
            let end = (begin + self.thickness).min(count);
            (begin..end, begin..end)
        };
        let is_sideways = self.orientation.is_sideways();
        let across = if is_sideways {
            self.mcus.1
        } else {
            self.mcus.0
        };
        let (stored_rows, stored_columns) = swapped(is_sideways, (stored, 0..across));
        Region {
            rows,
            stored_columns,
            stored_rows,
        }
    }

    /// Rows, and blocks in a row, that a component has of the result in these rows of MCUs.
    pub(crate) fn blocks(&self, component: usize, rows: &Range<u32>) -> (Range<u32>, u32) {
        let is_sideways = self.orientation.is_sideways();
        let (across, down) = swapped(is_sideways, self.blocks[component]);
        let (mcus, _) = swapped(is_sideways, self.mcus);
        (rows.start * down..rows.end * down, mcus * across)
    }

    /// Where turning puts the coefficients of a block.
    pub(crate) fn permutation(&self) -> Permutation {
        let mirrors = self.orientation.mirrors();
        let is_odd = |is_mirrored: bool, frequency: usize| is_mirrored && frequency % 2 == 1;
        Permutation::of(|column, row| {
            let (to_column, to_row) = swapped(self.orientation.is_sideways(), (column, row));
            let is_negative = is_odd(mirrors.0, column) != is_odd(mirrors.1, row);
            (to_column, to_row, if is_negative { -1 } else { 1 })
        })
    }

    /// The encoded blocks of a strip in bytes, as far as is known before.
    pub(crate) fn encoded_bytes(&self) -> usize {
        let bytes = self.strip_mcus() * self.mcu_bytes.1;
        usize::try_from(bytes).unwrap_or(0)
    }

    /// The most MCUs of a strip.
    fn strip_mcus(&self) -> u64 {
        let (along, length) = swapped(!self.orientation.is_sideways(), self.mcus);
        u64::from((self.thickness + 1).min(along)) * u64::from(length)
    }

    /// Memory for a strip, and for places to begin at, in bytes.
    pub(crate) fn working_bytes(&self) -> u64 {
        let (columns, rows) = (u64::from(self.mcus.0), u64::from(self.mcus.1));
        let wide = if self.orientation.is_sideways() {
            u64::from(self.thickness)
        } else {
            columns
        };
        let strip = self.strip_mcus() * (self.mcu_bytes.0 + self.mcu_bytes.1);
        let held = |&(across, down): &(u32, u32)| u64::from(across * (down + 1));
        let held: u64 = self.blocks.iter().map(held).sum();
        let held = held * (wide + 1) * size_of::<Block>() as u64;
        // Every component may have a scan of its own.
        let scan_rows: u64 = self.blocks.iter().map(|&(_, down)| u64::from(down)).sum();
        let places = rows * scan_rows.max(1) * columns.div_ceil(u64::from(self.step().max(1)));
        strip + held + places * size_of::<Cursor<'_>>() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::file::Jpeg;
    use crate::jpeg::file::tests::numbered;

    /// Whatever their thickness, strips are made of stored MCUs at which reading can begin, and of
    /// all that they need: mirrored, that is one more MCU.
    #[test]
    fn strips_cover_the_result_and_have_what_they_are_made_of() {
        let file = numbered();
        let structure = Jpeg::parse(&file).unwrap().structure;
        for (thickness, count, value) in (1..8).flat_map(|thickness| {
            (1..20).flat_map(move |count| (1..=8).map(move |value| (thickness, count, value)))
        }) {
            let orientation = Orientation::from_exif(value);
            let layout = Layout {
                mcus: (count, count),
                thickness,
                ..Layout::of(&structure, orientation, 0)
            };
            let name = format!("{count} by {thickness}, {orientation:?}");
            let mut next = 0;
            for Region {
                rows,
                stored_columns,
                stored_rows,
            } in layout.regions()
            {
                assert_eq!(rows.start, next, "{name}");
                assert!(rows.end > next, "{name}");
                next = rows.end;
                let (stored, _) =
                    swapped(!orientation.is_sideways(), (stored_columns, stored_rows));
                assert_eq!(stored.start % thickness, 0, "{name}");
                let (_, is_mirrored) = layout.along();
                for row in rows {
                    let needed = if is_mirrored {
                        count.saturating_sub(row + 2)..count - row
                    } else {
                        row..row + 1
                    };
                    assert!(
                        stored.start <= needed.start && needed.end <= stored.end,
                        "{name}"
                    );
                }
            }
            assert_eq!(next, count, "{name}");
        }
    }
}
