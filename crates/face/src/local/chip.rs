//! Aligned cut-outs of faces, as the nets for age and gender were trained on.
//!
//! A chip shows a face upright and in a fixed place: a similarity transform moves its five
//! landmarks as near as possible to those of the mean face of dlib, around which a fifth of its
//! size is left on each side (dlib: `get_face_chip_details` with its default padding).

use image::RgbImage;

use super::candidate::Point;

/// Pixels of a chip along each side.
pub(super) const SIDE: usize = 64;

/// The landmarks of dlib's mean face, in the square that it spans: the middles of its six points
/// around each eye, the tip of the nose, the corners of the mouth.
const MEAN_FACE: [(f32, f32); 5] = [
    (0.225_492, 0.215_990),
    (0.754_761, 0.215_990),
    (0.490_127, 0.515_625),
    (0.254_149, 0.780_233),
    (0.726_104, 0.780_233),
];

/// What is left around the mean face, in parts of its size.
const PADDING: f32 = 0.2;

/// Samples along each side of a pixel at most: enough to sample a face of a thousand pixels
/// without leaving out any.
const MAX_SAMPLES: u16 = 8;

/// A chip, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chip {
    pixels: Vec<[f32; 3]>,
    side: usize,
}

impl Chip {
    /// Cuts the face with these landmarks out of `picture`. What lies outside of the picture is
    /// black.
    pub(super) fn cut(picture: &RgbImage, landmarks: &[Point; 5]) -> Self {
        let transform = Transform::onto(landmarks);
        let samples = transform.samples_per_side();
        let share = 1.0 / f32::from(samples);
        let mut pixels = Vec::with_capacity(SIDE * SIDE);
        for row in 0..SIDE {
            for column in 0..SIDE {
                let mut sum = [0.0; 3];
                for down in 0..samples {
                    for right in 0..samples {
                        let at = transform.apply(Point {
                            x: cast(column) + (f32::from(right) + 0.5) * share,
                            y: cast(row) + (f32::from(down) + 0.5) * share,
                        });
                        let colour = interpolated(picture, at);
                        sum.iter_mut()
                            .zip(colour)
                            .for_each(|(to, value)| *to += value);
                    }
                }
                pixels.push(sum.map(|value| value * share * share));
            }
        }
        Self { pixels, side: SIDE }
    }

    /// The same chip with half the pixels along each side.
    pub(super) fn halved(&self) -> Self {
        let side = self.side / 2;
        let at = |row: usize, column: usize| self.pixels[row * self.side + column];
        let mean = |row: usize, column: usize| {
            let four = [(0, 0), (0, 1), (1, 0), (1, 1)];
            let four = four.map(|(down, right)| at(2 * row + down, 2 * column + right));
            std::array::from_fn(|channel| four.iter().map(|it| it[channel]).sum::<f32>() / 4.0)
        };
        let rows = (0..side).flat_map(|row| (0..side).map(move |column| (row, column)));
        Self {
            pixels: rows.map(|(row, column)| mean(row, column)).collect(),
            side,
        }
    }

    /// Height and width of the chip.
    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// Red, green and blue of each pixel, 0 to 255, row by row.
    pub(super) fn pixels(&self) -> &[[f32; 3]] {
        &self.pixels
    }
}

/// Turns, scales and moves: from chip to picture.
#[derive(Clone, Copy, Debug)]
struct Transform {
    /// Scale times cosine, scale times sine.
    cosine: f32,
    sine: f32,
    moved: Point,
}

impl Transform {
    /// The one that brings the mean face nearest to `landmarks`, by least squares.
    fn onto(landmarks: &[Point; 5]) -> Self {
        let whole = 1.0 + 2.0 * PADDING;
        let place = |part: f32| (part + PADDING) / whole * cast(SIDE);
        let from = MEAN_FACE.map(|(x, y)| Point {
            x: place(x),
            y: place(y),
        });
        let (from_middle, to_middle) = (middle(&from), middle(landmarks));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (from, to) in from.iter().zip(landmarks) {
            let (x, y) = (from.x - from_middle.x, from.y - from_middle.y);
            let (u, v) = (to.x - to_middle.x, to.y - to_middle.y);
            along += x * u + y * v;
            across += x * v - y * u;
            spread += x * x + y * y;
        }
        let (cosine, sine) = (along / spread, across / spread);
        Self {
            cosine,
            sine,
            moved: Point {
                x: to_middle.x - cosine * from_middle.x + sine * from_middle.y,
                y: to_middle.y - sine * from_middle.x - cosine * from_middle.y,
            },
        }
    }

