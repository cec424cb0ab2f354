//! The cosine transform of one block, exact to a few millionths: it is done for blocks that are
//! drawn upon and for few others, so that it need not be fast.

use std::f32::consts::PI;
use std::sync::LazyLock;

/// Rows of eight.
pub(super) type Square = [[f32; 8]; 8];

/// Row `u` is the cosine of frequency `u`, scaled so that the inverse is the transpose.
static BASIS: LazyLock<Square> = LazyLock::new(|| {
    let cosine =
        |frequency: f32, place: f32| (PI / 16.0 * frequency * (2.0 * place + 1.0)).cos() / 2.0;
    let numbers = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let mut basis = numbers.map(|frequency| numbers.map(|place| cosine(frequency, place)));
    basis[0] = [0.125_f32.sqrt(); 8];
    basis
});

/// From samples to frequencies.
pub(super) fn forward(samples: &Square) -> Square {
    product(&product(&BASIS, samples), &transposed(&BASIS))
}

/// From frequencies to samples.
pub(super) fn inverse(frequencies: &Square) -> Square {
    product(&product(&transposed(&BASIS), frequencies), &BASIS)
}

fn product(left: &Square, right: &Square) -> Square {
    left.map(|row| {
        let mut sums = [0.0; 8];
        for (factor, line) in row.into_iter().zip(right) {
            sums.iter_mut()
                .zip(line)
                .for_each(|(sum, value)| *sum += factor * value);
        }
        sums
    })
}

pub(super) fn transposed(square: &Square) -> Square {
    std::array::from_fn(|row| square.map(|line| line[row]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_block_has_one_frequency() {
        let frequencies = forward(&[[100.0; 8]; 8]);
        assert!((frequencies[0][0] - 800.0).abs() < 1e-3);
        assert!(
            frequencies.as_flattened()[1..]
                .iter()
                .all(|value| value.abs() < 1e-3)
        );
    }

    #[test]
    fn brightness_from_left_to_right_is_in_the_first_row() {
        let frequencies = forward(&[[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]; 8]);
        assert!(frequencies[0][1] < -100.0);
        assert!(
            frequencies[1..]
                .as_flattened()
                .iter()
                .all(|value| value.abs() < 1e-3)
        );
    }

    proptest! {
        #[test]
        fn there_and_back_is_where_it_was(samples: [[i8; 8]; 8]) {
            let samples = samples.map(|row| row.map(f32::from));
            let back = inverse(&forward(&samples));
            for (one, other) in samples.iter().flatten().zip(back.iter().flatten()) {
                prop_assert!((one - other).abs() < 1e-3);
            }
        }
    }
}
