//! The nets for age and gender, layer by layer.

use nets::{BadWeights, Conv, Shape, Tensor, Weights, average_by_two, largest_of_three, mean};

/// A residual net of ten convolutions, from a chip of 64 pixels to the probabilities of 81 ages.
pub(super) struct AgeNet {
    first: Conv,
    pairs: Vec<Pair>,
    last: Conv,
}

/// Channels of each pair of convolutions, and the stride of its first one.
const PAIRS: [(usize, usize); 5] = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1)];

const AGES: usize = 81;

/// Two convolutions, whose output is added to their input.
struct Pair {
    first: Conv,
    second: Conv,
    /// The first one leaves out every second pixel, and has no border.
    halves: bool,
}

impl AgeNet {
    pub(super) fn read(weights: &mut Weights<'_>) -> Result<Self, BadWeights> {
        let first = Shape {
            inputs: 3,
            outputs: 64,
            side: 7,
            stride: 2,
        };
        let mut inputs = first.outputs;
        let first = Conv::read(weights, first)?.rectified();
        let mut pairs = Vec::with_capacity(PAIRS.len());
        for (outputs, stride) in PAIRS {
            pairs.push(Pair {
                first: Conv::read(
                    weights,
                    Shape {
                        stride,
                        ..window(inputs, outputs)
                    },
                )?
                .rectified(),
                second: Conv::read(weights, window(outputs, outputs))?,
                halves: stride == 2,
            });
            inputs = outputs;
        }
        let last = Conv::read(weights, Shape::pointwise(inputs, AGES))?;
        Ok(Self { first, pairs, last })
    }

    pub(super) fn run(&self, chip: &Tensor) -> Vec<f32> {
        let mut now = largest_of_three(&self.first.run(chip, 1));
        for pair in &self.pairs {
            let (inside, beside) = if pair.halves {
                (pair.first.run(&now, 1), average_by_two(&now))
            } else {
                (pair.first.run(&now.bordered(), 1), now)
            };
            now = pair
                .second
                .run(&inside.bordered(), 1)
                .rectified_sum(&beside);
        }
        probabilities(&self.last.run(&mean(&now), 1))
    }
}

/// Four convolutions and two full layers, from a chip of 32 pixels to the probabilities of female
/// and male.
pub(super) struct GenderNet {
    convs: [Conv; 4],
    full: Conv,
    last: Conv,
}

impl GenderNet {
    pub(super) fn read(weights: &mut Weights<'_>) -> Result<Self, BadWeights> {
        let conv = |weights: &mut Weights<'_>, inputs, outputs| {
            Ok(Conv::read(weights, window(inputs, outputs))?.rectified())
        };
        // What is left of 32 pixels when they were halved twice.
        let full = Shape {
            inputs: 64,
            outputs: 16,
            side: 8,
            stride: 1,
        };
        Ok(Self {
            convs: [
                conv(weights, 3, 32)?,
                conv(weights, 32, 32)?,
                conv(weights, 32, 64)?,
                conv(weights, 64, 64)?,
            ],
            full: Conv::read(weights, full)?.rectified(),
            last: Conv::read(weights, Shape::pointwise(16, 2))?,
        })
    }

    pub(super) fn run(&self, chip: &Tensor) -> Vec<f32> {
        let [first, second, third, fourth] = &self.convs;
        let bordered = |conv: &Conv, input: &Tensor| conv.run(&input.bordered(), 1);
        let half = average_by_two(&bordered(second, &bordered(first, chip)));
        let quarter = average_by_two(&bordered(fourth, &bordered(third, &half)));
        probabilities(&self.last.run(&self.full.run(&quarter, 1), 1))
    }
}

fn window(inputs: usize, outputs: usize) -> Shape {
    Shape {
        inputs,
        outputs,
        side: 3,
        stride: 1,
    }
}

/// The softmax function.
fn probabilities(logits: &Tensor) -> Vec<f32> {
    let logits = logits.values();
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|it| (it - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|it| it / sum).collect()
}
