//! Symbols, and the values that their additional bits stand for.

/// The run of zeros before a coefficient, and the size of the coefficient in bits.
#[inline]
pub(crate) fn run_and_size(symbol: u8) -> (u8, u8) {
    (symbol >> 4, symbol & 15)
}

/// The value that `size` additional bits stand for, at most 15: it is negative if they begin with zero.
/// EXTEND of the standard (F.2.2.1).
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "15 bits and a sign")]
pub(crate) fn extend(bits: u32, size: u8) -> i16 {
    // The sign is read by arithmetic, because a branch on it could not be predicted.
    let (bits, range) = (bits.cast_signed(), 1 << size);
    let negative = (bits - (range >> 1)) >> 31;
    (bits + (negative & (1 - range))) as i16
}

/// The additional bits of a value, and how many they are: at most 15.
#[inline]
pub(crate) fn bits_and_size(value: i32) -> Option<(u32, u8)> {
    let size = 32 - value.unsigned_abs().leading_zeros();
    if size > 15 {
        return None;
    }
    let bits = if value < 0 { value - 1 } else { value };
    let bits = bits.cast_unsigned() & ((1 << size) - 1);
    Some((bits, u8::try_from(size).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_long_as_they_must_be() {
        let cases = [
            (0, 0, 0),
            (1, 1, 1),
            (-1, 0, 1),
            (3, 3, 2),
            (-3, 0, 2),
            (-2, 1, 2),
            (255, 255, 8),
        ];
        for (value, bits, size) in cases {
            assert_eq!(bits_and_size(value), Some((bits, size)), "{value}");
            assert_eq!(i32::from(extend(bits, size)), value);
        }
        for value in -32_767..=32_767 {
            let (bits, size) = bits_and_size(value).unwrap();
            assert_eq!(i32::from(extend(bits, size)), value);
        }
        assert_eq!(bits_and_size(32_768), None);
        assert_eq!(bits_and_size(i32::MIN), None);
    }
}
