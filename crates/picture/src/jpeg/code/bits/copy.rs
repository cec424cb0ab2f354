//! Copies bits from anywhere in one file to anywhere in another one.

use super::{BitReader, BitWriter};

impl BitReader<'_> {
    /// How many bits are between here and `end`, which is further on in the same data.
    fn bits_to(&self, end: &Self) -> u64 {
        let bytes = self.rest.len().saturating_sub(end.rest.len());
        // Neither the zero behind 0xff nor filling is a part of the data, and each has one.
        let (chunks, last) = self.rest.get(..bytes).unwrap_or_default().as_chunks::<32>();
        let count = |bytes: &[u8]| -> u8 { bytes.iter().map(|&byte| u8::from(byte == 0xff)).sum() };
        let in_chunks: usize = chunks.iter().map(|chunk| usize::from(count(chunk))).sum();
        let left_out = in_chunks + usize::from(count(last));
        let whole = (bytes - left_out) as u64 * 8 + u64::from(self.real());
        whole.saturating_sub(end.real().into())
    }
}

impl BitWriter<'_> {
    /// Appends all bits from `from` to `end`, which is further on in the same data.
    pub(crate) fn copy(&mut self, mut from: BitReader<'_>, end: &BitReader<'_>) {
        let mut left = from.bits_to(end);
        self.with(|to| {
            while left >= 32 {
                from.peek();
                to.put(from.take(32), 32);
                left -= 32;
                if from.loaded < 32 {
                    left -= to.copy_bytes(&mut from, left);
                }
            }
            let rest = u32::try_from(left).unwrap_or(0);
            from.peek();
            to.put(from.take(rest), rest);
        });
    }

    /// Appends eight bytes at a time, as long as none of them is 0xff and all of them lie within
    /// the next `most` bits. Returns how many bits were appended; fewer than 32 are loaded before.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
    fn copy_bytes(&mut self, from: &mut BitReader<'_>, most: u64) -> u64 {
        let loaded = from.loaded;
        let mut rest = from.rest;
        // What waits here and what is loaded there, fewer than 64 bits together.
        let mut pending = self.bits << loaded | from.bits >> 1 >> (63 - loaded);
        let shift = self.waiting + loaded;
        let mut copied = 0;
        while copied + u64::from(loaded) + 64 <= most
            && let Some((&next, after)) = rest.split_first_chunk()
        {
            let next = u64::from_be_bytes(next);
            if has_escape(next) {
                break;
            }
            let word = pending << 1 << (63 - shift) | next >> shift;
            if has_escape(word) {
                self.write((word >> 32) as u32);
                self.write(word as u32);
            } else {
                self.file.extend_from_slice(&word.to_be_bytes());
            }
            (pending, rest) = (next, after);
            copied += 64;
        }
        if copied == 0 {
            return 0;
        }
        // As before, there is as much pending as was.
        (self.bits, self.waiting) = (pending, shift);
        if shift >= 32 {
            self.waiting -= 32;
            self.write((self.bits >> self.waiting) as u32);
        }
        (from.rest, from.bits, from.loaded) = (rest, 0, 0);
        copied + u64::from(loaded)
    }
}

/// Whether any byte is 0xff.
fn has_escape(word: u64) -> bool {
    let zeros = !word;
    zeros.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0
}
