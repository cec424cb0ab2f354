//! Encoded blocks that wait, because the result has them in another order.

use super::bits::{BitWriter, Pending, Sink};

/// The most bytes of an encoded block: 63 coefficients, of 31 bits at most with their symbols, and
/// its end. The last word of bits is written as a whole.
const MAX_BYTES: usize = 256 + 8;

/// How much more room there is made at once.
const GROWTH: usize = 1 << 16;

/// Where an encoded block is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StoredBlock {
    begin: u32,
    /// How many bits it has; none if there is no such block.
    bits: u16,
    /// The DC coefficient, which is encoded when it is known which block comes before.
    pub(super) dc: i16,
}

/// The AC coefficients of many blocks, encoded.
#[derive(Debug)]
pub(crate) struct BlockStore {
    /// Zeros behind those that are used.
    bytes: Vec<u8>,
    used: usize,
}

impl BlockStore {
    /// Has room for so many bytes, and makes more when needed.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            used: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    /// Appends a block, which `write` writes.
    #[inline]
    pub(super) fn append(
        &mut self,
        dc: i16,
        write: impl FnOnce(&mut Words<'_>) -> Option<()>,
    ) -> Option<StoredBlock> {
        if self.bytes.len() < self.used + MAX_BYTES {
            self.bytes.resize(self.used + MAX_BYTES + GROWTH, 0);
        }
        let room = self.bytes.get_mut(self.used..)?.first_chunk_mut()?;
        let mut words = Words {
            room,
            at: 0,
            pending: Pending::NONE,
        };
        write(&mut words)?;
        let bits = words.finish()?;
        let begin = u32::try_from(self.used).ok()?;
        self.used += usize::from(bits).div_ceil(8);
        Some(StoredBlock { begin, bits, dc })
    }

    /// Writes an encoded block.
    #[inline]
    pub(super) fn copy(&self, stored: StoredBlock, to: &mut BitWriter<'_>) -> Option<()> {
        let code = self.bytes.get(stored.begin as usize..)?;
        let (whole, rest) = code.split_at_checked(usize::from(stored.bits) / 64 * 8)?;
        for word in whole.as_chunks().0 {
            to.put_word(u64::from_be_bytes(*word));
        }
        let left = u32::from(stored.bits) % 64;
        let last = u64::from_be_bytes(*rest.first_chunk()?);
        to.put(last >> 1 >> (63 - left), left);
        Some(())
    }
}

impl StoredBlock {
    /// There is no such block yet, and once there is it will be drawn upon.
    pub(crate) const MARKED: Self = Self {
        begin: u32::MAX,
        bits: 0,
        dc: 0,
    };

    #[inline]
    pub(crate) fn is_marked(self) -> bool {
        self.begin == u32::MAX
    }

    /// Whether there is such a block.
    #[inline]
    pub(crate) fn exists(self) -> bool {
        self.bits > 0
    }
}

/// Writes bits, without anything stuffed between them.
pub(super) struct Words<'r> {
    room: &'r mut [u8; MAX_BYTES],
    at: usize,
    pending: Pending,
}

impl Sink for Words<'_> {
    #[inline]
    fn put(&mut self, bits: u64, count: u32) -> Option<()> {
        match self.pending.put(bits, count) {
            Some(word) => self.write(word),
            None => Some(()),
        }
    }
}

impl Words<'_> {
    #[inline]
    fn write(&mut self, word: u64) -> Option<()> {
        let room = self.room.get_mut(self.at..self.at + 8)?;
        room.copy_from_slice(&word.to_be_bytes());
        self.at += 8;
        Some(())
    }

    /// How many bits were written.
    #[inline]
    fn finish(mut self) -> Option<u16> {
        let (word, count) = self.pending.word();
        let written = 8 * self.at + count as usize;
        self.write(word)?;
        u16::try_from(written).ok()
    }
}
