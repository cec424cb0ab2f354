//! The code of single blocks, which is put into another order.

use super::bits::{BitWriter, Sink};

/// The most bytes that the code of a block takes: 63 steps, of 31 bits at most with their symbols, and
/// its end. The last word of bits is written as a whole.
const MOST_BYTES: usize = 256 + 8;

/// How much more room there is made at once.
const GROWTH: usize = 1 << 16;

/// Where the code of a block is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coded {
    begin: u32,
    /// How many bits it has; none if there is no such block.
    bits: u16,
    /// The first step, which is coded when it is known which block comes before.
    pub(super) first: i16,
}

/// The code of many blocks, each but for its first step.
#[derive(Debug)]
pub(crate) struct CodeStore {
    /// Zeros behind those that are used.
    bytes: Vec<u8>,
    used: usize,
}

impl CodeStore {
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
        first: i16,
        write: impl FnOnce(&mut Words<'_>) -> Option<()>,
    ) -> Option<Coded> {
        if self.bytes.len() < self.used + MOST_BYTES {
            self.bytes.resize(self.used + MOST_BYTES + GROWTH, 0);
        }
        let room = self.bytes.get_mut(self.used..)?.first_chunk_mut()?;
        let mut words = Words {
            room,
            at: 0,
            bits: 0,
            waiting: 0,
        };
        write(&mut words)?;
        let bits = words.finish()?;
        let begin = u32::try_from(self.used).ok()?;
        self.used += usize::from(bits).div_ceil(8);
        Some(Coded { begin, bits, first })
    }

    /// Writes the code of a block.
    #[inline]
    pub(super) fn copy(&self, coded: Coded, to: &mut BitWriter<'_>) -> Option<()> {
        let mut rest = self.bytes.get(coded.begin as usize..)?;
        let mut left = u32::from(coded.bits);
        while left > 0 {
            let word;
            (word, rest) = rest.split_first_chunk()?;
            let count = left.min(32);
            to.put(u32::from_be_bytes(*word) >> (32 - count), count);
            left -= count;
        }
        Some(())
    }
}

impl Coded {
    /// There is no such block yet, and once there is it will be drawn upon.
    pub(crate) const MARKED: Self = Self {
        begin: u32::MAX,
        bits: 0,
        first: 0,
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
    room: &'r mut [u8; MOST_BYTES],
    at: usize,
    bits: u64,
    waiting: u32,
}

impl Sink for Words<'_> {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    fn put(&mut self, bits: u32, count: u32) -> Option<()> {
        self.bits = self.bits << count | u64::from(bits);
        self.waiting += count;
        if self.waiting >= 32 {
            self.waiting -= 32;
            self.write((self.bits >> self.waiting) as u32)?;
        }
        Some(())
    }
}

impl Words<'_> {
    #[inline]
    fn write(&mut self, word: u32) -> Option<()> {
        let room = self.room.get_mut(self.at..self.at + 4)?;
        room.copy_from_slice(&word.to_be_bytes());
        self.at += 4;
        Some(())
    }

    /// How many bits were written.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    fn finish(mut self) -> Option<u16> {
        let bits = 8 * self.at + self.waiting as usize;
        self.write((self.bits << (32 - self.waiting)) as u32)?;
        u16::try_from(bits).ok()
    }
}
