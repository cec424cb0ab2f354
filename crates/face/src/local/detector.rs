//! The net that finds faces: from a picture to candidates.
//!
//! `CenterFace` (Xu, Yan, Sun, Yang and Luo: "`CenterFace`: Joint Face Detection and Alignment Using
//! Face as Point", 2019) gives, for every fourth pixel in both directions, how likely the middle
//! of a face is there, the logarithm of its size, the offset of its middle, and five landmarks
//! relative to its box. Within each pair, y comes first.

use image::RgbImage;
use nets::Tensor;

use super::candidate::{Candidate, Point};
use super::center_face::CenterFace;

/// Pixels from one value of an output to the next.
const STRIDE: usize = 4;

/// Sides of the input are multiples of this many pixels: the net halves them five times.
const MULTIPLE: usize = 32;

/// Red, green and blue.
const CHANNELS: usize = 3;

/// Landmarks of a face.
const LANDMARKS: usize = 5;

/// Pixels that no picture is far from reaching: what lies beyond is no face, and numbers within
/// cannot overflow in any scale.
const FARTHEST: f32 = 1e6;

/// The candidates in `picture` whose score is at least `least`, unordered, several per face.
///
/// Takes about 0.1 s of CPU and 30 MB per megapixel.
pub(super) fn candidates(
    net: &CenterFace,
    picture: &RgbImage,
    least: f32,
    threads: usize,
) -> Vec<Candidate> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let columns = width.next_multiple_of(MULTIPLE);
    let rows = height.next_multiple_of(MULTIPLE);
    let outputs = net.run(bordered(picture, columns, rows), threads);
    let outputs = outputs.each_ref().map(Tensor::values);
    read(outputs, columns, least)
}

/// The candidates in scores, sizes, offsets and landmarks for an input of this many columns,
/// whatever the numbers are.
pub(super) fn read(
    [scores, sizes, offsets, landmarks]: [&[f32]; 4],
    columns: usize,
    least: f32,
) -> Vec<Candidate> {
    let outputs = Outputs {
        columns: columns / STRIDE,
        sizes,
        offsets,
        landmarks,
    };
    let likely = scores
        .iter()
        .enumerate()
        .filter(|&(_, &score)| score >= least);
    likely
        .filter_map(|(at, &score)| outputs.candidate(at, score))
        .collect()
}

/// Red, green and blue, each 0 to 255, with black right of and below the picture, and the border
/// that the net needs.
fn bordered(picture: &RgbImage, columns: usize, rows: usize) -> Tensor {
    let mut bordered = Tensor::zeros(rows + 2, columns + 2, CHANNELS);
    let length = (columns + 2) * CHANNELS;
    let lines = bordered.values_mut().chunks_exact_mut(length).skip(1);
    let picture = picture.chunks_exact(picture.width() as usize * CHANNELS);
    for (to, from) in lines.zip(picture) {
        for (to, &value) in to[CHANNELS..].iter_mut().zip(from) {
            *to = f32::from(value);
        }
    }
    bordered
}

/// The outputs beside the scores.
struct Outputs<'a> {
    columns: usize,
    sizes: &'a [f32],
    offsets: &'a [f32],
    landmarks: &'a [f32],
}

impl Outputs<'_> {
    /// The candidate at one value; `None` if a number of it is missing or beyond all pictures.
    fn candidate(&self, at: usize, score: f32) -> Option<Candidate> {
        let stride = cast(STRIDE);
        let (height, width) = pair(self.sizes, at)?;
        let (height, width) = (height.exp() * stride, width.exp() * stride);
        let (down, right) = pair(self.offsets, at)?;
        let left = (cast(at % self.columns) + right + 0.5) * stride - width / 2.0;
        let top = (cast(at / self.columns) + down + 0.5) * stride - height / 2.0;
        let mut landmarks = [Point { x: 0.0, y: 0.0 }; LANDMARKS];
        for (number, landmark) in landmarks.iter_mut().enumerate() {
            let (y, x) = pair(self.landmarks, at * LANDMARKS + number)?;
            *landmark = Point {
                x: left + x * width,
                y: top + y * height,
            };
        }
        let numbers = [score, left, top, width, height];
        let points = landmarks.iter().flat_map(|point| [point.x, point.y]);
        let is_near = |number: f32| number.abs() <= FARTHEST;
        let is_possible = numbers.into_iter().chain(points).all(is_near);
        is_possible.then_some(Candidate {
            score,
            left,
            top,
            width,
            height,
            landmarks,
        })
    }
}

/// The y and the x of a pair.
fn pair(output: &[f32], number: usize) -> Option<(f32, f32)> {
    let (pairs, _) = output.as_chunks();
    pairs.get(number).map(|&[y, x]| (y, x))
}

#[expect(clippy::cast_precision_loss, reason = "pictures are not that large")]
fn cast(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outputs of 3 x 2 values, of which the one at column 2, row 1 is set.
    fn outputs(sizes: [f32; 2], offsets: [f32; 2], landmark: [f32; 2]) -> Option<Candidate> {
        let at = 5;
        let set = |pairs: usize, pair: [f32; 2]| {
            let mut output = vec![0.0; 2 * pairs * at];
            output.extend(pair.repeat(pairs));
            output
        };
        Outputs {
            columns: 3,
            sizes: &set(1, sizes),
            offsets: &set(1, offsets),
            landmarks: &set(LANDMARKS, landmark),
        }
        .candidate(at, 0.7)
    }

    #[test]
    fn values_become_pixels() {
        let found = outputs([2_f32.ln(), 3_f32.ln()], [0.25, -0.25], [0.5, 0.25]).unwrap();
        let close = |a: f32, b: f32| (a - b).abs() < 1e-4;
        assert!(
            close(found.width, 12.0) && close(found.height, 8.0),
            "{found:?}"
        );
        assert!(close(found.left, 3.0) && close(found.top, 3.0), "{found:?}");
        let eye = found.landmarks[0];
        assert!(close(eye.x, 6.0) && close(eye.y, 7.0), "{found:?}");
    }

    #[test]
    fn values_that_are_no_numbers_are_no_faces() {
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(outputs([bad, 0.0], [0.0; 2], [0.0; 2]), None, "{bad}");
            assert_eq!(outputs([0.0; 2], [0.0, bad], [0.0; 2]), None, "{bad}");
            assert_eq!(outputs([0.0; 2], [0.0; 2], [bad, 0.0]), None, "{bad}");
        }
        for exponent in [15.0, 88.0, 100.0] {
            let found = outputs([exponent; 2], [0.0; 2], [0.0; 2]);
            assert_eq!(found, None, "4 e^{exponent} pixels");
        }
        assert_eq!(
            outputs([0.0; 2], [0.0; 2], [3e37; 2]),
            None,
            "far landmarks"
        );
    }
}
