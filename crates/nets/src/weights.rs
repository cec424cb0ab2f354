//! Weights, as a file keeps them.

use thiserror::Error;

/// The weights of a net, at half precision, in the order of its layers.
#[derive(Clone, Debug)]
pub struct Weights<'a> {
    rest: &'a [u8],
}

/// There are not as many weights as the net has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the weights are not those of the net")]
pub struct BadWeights;

impl<'a> Weights<'a> {
    /// Numbers of two bytes each, little endian.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// The next `count` weights.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn take(&mut self, count: usize) -> Result<Vec<f32>, BadWeights> {
        let (taken, rest) = self.rest.split_at_checked(2 * count).ok_or(BadWeights)?;
        self.rest = rest;
        let (halves, _) = taken.as_chunks();
        Ok(halves
            .iter()
            .map(|&it| widened(u16::from_le_bytes(it)))
            .collect())
    }

    /// Ends reading.
    ///
    /// # Errors
    /// When weights are left.
    pub fn finish(self) -> Result<(), BadWeights> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(BadWeights)
        }
    }
}

/// A number at half precision, which must be finite. Its exponent is one of 5 bits instead of 8,
/// whose zero lies 112 lower.
fn widened(half: u16) -> f32 {
    const RAISED: f32 = f32::from_bits((127 + 112) << 23);
    let sign = u32::from(half & 0x8000) << 16;
    let number = u32::from(half & 0x7fff) << 13;
    f32::from_bits(sign | number) * RAISED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened_exactly() {
        for (half, expected) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
        ] {
            let found = widened(half);
            assert!(
                (found - expected).abs() <= expected.abs() * 1e-7,
                "{half:x}: {found}"
            );
        }
    }

    #[test]
    fn too_few_and_too_many_are_errors() {
        let mut weights = Weights::new(&[0, 0x3c, 0, 0x40, 0, 0]);
        assert_eq!(weights.take(2), Ok(vec![1.0, 2.0]));
        assert_eq!(weights.clone().finish(), Err(BadWeights));
        assert_eq!(weights.take(2), Err(BadWeights));
    }
}
