//! Bits on their way to whole words.

/// Bits that are not a whole word yet.
#[derive(Debug, Clone, Copy)]
pub(in crate::jpeg::entropy) struct Pending {
    /// The last ones count, those before them were taken.
    bits: u64,
    /// How many are missing, 1 to 64.
    room: u32,
}

impl Pending {
    pub(in crate::jpeg::entropy) const NONE: Self = Self { bits: 0, room: 64 };

    /// Appends the last `count` of `bits`, at most 63, the others being zero. Returns a word once it is
    /// whole.
    #[inline]
    pub(in crate::jpeg::entropy) fn put(&mut self, bits: u64, count: u32) -> Option<u64> {
        if count < self.room {
            self.bits = self.bits << count | bits;
            self.room -= count;
            return None;
        }
        let left = count - self.room;
        let word = self.bits << self.room | bits >> left;
        (self.bits, self.room) = (bits, 64 - left);
        Some(word)
    }

    /// Appends a whole word, which completes another one.
    #[inline]
    pub(in crate::jpeg::entropy) fn put_word(&mut self, word: u64) -> u64 {
        let whole = self.bits << 1 << (self.room - 1) | word >> (64 - self.room);
        self.bits = word;
        whole
    }

    /// A word that begins with these bits, and how many they are.
    #[inline]
    pub(in crate::jpeg::entropy) fn word(self) -> (u64, u32) {
        (self.bits << 1 << (self.room - 1), 64 - self.room)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn many_bits_are_like_one_after_the_other(
            pieces in prop::collection::vec((any::<u64>(), 0_u32..=64), 0..50),
        ) {
            let (mut at_once, mut singly) = (Pending::NONE, Pending::NONE);
            let (mut words, mut expected) = (vec![], vec![]);
            for (bits, count) in pieces {
                match count {
                    64 => words.push(at_once.put_word(bits)),
                    count => words.extend(at_once.put(bits & ((1 << count) - 1), count)),
                }
                for bit in (0..count).rev() {
                    expected.extend(singly.put(bits >> bit & 1, 1));
                }
            }
            prop_assert_eq!(words, expected);
            prop_assert_eq!(at_once.word(), singly.word());
        }
    }
}
