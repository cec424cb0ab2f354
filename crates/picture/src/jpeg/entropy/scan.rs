//! The data behind one scan header: the order of its blocks, and a cursor in it.

use super::bits::BitReader;
use super::block_coder::BlockCoder;
use super::tables::Tables;
use crate::error::PictureError;
use crate::jpeg::scan_header::{ScanComponentHeader, ScanHeader};
use crate::jpeg::segments::{corrupt, next_marker, truncated};
use crate::jpeg::structure::Structure;

/// RST0, the first of eight markers that take turns.
const FIRST_RESTART: u8 = 0xd0;

/// One component in a scan.
#[derive(Debug, Clone)]
pub(crate) struct ScanComponent {
    /// Its index in the frame.
    pub(crate) index: usize,
    /// The numbers of its Huffman tables, as the scan header has them.
    pub(crate) selectors: u8,
    pub(crate) coder: BlockCoder,
    /// Blocks in an MCU, across and down.
    pub(crate) blocks: (u32, u32),
}

/// How a scan is divided into MCUs, which are some blocks of each of its components.
#[derive(Debug, Clone, Copy)]
pub(crate) struct McuGrid {
    /// MCUs in a row, and rows.
    pub(crate) count: (u32, u32),
    /// Pixels of an MCU, across and down.
    pub(crate) pixels: (u32, u32),
    /// MCUs between two restart markers; 0 if there are none.
    pub(crate) restart_interval: u32,
}

/// A scan of a sequential file, which holds all that there is of its components.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    /// At most four.
    pub(crate) components: Vec<ScanComponent>,
    pub(crate) mcus: McuGrid,
}

impl ScanComponent {
    /// Reads the blocks of one MCU and forgets them.
    #[inline]
    pub(crate) fn skip(&self, prediction: &mut i32, from: &mut BitReader<'_>) -> Option<()> {
        let (across, down) = self.blocks;
        (0..across * down).try_for_each(|_| self.coder.skip(prediction, from))
    }
}

impl McuGrid {
    /// The MCUs of a scan, and the blocks that each of its components has in one, across and down.
    pub(crate) fn of(
        header: &ScanHeader,
        structure: &Structure<'_>,
        restart_interval: u32,
    ) -> (Self, Vec<(u32, u32)>) {
        let blocks = |index: usize| structure.components[index].blocks();
        let all = Self::of_all(structure).pixels;
        let (pixels, blocks) = match header.components.as_slice() {
            [alone] => {
                let (across, down) = blocks(alone.index);
                ((all.0 / across, all.1 / down), vec![(1, 1)])
            }
            components => (
                all,
                components
                    .iter()
                    .map(|component| blocks(component.index))
                    .collect(),
            ),
        };
        (Self::new(structure, pixels, restart_interval), blocks)
    }

    /// The MCUs of a scan of all components without restart markers.
    pub(crate) fn of_all(structure: &Structure<'_>) -> Self {
        let (horizontal, vertical) = structure.sampling();
        let pixels = (8 * u32::from(horizontal), 8 * u32::from(vertical));
        Self::new(structure, pixels, 0)
    }

    fn new(structure: &Structure<'_>, pixels: (u32, u32), restart_interval: u32) -> Self {
        Self {
            count: (
                u32::from(structure.width).div_ceil(pixels.0),
                u32::from(structure.height).div_ceil(pixels.1),
            ),
            pixels,
            restart_interval,
        }
    }
}

impl Scan {
    /// The scan of a sequential file with this header. Whatever part of the frequencies the header
    /// names, all are there.
    pub(crate) fn of(
        header: &ScanHeader,
        structure: &Structure<'_>,
        tables: &Tables,
    ) -> Result<Self, PictureError> {
        let (mcus, blocks) = McuGrid::of(header, structure, tables.restart_interval());
        let component = |(component, blocks): (&ScanComponentHeader, (u32, u32))| {
            Ok(ScanComponent {
                index: component.index,
                selectors: component.dc << 4 | component.ac,
                coder: tables
                    .block_coder(component, &structure.components[component.index].table)?,
                blocks,
            })
        };
        let components = header.components.iter().zip(blocks).map(component);
        Ok(Self {
            components: components.collect::<Result<_, PictureError>>()?,
            mcus,
        })
    }
}

/// A place in the data of a scan. A copy of it leads to the same place later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'f> {
    pub(crate) from: BitReader<'f>,
    /// The DC coefficient of the last block of each component, by their order in the scan.
    pub(crate) predictions: [i32; 4],
    /// MCUs before this one.
    mcu: u32,
}

impl<'f> Cursor<'f> {
    pub(crate) fn new(data: &'f [u8]) -> Self {
        Self {
            from: BitReader::new(data),
            predictions: [0; 4],
            mcu: 0,
        }
    }

    /// The same place in data that was moved: `rest` are its bytes that are not loaded yet.
    pub(crate) fn over(self, rest: &[u8]) -> Cursor<'_> {
        Cursor {
            from: self.from.over(rest),
            ..self
        }
    }

    /// The restart marker that must stand before the next MCU, if any.
    #[inline]
    pub(crate) fn restart(&self, mcus: &McuGrid) -> Option<u8> {
        if mcus.restart_interval == 0 || self.mcu == 0 {
            return None;
        }
        let before = (self.mcu - 1) / mcus.restart_interval;
        let is_due = self.mcu.is_multiple_of(mcus.restart_interval);
        is_due.then_some(FIRST_RESTART + (before % 8) as u8)
    }

    /// Goes to the next MCU, the first one at first, and over the marker before it.
    #[inline]
    pub(crate) fn next(&mut self, mcus: &McuGrid) -> Option<()> {
        if let Some(due) = self.restart(mcus) {
            let (marker, rest) = next_marker(self.from.finish(0)?)?;
            if marker != due {
                return None;
            }
            self.from = BitReader::new(rest);
            self.predictions = [0; 4];
        }
        self.mcu += 1;
        (!self.from.ran_out()).then_some(())
    }

    /// Reads an MCU and forgets it.
    #[inline]
    pub(crate) fn skip(&mut self, scan: &Scan) -> Option<()> {
        self.next(&scan.mcus)?;
        self.skip_mcu(scan)
    }

    /// The same behind [`next`](Self::next).
    #[inline]
    pub(crate) fn skip_mcu(&mut self, scan: &Scan) -> Option<()> {
        for (component, prediction) in scan.components.iter().zip(&mut self.predictions) {
            component.skip(prediction, &mut self.from)?;
        }
        Some(())
    }

    /// Why the data cannot be read from here on.
    pub(crate) fn damage(&self, mcus: &McuGrid) -> PictureError {
        if self.from.is_at_end() {
            return truncated();
        }
        let row = self.mcu.saturating_sub(1) / mcus.count.0.max(1) * mcus.pixels.1;
        corrupt(format!("its picture data is damaged at row {row}"))
    }
}
