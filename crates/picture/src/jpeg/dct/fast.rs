//! The cosine transform by few multiplications, of Arai, Agui and Nakajima (1988), for blocks that are
//! many. It rounds otherwise than the exact one.

use std::array::from_fn;
use std::f32::consts::{FRAC_1_SQRT_2, PI, SQRT_2};
use std::sync::LazyLock;

use super::{Square, transposed};

/// What its results are multiplied by, to be frequencies.
static SCALES: LazyLock<Square> = LazyLock::new(|| {
    let cosine = |frequency: f32| (PI / 16.0 * frequency).cos();
    let [zero, others @ ..] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].map(cosine);
    let others = others.map(|cosine| SQRT_2 * cosine);
    let scales: [f32; 8] = from_fn(|at| if at == 0 { zero } else { others[at - 1] });
    scales.map(|row| scales.map(|column| 1.0 / (8.0 * row * column)))
});

/// From samples to frequencies.
pub(crate) fn forward(samples: &Square) -> Square {
    let both = columns(&transposed(&columns(samples)));
    let mut frequencies = transposed(&both);
    let values = frequencies.as_flattened_mut().iter_mut();
    for (value, scale) in values.zip(SCALES.as_flattened()) {
        *value *= scale;
    }
    frequencies
}

/// Transforms all columns, each frequency but for its scale.
#[inline]
fn columns(rows: &Square) -> Square {
    let sums: [_; 4] = from_fn(|at| add(&rows[at], &rows[7 - at]));
    let [ah, bg, cf, de] = sums;
    let (outer, inner) = (add(&ah, &de), add(&bg, &cf));
    let (wide, narrow) = (sub(&ah, &de), sub(&bg, &cf));
    let turned = times(&add(&wide, &narrow), FRAC_1_SQRT_2);

    let differences: [_; 4] = from_fn(|at| sub(&rows[at], &rows[7 - at]));
    let [ah, bg, cf, de] = differences;
    let (low, middle, high) = (add(&de, &cf), add(&cf, &bg), add(&bg, &ah));
    let shared = times(&sub(&low, &high), 0.382_683_43);
    let low = add(&times(&low, 0.541_196_1), &shared);
    let high = add(&times(&high, 1.306_563), &shared);
    let middle = times(&middle, FRAC_1_SQRT_2);
    let (more, less) = (add(&ah, &middle), sub(&ah, &middle));
    [
        add(&outer, &inner),
        add(&more, &high),
        add(&wide, &turned),
        sub(&less, &low),
        sub(&outer, &inner),
        add(&less, &low),
        sub(&wide, &turned),
        sub(&more, &high),
    ]
}

#[inline]
fn add(one: &[f32; 8], other: &[f32; 8]) -> [f32; 8] {
    from_fn(|at| one[at] + other[at])
}

#[inline]
fn sub(one: &[f32; 8], other: &[f32; 8]) -> [f32; 8] {
    from_fn(|at| one[at] - other[at])
}

#[inline]
fn times(one: &[f32; 8], factor: f32) -> [f32; 8] {
    one.map(|value| value * factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jpeg::dct;

    proptest! {
        #[test]
        fn it_does_the_same_as_the_exact_one(samples: [[u8; 8]; 8]) {
            let samples = samples.map(|row| row.map(f32::from));
            let (fast, exact) = (forward(&samples), dct::forward(&samples));
            for (fast, exact) in fast.as_flattened().iter().zip(exact.as_flattened()) {
                prop_assert!((fast - exact).abs() < 1e-2, "{fast} for {exact}");
            }
        }
    }
}
