//! Copies bits from anywhere in one file to anywhere in another one.

use super::{BitReader, BitWriter, has_escape};

impl BitReader<'_> {
    /// How many bits are between here and `end`, which is further on in the same data.
    fn bits_to(&self, end: &Self) -> u64 {
        let bytes = self.rest.len().saturating_sub(end.rest.len());
        // Neither the zero behind 0xff nor filling is a part of the data, and each has one.
        let left_out = escapes(self.rest.get(..bytes).unwrap_or_default());
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
                to.put(from.take(32).into(), 32);
                left -= 32;
                if from.loaded < 32 {
                    left -= to.copy_bytes(&mut from, left);
                }
            }
            let rest = u32::try_from(left).unwrap_or(0);
            from.peek();
            to.put(from.take(rest).into(), rest);
        });
    }

    /// Appends eight bytes at a time behind the bits that are loaded, as long as none of them is 0xff
    /// and all of them lie within the next `most` bits. Returns how many bits were appended.
    #[inline]
    fn copy_bytes(&mut self, from: &mut BitReader<'_>, most: u64) -> u64 {
        let mut copied = u64::from(from.loaded);
        if copied + 64 > most {
            return 0;
        }
        self.put(from.bits >> 1 >> (63 - from.loaded), from.loaded);
        (from.bits, from.loaded) = (0, 0);
        while copied + 64 <= most
            && let Some((&next, after)) = from.rest.split_first_chunk()
        {
            let next = u64::from_be_bytes(next);
            if has_escape(next) {
                break;
            }
            self.put_word(next);
            from.rest = after;
            copied += 64;
        }
        copied
    }
}

/// How many bytes are 0xff.
fn escapes(bytes: &[u8]) -> usize {
    let (chunks, last) = bytes.as_chunks::<16>();
    let in_last = last.iter().map(|&byte| usize::from(byte == 0xff)).sum();
    // As many as a byte can count, which is done for sixteen places at once.
    chunks.chunks(255).fold(in_last, |all, chunks| {
        let mut counts = [0_u8; 16];
        for chunk in chunks {
            for (count, byte) in counts.iter_mut().zip(chunk) {
                *count += u8::from(*byte == 0xff);
            }
        }
        all + counts.into_iter().map(usize::from).sum::<usize>()
    })
}
