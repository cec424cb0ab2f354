//! What layers take and give.

/// Numbers of a picture: rows of pixels of channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    height: usize,
    width: usize,
    channels: usize,
    values: Vec<f32>,
}

impl Tensor {
    /// All zero.
    #[must_use]
    pub fn zeros(height: usize, width: usize, channels: usize) -> Self {
        Self {
            height,
            width,
            channels,
            values: vec![0.0; height * width * channels],
        }
    }

    /// Makes it one of this shape, whatever its numbers are then.
    pub(crate) fn reshape(&mut self, height: usize, width: usize, channels: usize) {
        self.values.resize(height * width * channels, 0.0);
        (self.height, self.width, self.channels) = (height, width, channels);
    }

    /// Rows of pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Pixels of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Numbers of a pixel.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// All numbers.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All numbers.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Numbers of a row.
    pub(crate) fn row_length(&self) -> usize {
        self.width * self.channels
    }

    /// With a border of zeros, one pixel wide.
    #[must_use]
    pub fn bordered(&self) -> Self {
        let mut bordered = Self::zeros(self.height + 2, self.width + 2, self.channels);
        let row = bordered.row_length();
        let inner = bordered.values.chunks_exact_mut(row).skip(1);
        for (to, from) in inner.zip(self.values.chunks_exact(self.row_length())) {
            to[self.channels..][..from.len()].copy_from_slice(from);
        }
        bordered
    }

    /// The sum of both with negative numbers at zero. Where one of them ends, right, below or in
    /// channels, it counts as zero.
    #[must_use]
    pub fn rectified_sum(&self, other: &Self) -> Self {
        let mut sum = Self::zeros(
            self.height.max(other.height),
            self.width.max(other.width),
            self.channels.max(other.channels),
        );
        for part in [self, other] {
            for (y, row) in part.values.chunks_exact(part.row_length()).enumerate() {
                for (x, pixel) in row.chunks_exact(part.channels).enumerate() {
                    let at = (y * sum.width + x) * sum.channels;
                    for (to, from) in sum.values[at..].iter_mut().zip(pixel) {
                        *to += from;
                    }
                }
            }
        }
        for value in &mut sum.values {
            *value = value.max(0.0);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_reach_as_far_as_the_larger() {
        let mut one = Tensor::zeros(1, 2, 1);
        one.values_mut().copy_from_slice(&[1.0, -3.0]);
        let mut other = Tensor::zeros(2, 1, 2);
        other.values_mut().copy_from_slice(&[1.0, 2.0, 3.0, -4.0]);
        let sum = one.rectified_sum(&other);
        assert_eq!((sum.height(), sum.width(), sum.channels()), (2, 2, 2));
        assert_eq!(sum.values(), [2.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn borders_are_zero() {
        let mut one = Tensor::zeros(1, 2, 1);
        one.values_mut().copy_from_slice(&[1.0, 2.0]);
        let bordered = one.bordered();
        let expected = [[0.0; 4], [0.0, 1.0, 2.0, 0.0], [0.0; 4]];
        assert_eq!(bordered.values(), expected.as_flattened());
    }
}
