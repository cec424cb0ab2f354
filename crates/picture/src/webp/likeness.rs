//! How much a picture that was coded looks like the one that it was made of.

/// Pixels along a side of a window.
const WINDOW: usize = 8;

/// What keeps a window without contrast from being divided by nothing.
const MIN_BRIGHTNESS: f32 = 6.5025;
const MIN_CONTRAST: f32 = 58.5225;

/// Pixels row by row, of so many bytes each: red, green, blue and perhaps more.
#[derive(Clone, Copy)]
pub(super) struct Pixels<'a> {
    pub(super) data: &'a [u8],
    pub(super) pixel_bytes: usize,
}

/// Structural similarity (Wang, Bovik, Sheikh and Simoncelli, 2004) of the brightness of two
/// pictures of this width: the mean of all windows, at most 1.
pub(super) fn similarity(one: Pixels<'_>, other: Pixels<'_>, width: usize) -> f32 {
    let strips = one.strips(width).zip(other.strips(width));
    let (mut sum, mut count) = (0.0, 0.0);
    for (one, other) in strips {
        for left in (0..width).step_by(WINDOW) {
            let columns = left..(left + WINDOW).min(width);
            let rows = one.rows(width).zip(other.rows(width));
            let mut window = Window::default();
            for (one, other) in rows {
                let one = one.shades(columns.clone());
                window.take(one.zip(other.shades(columns.clone())));
            }
            sum += window.similarity();
            count += 1.0;
        }
    }
    if count > 0.0 { sum / count } else { 1.0 }
}

impl<'a> Pixels<'a> {
    fn strips(self, width: usize) -> impl Iterator<Item = Self> {
        self.split(WINDOW * width)
    }

    fn rows(self, width: usize) -> impl Iterator<Item = Self> {
        self.split(width)
    }

    fn split(self, pixels: usize) -> impl Iterator<Item = Self> {
        let parts = self.data.chunks((pixels * self.pixel_bytes).max(1));
        parts.map(move |data| Self { data, ..self })
    }

    fn shades(self, columns: std::ops::Range<usize>) -> impl Iterator<Item = u32> + 'a {
        let bytes = columns.start * self.pixel_bytes..columns.end * self.pixel_bytes;
        let pixels = self.data.get(bytes).unwrap_or_default();
        pixels.chunks_exact(self.pixel_bytes).map(|pixel| {
            let [r, g, b] = pixel.first_chunk().map_or([0; 3], |rgb| rgb.map(u32::from));
            (77 * r + 150 * g + 29 * b) >> 8
        })
    }
}

/// Sums of a window of both pictures: of shades, of their squares, and of their products.
#[derive(Default)]
struct Window {
    count: u32,
    shades: [u32; 2],
    squares: [u32; 2],
    products: u32,
}

impl Window {
    fn take(&mut self, pairs: impl Iterator<Item = (u32, u32)>) {
        for (one, other) in pairs {
            self.count += 1;
            self.shades[0] += one;
            self.shades[1] += other;
            self.squares[0] += one * one;
            self.squares[1] += other * other;
            self.products += one * other;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "64 squares of bytes")]
    fn similarity(&self) -> f32 {
        let count = self.count.max(1) as f32;
        let mean = |sum: u32| sum as f32 / count;
        let [one, other] = self.shades.map(mean);
        let [own, others] = self.squares.map(mean);
        let variances = (own - one * one).max(0.0) + (others - other * other).max(0.0);
        let covariance = mean(self.products) - one * other;
        (2.0 * one * other + MIN_BRIGHTNESS) * (2.0 * covariance + MIN_CONTRAST)
            / ((one * one + other * other + MIN_BRIGHTNESS) * (variances + MIN_CONTRAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes of this contrast, as colours and as colours with alpha.
    fn stripes(contrast: u8, pixel_bytes: usize) -> Vec<u8> {
        let shade = |at: usize| 90 + contrast * u8::from((at / 3).is_multiple_of(2));
        (0..61 * 43)
            .flat_map(|at| vec![shade(at); pixel_bytes])
            .collect()
    }

    #[test]
    fn a_picture_is_like_itself_and_unlike_a_flat_one() {
        let like = |contrast: u8, pixel_bytes: usize| {
            let [one, other] = [(80, 3), (contrast, pixel_bytes)]
                .map(|(contrast, pixel_bytes)| (stripes(contrast, pixel_bytes), pixel_bytes));
            let [one, other] = [&one, &other].map(|(data, pixel_bytes)| Pixels {
                data,
                pixel_bytes: *pixel_bytes,
            });
            similarity(one, other, 61)
        };
        let same = like(80, 4);
        assert!((same - 1.0).abs() < 1e-3, "{same}");
        let (weaker, flat) = (like(40, 3), like(0, 4));
        assert!(
            flat < 0.1 && flat < weaker && weaker < 0.9,
            "{flat}, {weaker}"
        );
    }
}
