//! Numbers with a unit and a spread, and what can be said of them. No statistics beyond
//! what a handful of repetitions carries.

use std::time::Duration;

use serde::Serialize;

/// A quantity that was measured several times.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// Unit in words: `ms`, `MB`, `events/s`.
    pub(crate) unit: &'static str,
    /// The middle one of the repetitions.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
    /// All of them, in the order in which they were taken.
    pub(crate) repetitions: Vec<f64>,
}

impl Figure {
    /// Of one number per repetition. Without any, nothing is known: not a number.
    pub(crate) fn new(unit: &'static str, repetitions: impl Into<Vec<f64>>) -> Self {
        let repetitions = repetitions.into();
        let sorted = sorted(&repetitions);
        Self {
            unit,
            median: median(&sorted),
            min: sorted.first().copied().unwrap_or(f64::NAN),
            max: sorted.last().copied().unwrap_or(f64::NAN),
            repetitions,
        }
    }

    /// How many times `reference` this is.
    ///
    /// Repetitions that were taken in pairs are divided in pairs, so that what disturbed both
    /// cancels out; otherwise median is divided by median.
    pub(crate) fn ratio(&self, reference: &Self) -> Self {
        if self.repetitions.len() != reference.repetitions.len() {
            return Self::new("×", [self.median / reference.median]);
        }
        let pairs = self.repetitions.iter().zip(&reference.repetitions);
        Self::new(
            "×",
            pairs.map(|(own, other)| own / other).collect::<Vec<_>>(),
        )
    }
}

/// In milliseconds.
pub(crate) fn ms(time: Duration) -> f64 {
    1000.0 * time.as_secs_f64()
}

/// In millions of bytes.
#[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
pub(crate) fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The value below which this share (0 to 1) of all values lies: the nearest rank.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let sorted = sorted(values);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among values that were counted one by one"
    )]
    let rank = (share * sorted.len() as f64).ceil() as usize;
    let index = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Of sorted values; the mean of the two in the middle of an even number.
fn median(sorted: &[f64]) -> f64 {
    let (lower, upper) = (sorted.len().wrapping_sub(1) / 2, sorted.len() / 2);
    match (sorted.get(lower), sorted.get(upper)) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_median_and_extremes() {
        for (name, values, expected) in [
            ("one", vec![3.0], (3.0, 3.0, 3.0)),
            ("odd", vec![9.0, 1.0, 2.0], (2.0, 1.0, 9.0)),
            ("even", vec![4.0, 1.0, 2.0, 9.0], (3.0, 1.0, 9.0)),
        ] {
            let figure = Figure::new("ms", values);
            assert_eq!((figure.median, figure.min, figure.max), expected, "{name}");
        }
        assert!(Figure::new("ms", []).median.is_nan());
    }

    #[test]
    fn ratios_are_taken_in_pairs_where_there_are_pairs() {
        let own = Figure::new("ms", [2.0, 40.0, 6.0]);
        let ratio = own.ratio(&Figure::new("ms", [1.0, 10.0, 2.0]));
        assert_eq!(ratio.repetitions, [2.0, 4.0, 3.0]);
        let alone = own.ratio(&Figure::new("ms", [3.0]));
        assert_eq!(alone.repetitions, [2.0], "6 of 3");
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (share, expected) in [
            (0.5, 50.0),
            (0.95, 95.0),
            (0.99, 99.0),
            (1.0, 100.0),
            (0.0, 1.0),
        ] {
            assert_eq!(
                percentile(&hundred, share).total_cmp(&expected),
                std::cmp::Ordering::Equal,
                "{share}"
            );
        }
        assert!(percentile(&[], 0.5).is_nan());
    }
}
