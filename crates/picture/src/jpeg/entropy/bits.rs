//! Picture data as bits: in and out, zeros stuffed after 0xff, never past a marker.

mod copy;
mod pending;

pub(super) use self::pending::Pending;

/// Reads bits up to the next marker, and zeros from there on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BitReader<'a> {
    /// The bytes that are not loaded yet.
    rest: &'a [u8],
    /// The bits that are loaded, the next one first.
    bits: u64,
    loaded: u32,
    /// How many of the loaded bits, the last ones, are not of the file.
    invented: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            bits: 0,
            loaded: 0,
            invented: 0,
        }
    }

    /// The same bits, with `rest` as the bytes that are not loaded yet.
    pub(crate) fn over(self, rest: &[u8]) -> BitReader<'_> {
        BitReader { rest, ..self }
    }

    /// How many bytes are not loaded yet.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next 16 bits, after which at least 16 more are there to be [taken](Self::take).
    #[inline]
    pub(crate) fn peek(&mut self) -> u16 {
        if self.loaded < 32 {
            self.load();
        }
        (self.bits >> 48) as u16
    }

    /// The next `count` bits, at most 32 for each [peek](Self::peek).
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "`count` bits are left")]
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        // In two steps, for `count` may be 0.
        let taken = (self.bits >> 1 >> (63 - count)) as u32;
        self.bits <<= count;
        self.loaded -= count;
        taken
    }

    /// Has `read` read with a reader of its own, which can stay in registers.
    #[inline]
    pub(crate) fn with<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut own = *self;
        let read = read(&mut own);
        *self = own;
        read
    }

    #[inline]
    fn load(&mut self) {
        if let Some((&next, after)) = self.rest.split_first_chunk::<4>()
            && !has_escape(u32::from_be_bytes(next).into())
        {
            self.bits |= u64::from(u32::from_be_bytes(next)) << (32 - self.loaded);
            self.loaded += 32;
            self.rest = after;
        } else {
            *self = self.loaded_with_escapes();
        }
    }

    /// By value, so that the reader can stay in registers.
    #[cold]
    fn loaded_with_escapes(mut self) -> Self {
        while self.loaded <= 56 {
            let byte = match self.rest {
                [0xff, 0, after @ ..] => {
                    self.rest = after;
                    0xff
                }
                [0xff, 0xff, ..] => {
                    self.rest = &self.rest[1..]; // Filling.
                    continue;
                }
                [] | [0xff, ..] => {
                    self.invented = self.invented.saturating_add(8);
                    0
                }
                [byte, after @ ..] => {
                    self.rest = after;
                    *byte
                }
            };
            self.bits |= u64::from(byte) << (56 - self.loaded);
            self.loaded += 8;
        }
        self
    }

    /// Bits that are loaded and of the file.
    fn real(&self) -> u32 {
        self.loaded.saturating_sub(self.invented)
    }

    /// Whether more bits were taken than there were.
    #[inline]
    pub(crate) fn ran_out(&self) -> bool {
        self.invented > self.loaded
    }

    /// Whether the file ends here.
    pub(crate) fn is_at_end(&self) -> bool {
        matches!(self.rest, [] | [0xff])
    }

    /// The bytes behind the picture data: a marker, or nothing where the file ends. `None` if more
    /// bits were taken than the data has, or if more than `surplus` bytes of it are left: then
    /// bytes were lost or doubled. Devices fill data up with zeros or ones, which do not count.
    pub(crate) fn finish(self, surplus: usize) -> Option<&'a [u8]> {
        if self.ran_out() {
            return None;
        }
        let whole = self.real() / 8;
        let left = (self.bits << (self.loaded % 8)).to_be_bytes();
        let left = left.iter().take(whole as usize);
        let counted = left.filter(|byte| !matches!(byte, 0 | 0xff)).count();
        let mut surplus = surplus.checked_sub(counted)?;
        let mut rest = self.rest;
        loop {
            rest = match rest {
                [0xff, 0, after @ ..] | [0, after @ ..] => after,
                [0xff, 0xff, ..] => &rest[1..],
                [] | [0xff, ..] => return Some(rest),
                [_, after @ ..] => {
                    surplus = surplus.checked_sub(1)?;
                    after
                }
            };
        }
    }
}

/// Takes bits.
pub(crate) trait Sink {
    /// Appends the last `count` of `bits`, at most 63, the others being zero. `None` if there is no room.
    fn put(&mut self, bits: u64, count: u32) -> Option<()>;
}

impl Sink for BitWriter<'_> {
    #[inline]
    fn put(&mut self, bits: u64, count: u32) -> Option<()> {
        self.put(bits, count);
        Some(())
    }
}

/// Writes bits to the end of a file.
#[derive(Debug)]
pub(crate) struct BitWriter<'a> {
    file: &'a mut Vec<u8>,
    pending: Pending,
}

impl<'a> BitWriter<'a> {
    pub(crate) fn new(file: &'a mut Vec<u8>) -> Self {
        Self {
            file,
            pending: Pending::NONE,
        }
    }

    /// Appends the last `count` of `bits`, at most 63, the others being zero.
    #[inline]
    pub(crate) fn put(&mut self, bits: u64, count: u32) {
        if let Some(word) = self.pending.put(bits, count) {
            self.write(word);
        }
    }

    /// Appends 64 bits.
    #[inline]
    pub(super) fn put_word(&mut self, word: u64) {
        let whole = self.pending.put_word(word);
        self.write(whole);
    }

    #[inline]
    fn write(&mut self, word: u64) {
        if has_escape(word) {
            for byte in word.to_be_bytes() {
                push(byte, self.file);
            }
        } else {
            self.file.extend_from_slice(&word.to_be_bytes());
        }
    }

