//! Transposed convolutions.

use crate::conv::{Conv, Shape};
use crate::tensor::Tensor;
use crate::weights::{BadWeights, Weights};

/// Makes two by two pixels of each, with negative outputs at zero.
#[derive(Clone, Debug)]
pub struct Upsample {
    /// To the channels of all four pixels.
    conv: Conv,
    channels: usize,
}

impl Upsample {
    /// Reads weights (of each input, by output, row and column) and then the biases of as many
    /// outputs as inputs.
    ///
    /// # Errors
    /// When there are too few.
    pub fn read(weights: &mut Weights<'_>, channels: usize) -> Result<Self, BadWeights> {
        let values = weights.take(4 * channels * channels)?;
        let biases = weights.take(channels)?;
        let (values, _) = values.as_chunks::<4>();
        let mut reordered = Vec::with_capacity(4 * values.len());
        for place in 0..4 {
            for output in 0..channels {
                let of_output = values.iter().skip(output).step_by(channels);
                reordered.extend(of_output.map(|places| places[place]));
            }
        }
        let shape = Shape::pointwise(channels, 4 * channels);
        Ok(Self {
            conv: Conv::new(shape, &reordered, &biases.repeat(4)).rectified(),
            channels,
        })
    }

    /// The sum of the larger tensor and the output for the smaller one, by at most `threads`
    /// threads.
    #[must_use]
    pub fn onto(&self, mut larger: Tensor, smaller: &Tensor, threads: usize) -> Tensor {
        let wide = self.conv.run(smaller, threads);
        let (width, channels) = (smaller.width(), self.channels);
        let row = larger.row_length();
        let pixels = wide.values().chunks_exact(4 * channels);
        for (number, pixel) in pixels.enumerate() {
            let (y, x) = (2 * (number / width), 2 * (number % width));
            for (half, values) in pixel.chunks_exact(2 * channels).enumerate() {
                let start = (y + half) * row + x * channels;
                for (to, value) in larger.values_mut()[start..].iter_mut().zip(values) {
                    *to += value;
                }
            }
        }
        larger
    }
}
