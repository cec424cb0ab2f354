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

/// The blocks whose outputs the pyramid is built of, from its top down.
const LEVELS: [usize; 4] = [16, 12, 5, 2];

/// Channels of the pyramid.
const PYRAMID: usize = 24;

/// Numbers per pixel of each output: score, size, offset, five landmarks.
const OUTPUTS: [usize; 4] = [1, 2, 2, 10];

/// The net, loaded.
pub(super) struct CenterFace {
    blocks: Vec<Block>,
    /// From the blocks to the levels of the pyramid.
    levels: [Conv; 4],
    /// From each level to the next.
    steps: [Upsample; 3],
    neck: Conv,
    heads: [Conv; 4],
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
        let level = |weights: &mut Weights<'_>, number: usize| {
            let (outputs, _) = BLOCKS[LEVELS[number]];
            Ok(Conv::read(weights, Shape::pointwise(outputs, PYRAMID))?.rectified())
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
        let top = level(weights, 0)?;
        let (first, second) = (step(weights)?, level(weights, 1)?);
        let (next, third) = (step(weights)?, level(weights, 2)?);
        let (last, bottom) = (step(weights)?, level(weights, 3)?);
        Ok(Self {
            blocks,
            levels: [top, second, third, bottom],
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
        let mut levels = Vec::with_capacity(LEVELS.len());
        let mut now = image;
        for (number, block) in self.blocks.iter().enumerate() {
            now = block.run(&now, threads);
            if let Some(level) = LEVELS.iter().position(|&level| level == number) {
                levels.push(self.levels[level].run(&now, threads));
            }
        }
        drop(now);
        let mut levels = levels.into_iter().rev();
        let top = levels
            .next()
            .unwrap_or_else(|| Tensor::zeros(0, 0, PYRAMID));
        let pyramid = levels.zip(&self.steps).fold(top, |upper, (lower, step)| {
            step.onto(lower, &upper, threads)
        });
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
