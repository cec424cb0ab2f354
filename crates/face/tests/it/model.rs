//! What the frame around a picture relies on: that the model refines a window twice, and that
//! none of its networks takes a uniform window for a face. Read from the model itself, so that
//! an update of `rustface` cannot change it unnoticed.

use std::path::Path;

/// The file: 32-bit little-endian numbers without any structure of their own.
struct Numbers<'a>(std::slice::ChunksExact<'a, u8>);

impl Numbers<'_> {
    fn bytes(&mut self) -> [u8; 4] {
        self.0.next().unwrap().try_into().unwrap()
    }

    /// Some counts are -1 where 0 is meant.
    fn count(&mut self) -> usize {
        i32::from_le_bytes(self.bytes()).try_into().unwrap_or(0)
    }

    fn float(&mut self) -> f32 {
        f32::from_le_bytes(self.bytes())
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.float()).collect()
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.bytes();
        }
    }

    /// Passes over a classifier of the first kind, which looks at brightness only and demands
    /// some variation of it.
    fn boosted(&mut self) {
        let (classifiers, bins) = (self.count(), self.count());
        self.skip(classifiers * (2 + 1 + bins + 1));
    }

    /// The score that a network gives a window without any gradient, less its threshold. All
    /// inputs are then zero.
    fn network(&mut self) -> f32 {
        let (layers, features) = (self.count(), self.count());
        self.skip(features);
        let threshold = self.float();
        let mut values = vec![0.0; self.count()];
        for layer in 1..layers {
            let outputs = self.count();
            let weights = self.floats(values.len() * outputs);
            let biases = self.floats(outputs);
            let rows = weights.chunks_exact(values.len()).zip(biases);
            let sums = rows.map(|(weights, bias)| {
                let products = weights
                    .iter()
                    .zip(&values)
                    .map(|(weight, value)| weight * value);
                products.sum::<f32>() + bias
            });
            let is_last = layer == layers - 1;
            values = sums
                .map(|sum| {
                    if is_last {
                        1.0 / (1.0 + (-sum).exp())
                    } else {
                        sum.max(0.0)
                    }
                })
                .collect();
        }
        values[0] - threshold
    }
}

#[test]
fn no_network_accepts_a_uniform_window() {
    let path = Path::new(env!("RUSTFACE_FOLDER")).join("model/seeta_fd_frontal_v1.0.bin");
    let file = std::fs::read(path).unwrap();
    let mut numbers = Numbers(file.chunks_exact(4));
    let mut margins = Vec::new();
    for _level in 0..numbers.count() {
        for _classifier in 0..numbers.count() {
            for _stage in 0..numbers.count() {
                match numbers.count() {
                    0 => numbers.boosted(),
                    _ => margins.push(numbers.network()),
                }
            }
            let sources = numbers.count();
            numbers.skip(sources);
        }
    }
    assert!(numbers.0.next().is_none(), "the model was read to its end");
    assert_eq!(margins.len(), 3, "two refinements and the last word");
    assert!(margins.iter().all(|margin| *margin < -0.2), "{margins:?}");
}