    /// Has `write` write with a writer of its own, which can stay in registers.
    #[inline]
    pub(crate) fn with<T>(&mut self, write: impl FnOnce(&mut BitWriter<'_>) -> T) -> T {
        let mut own = BitWriter {
            file: self.file,
            pending: self.pending,
        };
        let written = write(&mut own);
        self.pending = own.pending;
        written
    }

    /// Moves bytes that are written to where there is room for them, and the others up, unless those
    /// are the most. Returns how many.
    pub(crate) fn move_to(&mut self, room: &mut [u8]) -> usize {
        let count = room.len().min(self.file.len());
        if 2 * count < self.file.len() {
            return 0;
        }
        room[..count].copy_from_slice(&self.file[..count]);
        self.file.drain(..count);
        count
    }

    /// Writes a marker behind the bits so far.
    pub(crate) fn marker(&mut self, marker: u8) {
        self.fill();
        self.file.extend([0xff, marker]);
    }

    /// Ends the picture data.
    pub(crate) fn finish(mut self) {
        self.fill();
    }

    /// Fills the last byte with ones, as the standard wants it.
    fn fill(&mut self) {
        self.put(0x7f, 7);
        let (word, count) = self.pending.word();
        for byte in word.to_be_bytes().into_iter().take(count as usize / 8) {
            push(byte, self.file);
        }
        self.pending = Pending::NONE;
    }
}

/// Appends a byte, and what must stand behind it.
#[cold]
fn push(byte: u8, file: &mut Vec<u8>) {
    file.push(byte);
    if byte == 0xff {
        file.push(0);
    }
}

/// Whether any byte is 0xff.
fn has_escape(word: u64) -> bool {
    let zeros = !word;
    zeros.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_come_back_as_they_were_written(
            pieces in prop::collection::vec((any::<u32>(), 0_u32..=16), 0..200),
        ) {
            let pieces: Vec<_> = pieces
                .into_iter()
                .map(|(bits, count)| (bits & ((1 << count) - 1), count))
                .collect();
            let mut file = Vec::new();
            let mut writer = BitWriter::new(&mut file);
            for &(bits, count) in &pieces {
                writer.put(bits.into(), count);
            }
            writer.finish();
            prop_assert!(!file.windows(2).any(|pair| pair[0] == 0xff && pair[1] != 0));
            file.extend([0xff, 0xd9]);
            let mut reader = BitReader::new(&file);
            for (bits, count) in pieces {
                reader.peek();
                prop_assert_eq!(reader.take(count), bits);
            }
            prop_assert_eq!(reader.finish(0), Some(&[0xff, 0xd9][..]));
        }

        #[test]
        fn bits_are_copied_from_anywhere_to_anywhere(
            mut data in prop::collection::vec(prop_oneof![Just(0xff), any::<u8>()], 0..100),
            before in 0_u32..=16,
            skipped in 0_usize..100,
            taken in 0_usize..100,
        ) {
            // Whatever follows 0xff, as it is in a file.
            data = data.iter().flat_map(|&byte| if byte == 0xff { vec![0xff, 0xff, 0] } else { vec![byte] }).collect();
            data.extend([0xff, 0xd9]);
            let pieces = |reader: &mut BitReader<'_>, count| -> Vec<u32> {
                (0..count).map(|_| { reader.peek(); reader.take(3) }).collect()
            };
            let mut begin = BitReader::new(&data);
            pieces(&mut begin, skipped);
            let mut end = begin;
            let expected = pieces(&mut end, taken);
            prop_assume!(!end.ran_out());
            let mut file = Vec::new();
            let mut writer = BitWriter::new(&mut file);
            writer.put(0, before);
            writer.copy(begin, &end);
            writer.finish();
            let mut reader = BitReader::new(&file);
            reader.peek();
            reader.take(before);
            prop_assert_eq!(pieces(&mut reader, taken), expected);
        }

        #[test]
        fn escapes_are_seen_wherever_they_are(word: u64, at in 0_usize..8) {
            let mut bytes = word.to_be_bytes();
            prop_assert_eq!(has_escape(word), bytes.contains(&0xff));
            bytes[at] = 0xff;
            prop_assert!(has_escape(u64::from_be_bytes(bytes)));
        }
    }

    #[test]
    fn nothing_but_filling_may_be_left() {
        let cases: [(&str, &[u8], bool); 8] = [
            ("a marker", b"\xaa\xff\xd9", true),
            ("the end of the file", b"\xaa", true),
            ("half a marker", b"\xaa\xff", true),
            ("zeros", b"\xaa\0\0\0\0\0\0\0\0\0\0\xff\xd9", true),
            ("ones", b"\xaa\xff\0\xff\xff\xff\xd9", true),
            ("one byte", b"\xaa\x01\xff\xd9", false),
            (
                "a byte far behind",
                b"\xaa\0\0\0\0\0\0\0\0\0\0\x01\xff\xd9",
                false,
            ),
            ("a byte at the end of the file", b"\xaa\x01", false),
        ];
        for (name, file, expected) in cases {
            let mut reader = BitReader::new(file);
            reader.peek();
            reader.take(8);
            assert_eq!(reader.finish(0).is_some(), expected, "{name}");
            assert!(reader.finish(1).is_some(), "{name}");
        }
    }

    #[test]
    fn data_that_ends_early_is_not_taken_for_whole() {
        let file = [0xaa, 0xff, 0xd9];
        for (taken, whole) in [(8, true), (9, false)] {
            let mut reader = BitReader::new(&file);
            reader.peek();
            reader.take(taken);
            assert_eq!(reader.finish(0).is_some(), whole, "{taken} bits");
        }
    }
}
