//! Two ways to write: an outline font at any height, and pixels by hand where that would blur.

use std::sync::LazyLock;

use ab_glyph::{CodepointIdIter, Font, FontRef, GlyphId, Outline, ScaleFont, v2};
use image::Rgba;
use imageproc::drawing::{Canvas, draw_text_mut};

use super::area::Area;
use super::colours::Colour;
use super::pixel_font;
use crate::overlay::Overlay;

static FONT: LazyLock<Option<Capitals>> = LazyLock::new(|| {
    let font = include_bytes!("../../assets/DejaVuSans-Bold-ascii.ttf");
    FontRef::try_from_slice(font).ok().map(Capitals)
});

/// Below this height in pixels the outline font is hard to read.
const MIN_OUTLINE: i32 = 8;

/// Letters this fraction of the longer side are readable when the whole picture is shown on a
/// screen of 1,500 pixels: ten of them. No larger than this fraction of the shorter side,
/// though, for a panorama has no room for more.
const READABLE: (i32, i32) = (150, 20);

/// Pictures whose shorter side is below this are looked at pixel by pixel, so that the
/// hand-drawn letters do; below the second, outlines take too much room.
const THUMBNAIL: (i32, i32) = (320, 120);

/// Ways to write, from `best` height downwards, all of them readable in a picture of this size.
pub(crate) fn sizes(best: i32, picture: &Area) -> Vec<Lettering> {
    let (long, short) = (picture.width.max(picture.height), picture.short_side());
    let least = (long / READABLE.0).min(short / READABLE.1).max(MIN_OUTLINE);
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
pub(crate) enum Lettering {
    /// Outlines, a capital letter being so many pixels high.
    Outline(i32),
    /// The hand-drawn letters.
    Pixels,
}

impl Lettering {
    /// Capital letters `height` pixels high.
    pub(crate) fn of_height(height: i32) -> Self {
        if FONT.is_some() {
            Self::Outline(height)
        } else {
            Self::Pixels
        }
    }

    /// Pixels from the top of a capital letter to its foot. No text here goes below that.
    pub(crate) fn height(self) -> i32 {
        match self {
            Self::Outline(height) => height,
            Self::Pixels => pixel_font::HEIGHT,
        }
    }

    /// Pixels from the left of `text` to its right.
    #[expect(clippy::cast_possible_truncation, reason = "a whole number")]
    pub(crate) fn width(self, text: &str) -> i32 {
        match self {
            Self::Pixels => pixel_font::width(text),
            Self::Outline(height) => FONT.as_ref().map_or(0, |font| {
                let font = font.as_scaled(scale(height));
                let advance = |letter| font.h_advance(font.glyph_id(letter));
                // The font has no kerning. `imageproc` measures alike, but makes outlines for that.
                text.chars().map(advance).sum::<f32>().ceil() as i32
            }),
        }
    }

    /// Space between the text and the edge of its plate, across and down.
    pub(crate) fn padding(self) -> (i32, i32) {
        match self {
            Self::Pixels => (1, 1),
            Self::Outline(height) => ((height * 2 / 5).max(2), (height * 2 / 5).max(2)),
        }
    }

    /// Space between two lines.
    pub(crate) fn leading(self) -> i32 {
        match self {
            Self::Pixels => 2,
            Self::Outline(height) => (height / 2).max(3),
        }
    }

    /// Writes `text` with the top left corner of its first letter at `place`.
    pub(crate) fn write(
        self,
        overlay: &mut Overlay,
        text: &str,
        (left, top): (i32, i32),
        [r, g, b]: Colour,
    ) {
        let ink = Rgba([r, g, b, 255]);
        match self {
            Self::Pixels => pixel_font::dots(text, |x, y| {
                let place = (u32::try_from(left + x), u32::try_from(top + y));
                if let (Ok(x), Ok(y)) = place
                    && x < overlay.width()
                    && y < overlay.height()
                {
                    overlay.draw_pixel(x, y, ink);
                }
            }),
            Self::Outline(height) => {
                if let Some(font) = FONT.as_ref() {
                    draw_text_mut(overlay, ink, left, top, scale(height), font, text);
                }
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "letters are lower than 2^23 pixels"
)]
fn scale(height: i32) -> f32 {
    height as f32
}

/// `DejaVu` Sans Bold, its ASCII part, measured by its capitals: its height is theirs, and so is
/// its ascent. A whole number of pixels then puts the baseline between two rows, and the horizontal
/// strokes of letters stay crisp.
struct Capitals(FontRef<'static>);

impl Font for Capitals {
    /// Height of a capital letter, in font units.
    fn ascent_unscaled(&self) -> f32 {
        1493.0
    }

    fn descent_unscaled(&self) -> f32 {
        0.0
    }

    fn units_per_em(&self) -> Option<f32> {
        self.0.units_per_em()
    }

    fn line_gap_unscaled(&self) -> f32 {
        self.0.line_gap_unscaled()
    }

    fn glyph_id(&self, character: char) -> GlyphId {
        self.0.glyph_id(character)
    }

    fn h_advance_unscaled(&self, id: GlyphId) -> f32 {
        self.0.h_advance_unscaled(id)
    }

    fn h_side_bearing_unscaled(&self, id: GlyphId) -> f32 {
        self.0.h_side_bearing_unscaled(id)
    }

    fn v_advance_unscaled(&self, id: GlyphId) -> f32 {
        self.0.v_advance_unscaled(id)
    }

    fn v_side_bearing_unscaled(&self, id: GlyphId) -> f32 {
        self.0.v_side_bearing_unscaled(id)
    }

    fn kern_unscaled(&self, first: GlyphId, second: GlyphId) -> f32 {
        self.0.kern_unscaled(first, second)
    }

    fn outline(&self, id: GlyphId) -> Option<Outline> {
        self.0.outline(id)
    }

    fn glyph_count(&self) -> usize {
        self.0.glyph_count()
    }

    fn codepoint_ids(&self) -> CodepointIdIter<'_> {
        self.0.codepoint_ids()
    }

    fn glyph_raster_image2(&self, id: GlyphId, size: u16) -> Option<v2::GlyphImage<'_>> {
        self.0.glyph_raster_image2(id, size)
    }
}

#[cfg(test)]
mod tests {
    use imageproc::drawing::text_size;

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
                let mut overlay = Overlay::new(9000, 3000);
                lettering.write(&mut overlay, text, (1000, 1000), [0; 3]);
                assert!(overlay.tiles() > 0, "{lettering:?} `{text}`");
                for (x, y, ..) in overlay.drawn() {
                    let (x, y) = (x.cast_signed(), y.cast_signed());
                    let inside = (1000 - across..1000 + width + across).contains(&x)
                        && (1000 - down..1000 + height + down).contains(&y);
                    assert!(inside, "{lettering:?} `{text}`: {x}, {y}");
                }
            }
        }
    }

    #[test]
    fn letters_are_as_wide_as_they_are_drawn() {
        let font = FONT.as_ref().unwrap();
        for (height, text) in (8..100).flat_map(|height| TEXTS.map(|text| (height, text))) {
            let (width, _) = text_size(scale(height), font, text);
            let measured = Lettering::Outline(height).width(text);
            // It counts one more.
            assert_eq!(measured + 1, width.cast_signed(), "{height} `{text}`");
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
