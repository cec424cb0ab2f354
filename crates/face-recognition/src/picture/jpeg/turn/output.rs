//! The segments around the picture data of a result: one frame, and one scan of all components.

use crate::picture::jpeg::code::Codings;
use crate::picture::jpeg::kept::{Keep, write};
use crate::picture::jpeg::structure::{
    END_OF_IMAGE, HUFFMAN, QUANTISATION, START_OF_IMAGE, START_OF_SCAN, Structure, Table, ZIGZAG,
};

/// How the result is coded.
pub(super) struct Output<'a> {
    pub(super) structure: &'a Structure<'static>,
    /// By component.
    pub(super) codings: Vec<Codings>,
}

/// Frames of two tables of each kind at most with steps below 256, and others.
const BASELINE: u8 = 0xc0;
const EXTENDED: u8 = 0xc1;

impl Output<'_> {
    /// Units, and the pixels of one, across and down.
    pub(super) fn units(&self) -> ((u32, u32), (u32, u32)) {
        let (horizontal, vertical) = self.structure.sampling();
        let pixels = (8 * u32::from(horizontal), 8 * u32::from(vertical));
        let units = (
            u32::from(self.structure.width).div_ceil(pixels.0),
            u32::from(self.structure.height).div_ceil(pixels.1),
        );
        (units, pixels)
    }

    /// Writes all that comes before the picture data.
    pub(super) fn head(
        &self,
        metadata: &[(u8, &[u8])],
        keep: Keep,
        file: &mut Vec<u8>,
    ) -> Option<()> {
        file.extend([0xff, START_OF_IMAGE]);
        for (marker, payload) in metadata {
            keep.metadata(*marker, payload, file)?;
        }
        for (number, table) in (0..).zip(&self.structure.tables) {
            if let Some(table) = table.filter(|_| self.uses(number)) {
                write(QUANTISATION, &quantisation(number, &table), file)?;
            }
        }
        let (mut codes, mut scan, mut is_baseline) = (vec![], vec![], true);
        for (number, component) in self.structure.components.iter().enumerate() {
            let first = self.first_alike(number)?;
            if first == number {
                self.codings
                    .get(number)?
                    .write_codes(u8::try_from(number).ok()?, &mut codes);
            }
            let table = u8::try_from(first).ok()?;
            is_baseline &= table < 2;
            scan.extend([component.id, table << 4 | table]);
        }
        let wide = |table: &Option<Table>| table.is_some_and(|table| is_wide(&table));
        is_baseline &= !self.structure.tables.iter().any(wide);
        let marker = if is_baseline { BASELINE } else { EXTENDED };
        write(marker, &self.frame()?, file)?;
        write(HUFFMAN, &codes, file)?;
        let count = u8::try_from(self.structure.components.len()).ok()?;
        let scan = [&[count], scan.as_slice(), &[0, 63, 0]].concat();
        write(START_OF_SCAN, &scan, file)
    }

    /// Whether any component uses this table.
    fn uses(&self, table: u8) -> bool {
        let mut components = self.structure.components.iter();
        components.any(|one| one.table == table)
    }

    /// The first component that is coded like this one.
    fn first_alike(&self, component: usize) -> Option<usize> {
        let own = self.codings.get(component)?;
        self.codings.iter().position(|one| one.is_written_like(own))
    }

    fn frame(&self) -> Option<Vec<u8>> {
        let structure = self.structure;
        let [h1, h0] = structure.height.to_be_bytes();
        let [w1, w0] = structure.width.to_be_bytes();
        let count = u8::try_from(structure.components.len()).ok()?;
        let mut frame = vec![8, h1, h0, w1, w0, count];
        for one in &structure.components {
            frame.extend([one.id, one.horizontal << 4 | one.vertical, one.table]);
        }
        Some(frame)
    }
}

/// Writes what comes after the picture data.
pub(super) fn tail(file: &mut Vec<u8>) {
    file.extend([0xff, END_OF_IMAGE]);
}

fn is_wide(table: &Table) -> bool {
    table.iter().any(|&step| step > 255)
}

fn quantisation(number: u8, table: &Table) -> Vec<u8> {
    let steps = ZIGZAG.iter().map(|&at| table[at].to_be_bytes());
    let is_wide = is_wide(table);
    let bytes = steps.flat_map(|[high, low]| if is_wide { vec![high, low] } else { vec![low] });
    std::iter::once(u8::from(is_wide) << 4 | number)
        .chain(bytes)
        .collect()
}