    fn apply(&self, point: Point) -> Point {
        Point {
            x: self.cosine * point.x - self.sine * point.y + self.moved.x,
            y: self.sine * point.x + self.cosine * point.y + self.moved.y,
        }
    }

    /// One for each pixel of the picture that a pixel of the chip covers, along each side.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range of the type first"
    )]
    fn samples_per_side(&self) -> u16 {
        let scale = self.cosine.hypot(self.sine).ceil();
        scale.clamp(1.0, f32::from(MAX_SAMPLES)) as u16
    }
}

fn middle(points: &[Point; 5]) -> Point {
    let sum = |value: fn(&Point) -> f32| points.iter().map(value).sum::<f32>() / 5.0;
    Point {
        x: sum(|point| point.x),
        y: sum(|point| point.y),
    }
}

/// The colour between the four nearest pixels.
fn interpolated(picture: &RgbImage, at: Point) -> [f32; 3] {
    let (x, y) = (at.x - 0.5, at.y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let mut colour = [0.0; 3];
    for (down, row_share) in [(0.0, 1.0 - bottom_share), (1.0, bottom_share)] {
        for (right, column_share) in [(0.0, 1.0 - right_share), (1.0, right_share)] {
            let Some(pixel) = pixel(picture, left + right, top + down) else {
                continue;
            };
            let share = row_share * column_share;
            for (to, value) in colour.iter_mut().zip(pixel) {
                *to += f32::from(value) * share;
            }
        }
    }
    colour
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative numbers are ruled out, large ones saturate"
)]
fn pixel(picture: &RgbImage, x: f32, y: f32) -> Option<[u8; 3]> {
    let is_inside = x >= 0.0 && y >= 0.0;
    let pixel = is_inside.then(|| picture.get_pixel_checked(x as u32, y as u32));
    pixel.flatten().map(|pixel| pixel.0)
}

#[expect(clippy::cast_precision_loss, reason = "sides of chips")]
fn cast(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// The mean face in a picture, `scale` pixels wide, turned by `turn` radians.
    fn landmarks(left: f32, top: f32, scale: f32, turn: f32) -> [Point; 5] {
        MEAN_FACE.map(|(x, y)| Point {
            x: left + scale * (x * turn.cos() - y * turn.sin()),
            y: top + scale * (x * turn.sin() + y * turn.cos()),
        })
    }

    #[test]
    fn mean_face_lands_in_its_place() {
        for turn in [0.0, 0.3, -1.5, 3.1] {
            let landmarks = landmarks(120.0, 80.0, 200.0, turn);
            let transform = Transform::onto(&landmarks);
            for ((x, y), landmark) in MEAN_FACE.iter().zip(landmarks) {
                let chip = |part: f32| (part + 0.2) / 1.4 * 64.0;
                let found = transform.apply(Point {
                    x: chip(*x),
                    y: chip(*y),
                });
                let distance = (found.x - landmark.x).hypot(found.y - landmark.y);
                assert!(distance < 1e-3, "turned by {turn}: {distance}");
            }
        }
    }

    #[test]
    fn large_faces_are_averaged() {
        // Stripes of one pixel, black and white, which a sample here and there would turn into
        // broad ones.
        let stripes =
            RgbImage::from_fn(600, 600, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
        let chip = Chip::cut(&stripes, &landmarks(150.0, 150.0, 300.0, 0.0));
        let inner = chip.pixels.iter().map(|pixel| pixel[0]);
        assert!(inner.clone().all(|value| (90.0..165.0).contains(&value)));
        let halved = chip.halved();
        assert_eq!((halved.side(), halved.pixels.len()), (32, 1024));
    }

    #[test]
    fn outside_is_black_and_inside_is_not() {
        let white = RgbImage::from_pixel(100, 100, Rgb([255; 3]));
        let chip = Chip::cut(&white, &landmarks(60.0, 20.0, 50.0, 0.0));
        let at = |row: usize, column: usize| chip.pixels[row * SIDE + column][0];
        assert!(
            at(32, 2) > 254.0 && at(32, 62) < 1.0,
            "{} {}",
            at(32, 2),
            at(32, 62)
        );
    }

    #[test]
    fn landmarks_in_one_point_are_survived() {
        let white = RgbImage::from_pixel(10, 10, Rgb([255; 3]));
        let chip = Chip::cut(&white, &[Point { x: 5.0, y: 5.0 }; 5]);
        assert!(chip.pixels.iter().flatten().all(|value| value.is_finite()));
    }
}
