//! `CenterFace`, layer by layer: `MobileNetV2`, a feature pyramid, and a head for each output.

use nets::{BadWeights, Block, Conv, Depthwise, Shape, Tensor, Upsample, Weights};

/// Channels that come in: red, green and blue.
const COLOURS: usize = 3;

/// Channels of the first convolution, which has every second pixel.
const FIRST: usize = 32;

/// How much wider a block is in its middle than its input.
const EXPANSION: usize = 6;

/// Channels of each block's output, and the stride.
const BLOCKS: [(usize, usize); 17] = [
    (16, 1),
    (24, 2),
    (24, 1),
    (32, 2),
    (32, 1),
    (32, 1),
    (64, 2),
    (64, 1),
    (64, 1),
    (64, 1),
    (96, 1),
    (96, 1),
    (96, 1),
    (160, 2),
    (160, 1),
    (160, 1),
    (320, 1),
];

/// Blocks of each stage and channels of its output, of which a level of the pyramid is made, from
/// the bottom up.
const STAGES: [(usize, usize); 4] = [(3, 24), (3, 32), (7, 96), (4, 320)];

/// Channels of the pyramid.
const PYRAMID: usize = 24;

/// Numbers per pixel of each output: score, size, offset, five landmarks.
const OUTPUTS: [usize; 4] = [1, 2, 2, 10];

/// The net, loaded.
pub(super) struct CenterFace {
    /// From the bottom of the pyramid up.
    stages: [Stage; 4],
    /// From each level to the one below, from the top down.
    steps: [Upsample; 3],
    neck: Conv,
    heads: [Conv; 4],
}

/// Blocks, and what makes a level of the pyramid of their output.
struct Stage {
    blocks: Vec<Block>,
    level: Conv,
}

impl CenterFace {
    pub(super) fn read(weights: &mut Weights<'_>) -> Result<Self, BadWeights> {
        let mut blocks: Vec<Block> = Vec::with_capacity(BLOCKS.len());
        let mut inputs = COLOURS;
        for (number, (outputs, stride)) in BLOCKS.into_iter().enumerate() {
            let widen = if number == 0 {
                Shape {
                    inputs,
                    outputs: FIRST,
                    side: 3,
                    stride: 2,
                }
            } else {
                Shape::pointwise(inputs, EXPANSION * inputs)
            };
            blocks.push(Block {
                widen: Conv::read(weights, widen)?.rectified(),
                middle: Depthwise::read(weights, widen.outputs, stride)?,
                narrow: Conv::read(weights, Shape::pointwise(widen.outputs, outputs))?,
                residual: inputs == outputs,
            });
            inputs = outputs;
        }
        let mut blocks = blocks.into_iter();
        let [bottom, third, second, top] = STAGES.map(|(count, outputs)| {
            let blocks: Vec<Block> = blocks.by_ref().take(count).collect();
            (blocks, Shape::pointwise(outputs, PYRAMID))
        });
        let stage = |weights: &mut Weights<'_>, (blocks, level): (Vec<Block>, Shape)| {
            let level = Conv::read(weights, level)?.rectified();
            Ok(Stage { blocks, level })
        };
        let step = |weights: &mut Weights<'_>| Upsample::read(weights, PYRAMID);
        let neck = Shape {
            inputs: PYRAMID,
            outputs: PYRAMID,
            side: 3,
            stride: 1,
        };
        let head = |weights: &mut Weights<'_>, number: usize| {
            Conv::read(weights, Shape::pointwise(PYRAMID, OUTPUTS[number]))
        };
        let top = stage(weights, top)?;
        let (first, second) = (step(weights)?, stage(weights, second)?);
        let (next, third) = (step(weights)?, stage(weights, third)?);
        let (last, bottom) = (step(weights)?, stage(weights, bottom)?);
        Ok(Self {
            stages: [bottom, third, second, top],
            steps: [first, next, last],
            neck: Conv::read(weights, neck)?.rectified(),
            heads: [
                head(weights, 0)?,
                head(weights, 1)?,
                head(weights, 2)?,
                head(weights, 3)?,
            ],
        })
    }

    /// Scores, sizes, offsets and landmarks for an image with a border, whose sides within it are
    /// multiples of 32 pixels.
    pub(super) fn run(&self, image: Tensor, threads: usize) -> [Tensor; 4] {
        let (mut now, mut next) = (image, Tensor::zeros(0, 0, 0));
        let [bottom, third, second, top] = self.stages.each_ref().map(|stage| {
            for block in &stage.blocks {
                block.run(&now, &mut next, threads);
                std::mem::swap(&mut now, &mut next);
            }
            stage.level.run(&now, threads)
        });
        drop((now, next));
        let [first, next, last] = &self.steps;
        let upper = first.onto(second, &top, threads);
        let upper = next.onto(third, &upper, threads);
        let pyramid = last.onto(bottom, &upper, threads);
        let features = self.neck.run(&pyramid.bordered(), threads);
        let mut outputs = self
            .heads
            .each_ref()
            .map(|head| head.run(&features, threads));
        for score in outputs[0].values_mut() {
            *score = 1.0 / (1.0 + (-*score).exp());
        }
        outputs
    }
}
