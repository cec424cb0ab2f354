//! CRC-64 as OSS computes it over objects (ECMA-182 polynomial, reflected, all ones in and out;
//! also known as CRC-64/XZ), and the combination of two parts' sums without their bytes.

use std::fmt;

/// The polynomial with its bits reversed, as the reflected form needs it.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;

/// A finished checksum. Written in decimal, as in the header `x-oss-hash-crc64ecma`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crc64(pub u64);

impl Crc64 {
    /// The checksum of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut digest = Digest::default();
        digest.update(bytes);
        digest.finish()
    }

    /// The checksum of the bytes behind `self` followed by the `next_bytes` bytes behind `next`.
    ///
    /// Appending bytes multiplies the first checksum by x to the power of their number of bits,
    /// modulo the polynomial. The powers are reached by squaring, so this takes a few hundred
    /// steps for any length. Method of zlib's `crc32_combine`.
    #[must_use]
    pub fn combine(self, next: Self, next_bytes: u64) -> Self {
        Self(multiply(self.0, x_to_the_8(next_bytes)) ^ next.0)
    }
}

impl fmt::Display for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A checksum in the making.
#[derive(Clone, Default)]
pub struct Digest(crc64fast::Digest);

impl Digest {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// The checksum of everything added so far.
    #[must_use]
    pub fn finish(&self) -> Crc64 {
        Crc64(self.0.sum64())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Digest").field(&self.finish().0).finish()
    }
}

/// The product of two polynomials modulo [`POLYNOMIAL`]. The highest bit stands for x⁰.
fn multiply(a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    for bit in (0..64).rev() {
        if a >> bit & 1 == 1 {
            product ^= b;
        }
        let overflow = b & 1 == 1;
        b >>= 1;
        if overflow {
            b ^= POLYNOMIAL;
        }
    }
    product
}

/// x to the power of `8 * bytes` modulo [`POLYNOMIAL`].
fn x_to_the_8(mut bytes: u64) -> u64 {
    let mut result = 1 << 63; // x⁰
    let mut power = 1 << (63 - 8); // x⁸
    while bytes > 0 {
        if bytes & 1 == 1 {
            result = multiply(result, power);
        }
        power = multiply(power, power);
        bytes >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_check_value_comes_out() {
        assert_eq!(Crc64::of(b"123456789").to_string(), "11051210869376104954");
    }

    #[test]
    fn appending_nothing_changes_nothing() {
        let sum = Crc64::of(b"hello");
        assert_eq!(sum.combine(Crc64::of(b""), 0), sum);
        assert_eq!(Crc64::of(b"").combine(sum, 5), sum);
    }

    proptest! {
        #[test]
        fn combining_equals_summing_the_whole(
            head in proptest::collection::vec(any::<u8>(), 0..300),
            tail in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let whole = Crc64::of(&[head.as_slice(), tail.as_slice()].concat());
            let combined = Crc64::of(&head).combine(Crc64::of(&tail), tail.len() as u64);
            prop_assert_eq!(combined, whole);
        }
    }
}
