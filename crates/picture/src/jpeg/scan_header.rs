//! The header of a scan: its components, and which part of their coefficients it holds.

use super::segments::corrupt;
use crate::error::PictureError;

/// The header of a scan.
#[derive(Debug)]
pub(crate) struct ScanHeader {
    /// One to four.
    pub(crate) components: Vec<ScanComponentHeader>,
    /// The zigzag indices of the first and the last coefficient (Ss, Se).
    pub(crate) spectral_start: u8,
    pub(crate) spectral_end: u8,
    /// How many of the lowest bits were missing before this scan, and are missing after it: the bit
    /// positions of successive approximation (Ah, Al).
    pub(crate) approximation_high: u8,
    pub(crate) approximation_low: u8,
}

/// One component of a scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanComponentHeader {
    /// Its index in the frame.
    pub(crate) index: usize,
    /// The numbers of its Huffman tables.
    pub(crate) dc: u8,
    pub(crate) ac: u8,
}

impl ScanHeader {
    /// Reads the header of a scan of a frame whose components are called `ids`. Where several are
    /// called the same, they are meant in their order.
    pub(crate) fn read(
        payload: &[u8],
        ids: impl Iterator<Item = u8>,
    ) -> Result<Self, PictureError> {
        let ids: Vec<_> = ids.collect();
        let damaged = || corrupt("a scan header is damaged");
        let (&count, rest) = payload.split_first().ok_or_else(damaged)?;
        let (selectors, range) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or_else(damaged)?;
        let &[spectral_start, spectral_end, bits] = range else {
            return Err(damaged());
        };
        let mut components: Vec<ScanComponentHeader> = Vec::new();
        for &[id, tables] in selectors.as_chunks::<2>().0 {
            let is_free = |at: usize| components.iter().all(|component| component.index != at);
            let index = (0..ids.len()).find(|&at| ids[at] == id && is_free(at));
            components.push(ScanComponentHeader {
                index: index.ok_or_else(damaged)?,
                dc: tables >> 4,
                ac: tables & 15,
            });
        }
        if components.is_empty() {
            return Err(damaged());
        }
        Ok(Self {
            components,
            spectral_start,
            spectral_end,
            approximation_high: bits >> 4,
            approximation_low: bits & 15,
        })
    }
}
