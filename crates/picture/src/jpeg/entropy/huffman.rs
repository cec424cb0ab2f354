//! Huffman tables as a JPEG defines them, and as decoding and encoding look symbols up.

/// Bits of a code that are looked up at once; longer codes are rare and searched for.
const DIRECT: u32 = 10;

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Dc,
    Ac,
    /// AC coefficients in a progressive file, where one symbol ends many blocks.
    ProgressiveAc,
}

impl Class {
    /// The symbols that a block drawn upon may need.
    fn needed(self) -> Vec<u8> {
        match self {
            Self::Dc => (0..=11).collect(),
            Self::Ac => (0..=0xff)
                .filter(|symbol| matches!(symbol & 15, 1..=10) || matches!(symbol, 0 | 0xf0))
                .collect(),
            Self::ProgressiveAc => (0..=0xff).filter(|symbol| symbol & 15 <= 10).collect(),
        }
    }

    /// As a file has it.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Dc => 0,
            Self::Ac | Self::ProgressiveAc => 1,
        }
    }
}

/// A table as a file has it: how many symbols have codes of 1 to 16 bits (BITS), and the symbols in
/// this order (HUFFVAL).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HuffmanSpec {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

impl HuffmanSpec {
    /// Takes a table from the beginning of `payload`, which keeps the bytes behind it.
    pub(crate) fn take(payload: &mut &[u8]) -> Option<Self> {
        let (counts, rest) = payload.split_first_chunk::<16>()?;
        let total = counts.iter().map(|&count| usize::from(count)).sum();
        let (symbols, rest) = rest.split_at_checked(total)?;
        *payload = rest;
        Some(Self {
            counts: *counts,
            symbols: symbols.to_vec(),
        })
    }

    /// Whether it is one that decoders take.
    pub(crate) fn is_possible(&self, class: Class) -> bool {
        let largest = match class {
            Class::Dc => 15,
            Class::Ac | Class::ProgressiveAc => u8::MAX,
        };
        self.fits() && self.symbols.iter().all(|&symbol| symbol <= largest)
    }

    /// Whether the codes are at most as many as there can be, that of ones alone left out.
    fn fits(&self) -> bool {
        let spent: u32 = (0..)
            .zip(self.counts)
            .map(|(short, count)| u32::from(count) << (15 - short))
            .sum();
        spent < 1 << 16 && self.symbols.len() <= 256
    }

    /// This table with all symbols that drawing may need. Symbols that the file did not use get the
    /// longest codes, for which one symbol of about 1 % gives up half of its room.
    pub(crate) fn completed(&self, class: Class) -> Self {
        let mut missing = class.needed();
        missing.retain(|symbol| !self.symbols.contains(symbol));
        if missing.is_empty() {
            return self.clone();
        }
        self.with(&missing)
            .unwrap_or_else(|| Self::even([self.symbols.as_slice(), &missing].concat()))
    }

    /// This table with more symbols, if there is room for them.
    fn with(&self, missing: &[u8]) -> Option<Self> {
        let mut completed = self.clone();
        let giver = (0..7).rev().find(|&short| self.counts[short] > 0)?;
        completed.counts[giver] -= 1;
        completed.counts[giver + 1] = completed.counts[giver + 1].checked_add(1)?;
        completed.counts[15] =
            completed.counts[15].checked_add(u8::try_from(missing.len()).ok()?)?;
        completed.symbols.extend(missing);
        completed.fits().then_some(completed)
    }

    /// A table that gives all symbols eight or nine bits.
    fn even(mut symbols: Vec<u8>) -> Self {
        symbols.sort_unstable();
        symbols.dedup();
        let short = symbols.len().min(128);
        let mut counts = [0; 16];
        // At most 256 symbols, so both fit.
        counts[7] = u8::try_from(short).unwrap_or(128);
        counts[8] = u8::try_from(symbols.len() - short).unwrap_or(128);
        Self { counts, symbols }
    }

    /// As it is written to a file.
    pub(crate) fn write(&self, file: &mut Vec<u8>) {
        file.extend(self.counts);
        file.extend(&self.symbols);
    }

