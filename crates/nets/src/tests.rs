//! Layers by every kind of vectors that this CPU has, against sums that are written out.

use fearless_simd::Level;
#[cfg(target_arch = "x86_64")]
use fearless_simd::Simd;

use crate::block::Block;
use crate::conv::{Conv, Shape};
use crate::depthwise::Depthwise;
use crate::tensor::Tensor;
use crate::upsample::Upsample;
use crate::weights::Weights;

fn levels() -> Vec<Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let narrower = [
        best.as_avx2().map(Simd::level),
        best.as_sse4_2().map(Simd::level),
        best.as_sse2().map(Simd::level),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let narrower = [None];
    let narrower = narrower.into_iter().flatten();
    std::iter::once(best).chain(narrower).collect()
}

/// Numbers from -1 to 1 in steps of an eighth, none of them far from its neighbours' mean.
fn number(at: usize) -> f32 {
    let step = u8::try_from(at * 7 % 17).unwrap();
    (f32::from(step) - 8.0) / 8.0
}

fn weights(count: usize) -> Vec<f32> {
    (0..count).map(|at| number(at * at + 3)).collect()
}

fn halves(numbers: &[f32]) -> Vec<u8> {
    let half = |number: &f32| {
        let bits = number.to_bits();
        let exponent_lowered = (bits & 0x7fff_ffff).saturating_sub(112 << 23);
        u16::try_from(bits >> 16 & 0x8000 | exponent_lowered >> 13).unwrap()
    };
    numbers
        .iter()
        .flat_map(|it| half(it).to_le_bytes())
        .collect()
}

fn picture(height: usize, width: usize, channels: usize) -> Tensor {
    let mut picture = Tensor::zeros(height, width, channels);
    for (at, value) in picture.values_mut().iter_mut().enumerate() {
        *value = number(at * 5 + at / 11);
    }
    picture
}

/// The same convolution, of `groups` groups of channels, without any order but that of its sums.
fn expected(input: &Tensor, shape: Shape, is_depthwise: bool, weights: &[f32]) -> Tensor {
    let Shape {
        inputs,
        outputs,
        side,
        stride,
    } = shape;
    let depth = if is_depthwise { 1 } else { inputs };
    let (weights, biases) = weights.split_at(outputs * depth * side * side);
    let along = |length: usize| (length - side) / stride + 1;
    let mut output = Tensor::zeros(along(input.height()), along(input.width()), outputs);
    let width = output.width();
    for (at, value) in output.values_mut().iter_mut().enumerate() {
        let (y, x, channel) = (at / outputs / width, at / outputs % width, at % outputs);
        let mut sum = biases[channel];
        for place in 0..depth * side * side {
            let (from, down, right) = (place / side / side, place / side % side, place % side);
            let from = if is_depthwise { channel } else { from };
            let pixel = (y * stride + down) * input.width() + x * stride + right;
            sum += input.values()[pixel * inputs + from]
                * weights[channel * depth * side * side + place];
        }
        *value = sum;
    }
    output
}

fn rectified(mut tensor: Tensor) -> Tensor {
    for value in tensor.values_mut() {
        *value = value.max(0.0);
    }
    tensor
}

fn check(name: &str, found: &Tensor, expected: &Tensor) {
    let shape = |it: &Tensor| (it.height(), it.width(), it.channels());
    assert_eq!(shape(found), shape(expected), "{name}");
    let pairs = found.values().iter().zip(expected.values());
    for (at, (found, expected)) in pairs.enumerate() {
        let close = (found - expected).abs() <= 1e-4 * expected.abs().max(1.0);
        assert!(close, "{name}: {found} at {at}, not {expected}");
    }
}

#[test]
fn convolutions_are_sums() {
    for (inputs, outputs, side, stride) in [
        (3, 32, 3, 2),
        (3, 64, 7, 2),
        (24, 10, 1, 1),
        (24, 144, 1, 1),
        (5, 48, 3, 1),
        (32, 81, 1, 1),
    ] {
        let shape = Shape {
            inputs,
            outputs,
            side,
            stride,
        };
        let numbers = weights(outputs * (inputs * side * side + 1));
        let data = halves(&numbers);
        let mut reader = Weights::new(&data);
        let conv = Conv::read(&mut reader, shape).unwrap();
        reader.finish().unwrap();
        let input = picture(23, 19, inputs);
        let expected = expected(&input, shape, false, &numbers);
        for level in levels() {
            for threads in [1, 3] {
                let name = format!("{shape:?}, {level:?}, {threads} threads");
                check(&name, &conv.run_at(level, &input, threads), &expected);
            }
        }
        let found = conv.rectified().run(&input, 1);
        check("rectified", &found, &rectified(expected));
    }
}

#[test]
fn blocks_are_their_three_convolutions() {
    for (height, width, inputs, outputs, stride) in [
        (21, 37, 16, 16, 1),
        (22, 36, 8, 24, 2),
        (9, 300, 16, 16, 1),
        (3, 3, 16, 40, 1),
    ] {
        let wide = 2 * 16;
        let shapes = [
            (Shape::pointwise(inputs, wide), false),
            (
                Shape {
                    inputs: wide,
                    outputs: wide,
                    side: 3,
                    stride,
                },
                true,
            ),
            (Shape::pointwise(wide, outputs), false),
        ];
        let count = [wide * (inputs + 1), wide * 10, outputs * (wide + 1)];
        let numbers = count.map(weights);
        let data = halves(&numbers.concat());
        let mut reader = Weights::new(&data);
        let residual = inputs == outputs;
        let block = Block {
            widen: Conv::read(&mut reader, shapes[0].0).unwrap().rectified(),
            middle: Depthwise::read(&mut reader, wide, stride).unwrap(),
            narrow: Conv::read(&mut reader, shapes[2].0).unwrap(),
            residual,
        };
        reader.finish().unwrap();
        let input = picture(height, width, inputs);
        let [widened, middle, narrowed] = [0, 1, 2].map(|layer| {
            let (shape, is_depthwise) = shapes[layer];
            let numbers = &numbers[layer];
            move |input: &Tensor| expected(input, shape, is_depthwise, numbers)
        });
        let wide = rectified(widened(&input)).bordered();
        let mut expected = narrowed(&rectified(middle(&wide)));
        if residual {
            for (value, added) in expected.values_mut().iter_mut().zip(input.values()) {
                *value += added;
            }
        }
        for level in levels() {
            for threads in [1, 2, 7] {
                let name = format!("{height} x {width}, {level:?}, {threads} threads");
                let mut output = input.clone();
                block.run_at(level, &input, &mut output, threads);
                check(&name, &output, &expected);
            }
        }
    }
}

#[test]
fn upsampling_makes_four_pixels_of_one() {
    // Two channels; weights by input, output, row and column.
    let weights = [
        [1.0, 2.0, 3.0, 4.0],
        [0.0; 4],
        [0.0; 4],
        [0.5, 0.5, -0.5, 0.5],
    ];
    let data = halves(&[weights.as_flattened(), &[0.0, 1.0]].concat());
    let step = Upsample::read(&mut Weights::new(&data), 2).unwrap();
    let mut small = Tensor::zeros(1, 1, 2);
    small.values_mut().copy_from_slice(&[2.0, 4.0]);
    let mut large = Tensor::zeros(2, 2, 2);
    large.values_mut().fill(10.0);
    let found = step.onto(large, &small, 1);
    assert_eq!(
        found.values(),
        [12.0, 13.0, 14.0, 13.0, 16.0, 10.0, 18.0, 13.0]
    );
}
