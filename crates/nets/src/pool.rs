//! Pooling.

use crate::tensor::Tensor;

/// The largest of three by three pixels, every second pixel; what does not fill a window is left
/// out.
#[must_use]
pub fn largest_of_three(input: &Tensor) -> Tensor {
    pooled(input, 3, f32::max, f32::NEG_INFINITY)
}

/// The mean of two by two pixels; what does not fill a window is left out.
#[must_use]
pub fn average_by_two(input: &Tensor) -> Tensor {
    pooled(input, 2, |pooled, value| pooled + value / 4.0, 0.0)
}

/// The mean of all pixels, as one.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "tensors are not that large")]
pub fn mean(input: &Tensor) -> Tensor {
    let mut mean = Tensor::zeros(1, 1, input.channels());
    let share = 1.0 / (input.height() * input.width()) as f32;
    for pixel in input.values().chunks_exact(input.channels()) {
        for (to, from) in mean.values_mut().iter_mut().zip(pixel) {
            *to += from * share;
        }
    }
    mean
}

fn pooled(input: &Tensor, side: usize, add: impl Fn(f32, f32) -> f32, start: f32) -> Tensor {
    let along = |length: usize| (length - side) / 2 + 1;
    let (height, width) = (along(input.height()), along(input.width()));
    let channels = input.channels();
    let mut output = Tensor::zeros(height, width, channels);
    output.values_mut().fill(start);
    let pixels = output.values_mut().chunks_exact_mut(channels);
    for (number, pixel) in pixels.enumerate() {
        let (y, x) = (2 * (number / width), 2 * (number % width));
        for place in 0..side * side {
            let at = (y + place / side) * input.width() + x + place % side;
            let from = &input.values()[at * channels..];
            for (to, &from) in pixel.iter_mut().zip(from) {
                *to = add(*to, from);
            }
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_pooled() {
        let mut input = Tensor::zeros(3, 3, 1);
        for (value, number) in input.values_mut().iter_mut().zip(0_u8..) {
            *value = f32::from(number);
        }
        assert_eq!(largest_of_three(&input).values(), [8.0]);
        assert_eq!(average_by_two(&input).values(), [2.0]);
        assert_eq!(mean(&input).values(), [4.0]);
    }
}
