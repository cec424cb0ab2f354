//! The header of a scan: its components, and which part of their coefficients it holds.

use super::segments::corrupt;
use crate::error::PictureError;

/// The header of a scan.
#[derive(Debug)]
pub(crate) struct ScanHeader {
    /// One to four.
    pub(crate) parts: Vec<PartHeader>,
    /// The first and the last frequency, in the order of the zigzag.
    pub(crate) first: u8,
    pub(crate) last: u8,
    /// How many of the lowest bits were still to come before this scan, and behind it.
    pub(crate) before: u8,
    pub(crate) behind: u8,
}

/// One component in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartHeader {
    /// Its number in the frame.
    pub(crate) component: usize,
    /// Which Huffman codes it uses.
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
        let &[first, last, bits] = range else {
            return Err(damaged());
        };
        let mut parts: Vec<PartHeader> = Vec::new();
        for &[id, codes] in selectors.as_chunks::<2>().0 {
            let is_free = |at: usize| parts.iter().all(|part| part.component != at);
            let component = (0..ids.len()).find(|&at| ids[at] == id && is_free(at));
            parts.push(PartHeader {
                component: component.ok_or_else(damaged)?,
                dc: codes >> 4,
                ac: codes & 15,
            });
        }
        if parts.is_empty() {
            return Err(damaged());
        }
        Ok(Self {
            parts,
            first,
            last,
            before: bits >> 4,
            behind: bits & 15,
        })
    }
}
