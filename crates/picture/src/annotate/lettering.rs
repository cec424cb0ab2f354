//! Two ways to write: an outline font at any height, and pixels by hand where that would blur.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use super::{Area, pixel_font};

/// `DejaVu` Sans Bold, its ASCII part.
static FONT: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../assets/DejaVuSans-Bold-ascii.ttf")).ok()
});

/// Height of a capital letter in `DejaVu` Sans Bold, in font units.
const CAPITAL: f32 = 1493.0;

/// Below this height in pixels the outline font is hard to read.
const SMALLEST_OUTLINE: i32 = 8;

/// Letters this fraction of the longer side are readable when the whole picture is shown on a
/// screen of 1,500 pixels: ten of them. No larger than this fraction of the shorter side,
/// though, for a panorama has no room for more.
const READABLE: (i32, i32) = (150, 20);

/// Pictures whose shorter side is below this are looked at pixel by pixel, so that the
/// hand-drawn letters do; below the second, outlines take too much room.
const THUMBNAIL: (i32, i32) = (320, 120);

/// Ways to write, from `best` height downwards, all of them readable in a picture of this size.
pub(super) fn sizes(best: i32, picture: &Area) -> Vec<Lettering> {
    let (long, short) = (picture.width.max(picture.height), picture.short_side());
    let least = (long / READABLE.0)
        .min(short / READABLE.1)
        .max(SMALLEST_OUTLINE);
    let best = best.max(least);
    let mut sizes = Vec::new();
    if short > THUMBNAIL.1 {
        sizes.extend([best, i32::midpoint(best, least), least].map(Lettering::of_height));
    }
    if short <= THUMBNAIL.0 {
        sizes.push(Lettering::Pixels);
    }
    sizes.dedup();
    sizes
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lettering {
    /// Outlines, a capital letter being so many pixels high.
    Outline(i32),
    /// The hand-drawn letters.
    Pixels,
}

impl Lettering {
    /// Capital letters `height` pixels high.
    pub(super) fn of_height(height: i32) -> Self {
        if FONT.is_some() {
            Self::Outline(height)
        } else {
            Self::Pixels
        }
    }

    /// Pixels from the top of a capital letter to its foot. No text here goes below that.
    #[must_use]
    pub fn height(self) -> i32 {
        match self {
            Self::Outline(height) => height,
            Self::Pixels => pixel_font::HEIGHT,
        }
    }

    /// Pixels from the left of `text` to its right.
    #[must_use]
    pub fn width(self, text: &str) -> i32 {
        match self {
            Self::Pixels => pixel_font::width(text),
            Self::Outline(height) => {
                let mut end = 0.0;
                set(text, height, |_, right| end = right);
                ceil(end)
            }
        }
    }

    /// Space between the text and the edge of its plate, across and down.
    pub(super) fn padding(self) -> (i32, i32) {
        match self {
            Self::Pixels => (1, 1),
            Self::Outline(height) => ((height * 2 / 5).max(2), (height * 2 / 5).max(2)),
        }
    }

    /// Space between two lines.
    pub(super) fn leading(self) -> i32 {
        match self {
            Self::Pixels => 2,
            Self::Outline(height) => (height / 2).max(3),
        }
    }

    /// Calls `dot` with every pixel that `text` touches when its top left corner is at
    /// (`left`, `top`), and with how much of it is covered, 255 being all.
    pub(super) fn draw(self, text: &str, left: i32, top: i32, mut dot: impl FnMut(i32, i32, u8)) {
        match self {
            Self::Pixels => pixel_font::dots(text, |x, y| dot(left + x, top + y, 255)),
            Self::Outline(height) => set(text, height, |mut glyph, _| {
                // A whole baseline and a whole height keep the horizontal strokes crisp.
                glyph.position.y = 0.0;
                let Some(outline) = FONT.as_ref().and_then(|font| font.outline_glyph(glyph)) else {
                    return;
                };
                let bounds = outline.px_bounds();
                let (x, y) = (
                    left + floor(bounds.min.x),
                    top + height + floor(bounds.min.y),
                );
                outline.draw(|dx, dy, coverage| {
                    dot(x + dx.cast_signed(), y + dy.cast_signed(), byte(coverage));
                });
            }),
        }
    }
}

/// Sets the glyphs of `text` side by side from 0 on, telling where each ends.
fn set(text: &str, height: i32, mut each: impl FnMut(Glyph, f32)) {
    let Some(font) = FONT.as_ref() else { return };
    #[expect(
        clippy::cast_precision_loss,
        reason = "letters are lower than 2^23 pixels"
    )]
    let height = height as f32;
    let scale = PxScale::from(height * font.height_unscaled() / CAPITAL);
    let scaled = font.as_scaled(scale);
    let mut left = 0.0;
    let mut previous = None;
    for character in text.chars() {
        let id = font.glyph_id(character);
        if let Some(previous) = previous {
            left += scaled.kern(previous, id);
        }
        let right = left + scaled.h_advance(id);
        each(id.with_scale_and_position(scale, point(left, 0.0)), right);
        left = right;
        previous = Some(id);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, far outside any picture"
)]
fn ceil(pixels: f32) -> i32 {
    pixels.ceil() as i32
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, far outside any picture"
)]
fn floor(pixels: f32) -> i32 {
    pixels.floor() as i32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates at both ends"
)]
fn byte(share: f32) -> u8 {
    (share * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 5] = ["Female 37", "Male", "Face 129", "Male:Female=10:9", "F"];

    /// Padding is there to be looked at, but a round letter may reach a little into it.
    #[test]
    fn letters_stay_within_their_measure_and_padding() {
        let heights = (8..60).chain([100, 377]).map(Lettering::Outline);
        for lettering in heights.chain([Lettering::Pixels]) {
            for text in TEXTS {
                let (width, height) = (lettering.width(text), lettering.height());
                let (across, down) = lettering.padding();
                let mut touched = 0;
                lettering.draw(text, 1000, 1000, |x, y, covered| {
                    touched += u32::from(covered > 0);
                    let inside = (1000 - across..1000 + width + across).contains(&x)
                        && (1000 - down..1000 + height + down).contains(&y);
                    assert!(covered == 0 || inside, "{lettering:?} `{text}`: {x}, {y}");
                });
                assert!(touched > 0, "{lettering:?} `{text}`");
            }
        }
    }

    #[test]
    fn small_pictures_get_small_letters() {
        let cases = [
            (64, vec![Lettering::Pixels]),
            (
                300,
                vec![
                    Lettering::Outline(20),
                    Lettering::Outline(14),
                    Lettering::Outline(8),
                    Lettering::Pixels,
                ],
            ),
            (
                1000,
                vec![
                    Lettering::Outline(20),
                    Lettering::Outline(14),
                    Lettering::Outline(8),
                ],
            ),
            (9000, vec![Lettering::Outline(60)]),
        ];
        for (side, expected) in cases {
            assert_eq!(
                sizes(20, &Area::new(0, 0, side, side)),
                expected,
                "{side} pixels"
            );
        }
    }
}
