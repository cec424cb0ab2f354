//! The cosine transform of one block, exact to a few millionths: it is done for blocks that are
//! drawn upon and for few others, so that it need not be fast. Where it is done for many, there is
//! [`fast`].

pub(crate) mod fast;

use std::f32::consts::PI;
use std::sync::LazyLock;

/// Rows of eight.
pub(crate) type Square = [[f32; 8]; 8];

/// Row `u` is the cosine of frequency `u`, scaled so that the inverse is the transpose.
static BASIS: LazyLock<Square> = LazyLock::new(|| {
    let cosine =
        |frequency: f32, place: f32| (PI / 16.0 * frequency * (2.0 * place + 1.0)).cos() / 2.0;
    let numbers = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let mut basis = numbers.map(|frequency| numbers.map(|place| cosine(frequency, place)));
    basis[0] = [0.125_f32.sqrt(); 8];
    basis
});

static TRANSPOSED: LazyLock<Square> = LazyLock::new(|| transposed(&BASIS));

/// From samples to frequencies.
pub(crate) fn forward(samples: &Square) -> Square {
    product(&product(&BASIS, samples), &TRANSPOSED)
}

/// From frequencies to samples.
pub(crate) fn inverse(frequencies: &Square) -> Square {
    product(&TRANSPOSED, &few(frequencies, &BASIS))
}

/// The inverse of the lowest frequencies alone, which gives fewer samples of the same picture.
#[derive(Debug)]
pub(crate) struct Reduced {
    /// A row for each frequency; of all rows and columns only the first ones count.
    basis: Square,
}

impl Reduced {
    /// To `side` samples a side instead of eight, 1 to 8.
    pub(crate) fn to(side: u8) -> Self {
        let scale = |frequency: u8| if frequency == 0 { 0.125_f32 } else { 0.25 }.sqrt();
        let cosine = |frequency: u8, place: u8| {
            let angle = PI * f32::from(frequency) * (2.0 * f32::from(place) + 1.0);
            (angle / (2.0 * f32::from(side))).cos() * scale(frequency)
        };
        let mut basis = [[0.0; 8]; 8];
        for (frequency, row) in (0..side).zip(&mut basis) {
            for (place, value) in (0..side).zip(row) {
                *value = cosine(frequency, place);
            }
        }
        Self { basis }
    }

    /// The samples that come of frequencies in rows of `SIDE`, which are as many as there are samples a side.
    #[inline]
    pub(crate) fn samples<const SIDE: usize>(
        &self,
        frequencies: &[f32; 64],
    ) -> [[f32; SIDE]; SIDE] {
        let mut lines = [[0.0; SIDE]; SIDE];
        for (line, row) in lines.iter_mut().zip(frequencies.as_chunks::<SIDE>().0) {
            for (value, factors) in row.iter().zip(&self.basis) {
                for (sum, factor) in line.iter_mut().zip(factors) {
                    *sum += value * factor;
                }
            }
        }
        let mut samples = [[0.0; SIDE]; SIDE];
        for (line, factors) in lines.iter().zip(&self.basis) {
            for (row, factor) in samples.iter_mut().zip(factors) {
                for (sum, value) in row.iter_mut().zip(line) {
                    *sum += factor * value;
                }
            }
        }
        samples
    }
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

/// The same, if most numbers of the left one are zero.
fn few(left: &Square, right: &Square) -> Square {
    left.map(|row| {
        let mut sums = [0.0; 8];
        for (factor, line) in row.into_iter().zip(right) {
            if factor != 0.0 {
                sums.iter_mut()
                    .zip(line)
                    .for_each(|(sum, value)| *sum += factor * value);
            }
        }
        sums
    })
}

/// With loops, which become faster code than closures do.
#[inline]
pub(crate) fn transposed(square: &Square) -> Square {
    let mut transposed = [[0.0; 8]; 8];
    for (row, line) in square.iter().enumerate() {
        for (column, value) in line.iter().enumerate() {
            transposed[column][row] = *value;
        }
    }
    transposed
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

    /// Smooth samples look the same in every size.
    #[test]
    fn fewer_samples_are_averages_of_many() {
        const STEPS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
        let samples: Square = [0_u8, 5, 10, 15, 20, 25, 30, 35]
            .map(|row| STEPS.map(|step| f32::from(row + 3 * step)));
        averages::<1>(&samples);
        averages::<2>(&samples);
        averages::<4>(&samples);
        averages::<8>(&samples);
    }

    fn averages<const SIDE: usize>(samples: &Square) {
        let side = u8::try_from(SIDE).unwrap();
        let (many, part) = (f32::from(64 / (side * side)), 8 / SIDE);
        let mut frequencies = [0.0; 64];
        for (few, row) in frequencies.chunks_exact_mut(SIDE).zip(forward(samples)) {
            few.copy_from_slice(&row[..SIDE]);
        }
        let found = Reduced::to(side).samples::<SIDE>(&frequencies);
        for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
            let within = (0..part).flat_map(|v| (0..part).map(move |u| (v, u)));
            let sum: f32 = within
                .map(|(v, u)| samples[y * part + v][x * part + u])
                .sum();
            let mean = sum / many;
            assert!((found[y][x] - mean).abs() < 2.5, "{side} a side: {found:?}");
        }
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