    /// Symbol, code and number of bits of each, the shortest first.
    fn assigned(&self) -> impl Iterator<Item = (u8, u16, u8)> + '_ {
        let lengths = (1..=16)
            .zip(self.counts)
            .flat_map(|(length, count)| (0..count).map(move |_| length));
        let mut next = 0_u16;
        self.symbols
            .iter()
            .zip(lengths)
            .map(move |(&symbol, length)| {
                let code = next >> (16 - length);
                next += 1 << (16 - length);
                (symbol, code, length)
            })
    }
}

/// From bits to symbols.
#[derive(Debug)]
pub(crate) struct DecodeTable {
    /// Symbol and bits of the code that the first [`DIRECT`] bits begin with; 0 bits if it is
    /// longer.
    direct: Vec<(u8, u8)>,
    /// First code, left in 16 bits, number of bits and symbol of the others.
    long: Vec<(u16, u8, u8)>,
}

impl DecodeTable {
    pub(crate) fn of(spec: &HuffmanSpec) -> Self {
        let mut direct = vec![(0, 0); 1 << DIRECT];
        let mut long = Vec::new();
        for (symbol, code, length) in spec.assigned() {
            let first = code << (16 - length);
            if u32::from(length) <= DIRECT {
                let index = usize::from(first >> (16 - DIRECT));
                direct[index..index + (1 << (DIRECT - u32::from(length)))].fill((symbol, length));
            } else {
                long.push((first, length, symbol));
            }
        }
        Self { direct, long }
    }

    /// The symbol that `bits` begin with and the bits of its code.
    #[inline]
    pub(crate) fn symbol(&self, bits: u16) -> Option<(u8, u32)> {
        match self.direct[usize::from(bits >> (16 - DIRECT))] {
            (_, 0) => self.search(bits),
            (symbol, length) => Some((symbol, length.into())),
        }
    }

    #[cold]
    fn search(&self, bits: u16) -> Option<(u8, u32)> {
        let after = self.long.partition_point(|&(first, ..)| first <= bits);
        let &(first, length, symbol) = self.long.get(after.checked_sub(1)?)?;
        ((bits - first) >> (16 - length) == 0).then_some((symbol, length.into()))
    }
}

/// From symbols to bits.
#[derive(Debug)]
pub(crate) struct EncodeTable {
    /// Code and number of bits by symbol; 0 bits if there is no code for it.
    codes: [(u16, u8); 256],
}

impl EncodeTable {
    pub(crate) fn of(spec: &HuffmanSpec) -> Self {
        let mut codes = [(0, 0); 256];
        for (symbol, code, length) in spec.assigned() {
            codes[usize::from(symbol)] = (code, length);
        }
        Self { codes }
    }

    /// Code and number of bits.
    #[inline]
    pub(crate) fn code(&self, symbol: u8) -> Option<(u32, u32)> {
        let (code, length) = self.codes[usize::from(symbol)];
        (length > 0).then_some((code.into(), length.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_code_can_be_completed() {
        let code = |counts: [u8; 16], symbols: Vec<u8>| HuffmanSpec { counts, symbols };
        let mut one_bit = [0; 16];
        one_bit[0] = 1;
        let mut long_only = [0; 16];
        long_only[15] = 200;
        let cases = [
            ("nothing", code([0; 16], vec![])),
            ("one symbol", code(one_bit, vec![5])),
            ("long codes only", code(long_only, (0..200).collect())),
        ];
        for (name, code) in cases {
            for class in [Class::Dc, Class::Ac, Class::ProgressiveAc] {
                let completed = code.completed(class);
                assert!(completed.fits(), "{name}");
                let writing = EncodeTable::of(&completed);
                let reading = DecodeTable::of(&completed);
                for symbol in class.needed().into_iter().chain(code.symbols.clone()) {
                    let (bits, length) = writing.code(symbol).expect(name);
                    let peeked = u16::try_from(bits << (16 - length)).unwrap();
                    assert_eq!(reading.symbol(peeked), Some((symbol, length)), "{name}");
                }
            }
        }
    }
}
