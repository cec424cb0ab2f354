//! Cuts a block out of two neighbours, in frequencies. Each sample of the block is a weighted sum
//! of samples of the neighbours, which is a matrix; with the transforms before and after it, it is
//! one matrix on frequencies.

use crate::jpeg::brush::Brush;
use crate::jpeg::dct::{Square, forward, transposed};
use crate::jpeg::entropy::Block;
use crate::jpeg::table::Table;

/// How much each frequency of two neighbours adds to those of a block cut out of them: a row for
/// each frequency of theirs.
#[derive(Debug)]
pub(crate) struct Shift {
    pub(crate) first: Square,
    pub(crate) second: Square,
    /// The first one, when it is followed by its own mirror image.
    pub(crate) edge: Square,
}

impl Shift {
    /// Begins `samples` behind the beginning of the first one, at most eight; by a `share` of
    /// one sample earlier.
    pub(crate) fn by(samples: u32, share: f32) -> Self {
        // The share of sample `from` in sample `to`, both neighbours' samples counted through.
        let weight = |to: usize, from: usize| match (to + samples as usize).checked_sub(from) {
            Some(0) => 1.0 - share,
            Some(1) => share,
            _ => 0.0,
        };
        let operator = |weight: &dyn Fn(usize, usize) -> f32| {
            let weights: Square =
                std::array::from_fn(|to| std::array::from_fn(|from| weight(to, from)));
            forward(&transposed(&weights))
        };
        Self {
            first: operator(&weight),
            second: operator(&|to, from| weight(to, from + 8)),
            edge: operator(&|to, from| weight(to, from) + weight(to, 15 - from)),
        }
    }
}

/// The matrices that take the parts of a block out of two neighbours along one axis.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Taps<'a> {
    /// All of it without one.
    pub(crate) current: Option<&'a Square>,
    /// Nothing without one.
    pub(crate) previous: Option<&'a Square>,
}

impl<'a> Taps<'a> {
    /// The matrices, each with whether it is that of the previous block.
    fn each(self) -> impl Iterator<Item = (bool, Option<&'a Square>)> {
        let previous = self.previous.map(|previous| (true, Some(previous)));
        std::iter::once((false, self.current)).chain(previous)
    }
}

/// Frequencies, and a bit for each row that may hold others than zeros.
struct Sum {
    rows: Square,
    used: u8,
}

impl Sum {
    const ZERO: Self = Self {
        rows: [[0.0; 8]; 8],
        used: 0,
    };

    fn used(&self) -> impl Iterator<Item = usize> + use<> {
        let used = self.used;
        (0..8).filter(move |row| used >> row & 1 == 1)
    }
}

/// Makes a block of those that `read` finds, by whether they are the ones before across and down.
pub(crate) fn make<'b>(
    block: &mut Block,
    (across, down): (Taps<'_>, Taps<'_>),
    brush: &Brush,
    read: impl Fn((bool, bool)) -> Option<&'b Block>,
) -> Option<()> {
    let add_row = |is_up, sum: &mut Sum| {
        across.each().try_for_each(|(is_left, across)| {
            add_across(read((is_left, is_up))?, &brush.quantisation, across, sum);
            Some(())
        })
    };
    let mut sum = Sum::ZERO;
    for (is_up, down) in down.each() {
        let Some(down) = down else {
            add_row(is_up, &mut sum)?;
            continue;
        };
        let mut line = Sum::ZERO;
        add_row(is_up, &mut line)?;
        add_down(&line, down, &mut sum);
    }
    block.clear();
    for row in sum.used() {
        let coefficients = brush.divisors.quantised_row(row, &sum.rows[row]);
        block.set_row(row, &coefficients)?;
    }
    Some(())
}

fn add_across(block: &Block, table: &Table, across: Option<&Square>, sum: &mut Sum) {
    block.each(|at, coefficient| {
        let value = f32::from(coefficient) * f32::from(table[at]);
        let (row, column) = (at / 8, at % 8);
        sum.used |= 1 << row;
        let row = &mut sum.rows[row];
        match across {
            Some(across) => add(row, value, &across[column]),
            None => row[column] += value,
        }
    });
}

fn add_down(line: &Sum, down: &Square, sum: &mut Sum) {
    for at in line.used() {
        let row = &line.rows[at];
        if row.iter().all(|value| value.abs() < f32::EPSILON) {
            continue;
        }
        sum.used = u8::MAX;
        for (sum, factor) in sum.rows.iter_mut().zip(&down[at]) {
            add(sum, *factor, row);
        }
    }
}

#[inline]
fn add(sum: &mut [f32; 8], factor: f32, row: &[f32; 8]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += factor * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::dct::inverse;

    /// Cuts eight samples out of two rows of eight by way of frequencies.
    fn cut(samples: u32, share: f32, line: &[f32; 16]) -> [f32; 8] {
        let shift = Shift::by(samples, share);
        let block = |half: usize| {
            let mut rows = [[0.0; 8]; 8];
            rows[0].copy_from_slice(&line[8 * half..8 * half + 8]);
            forward(&rows)
        };
        let mut sum = [[0.0; 8]; 8];
        for (half, operator) in [&shift.first, &shift.second].into_iter().enumerate() {
            for (row, sum) in block(half).iter().zip(&mut sum) {
                for (value, factors) in row.iter().zip(operator) {
                    add(sum, *value, factors);
                }
            }
        }
        inverse(&sum)[0]
    }

    #[test]
    fn samples_are_cut_out_where_they_are() {
        let line = [
            3., 1., 4., 1., 5., 9., 2., 6., 5., 3., 5., 8., 9., 7., 9., 3.,
        ];
        for samples in 1..=8 {
            let found = cut(samples, 0.0, &line);
            for (found, expected) in found.iter().zip(&line[samples as usize..]) {
                assert!((found - expected).abs() < 1e-3, "{samples}: {found:?}");
            }
        }
        let half = cut(3, 0.5, &line);
        assert!((half[0] - 2.5).abs() < 1e-3, "between 4 and 1: {half:?}");
        assert!((half[7] - 4.0).abs() < 1e-3, "between 3 and 5: {half:?}");
    }
}
