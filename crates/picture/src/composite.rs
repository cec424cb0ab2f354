//! Lays an overlay over decoded pixels.
//!
//! A picture whose pixels are palette indices needs colours that its palette may lack: they take
//! the places of colours that no pixel has any more, then places behind the last one. Pixels that
//! nothing is drawn upon keep their index. Only if the palette is too small, and the format can do
//! without, do indices become colours.

use std::collections::HashMap;
use std::ops::Range;

use crate::colour::Space;
use crate::orientation::Orientation;
use crate::overlay::Overlay;
use crate::palette::{MAX_COLOURS, Palette, Rgba};
use crate::raster::{Raster, mix};

/// A shade at the edge of a letter may be off by so much in each channel without being noticed.
const UNSEEN: u8 = 32;

/// More shades than these are not counted; they get the nearest colour.
const MAX_SHADES: usize = 1 << 16;

/// A pixel that something is drawn upon, counted row by row, with the colour and how much it covers.
pub(crate) type DrawnPixel = (usize, [u8; 3], u8);

/// Lays `overlay` over the upright view of `raster`: its colours are mixed into the stored pixels, in
/// their own colour space, order and depth.
pub(crate) fn composite(overlay: &Overlay, raster: &mut Raster, orientation: Orientation) {
    let strides = orientation.strides(raster.width, raster.height);
    let drawn_pixels = || {
        let drawn = overlay.drawn();
        drawn.map(|(x, y, colour, alpha)| (strides.index(x, y), colour, alpha))
    };
    let mut compositing = match raster.palette.take() {
        None => Compositing::Colours,
        Some(palette) => {
            let mut survey = PaletteSurvey::of(palette);
            survey.take(&raster.data, drawn_pixels());
            survey.decide()
        }
    };
    compositing.draw(raster, drawn_pixels());
    raster.palette = compositing.palette().cloned();
}

/// The part of `overlay` in a strip of the picture, which is stored upright and so wide.
pub(crate) fn drawn_pixels(
    overlay: &Overlay,
    rows: Range<u32>,
    width: u32,
) -> impl Iterator<Item = DrawnPixel> {
    let top = rows.start;
    let index = move |x: u32, y: u32| (y - top) as usize * width as usize + x as usize;
    let drawn = overlay.drawn_in(rows);
    drawn.map(move |(x, y, colour, alpha)| (index(x, y), colour, alpha))
}

/// How colours are laid over pixels. Decided for all of a picture, then done with each part of it.
pub(crate) enum Compositing {
    /// Pixels are colours.
    Colours,
    /// Pixels are indices of a palette, and will be of a wider one.
    Indices {
        palette: Palette,
        wider: Palette,
        /// The index of each shade that was looked for.
        indices: HashMap<Rgba, u8>,
    },
    /// Pixels are indices of a palette, and become colours of this space.
    Expanded(Palette, Space),
}

impl Compositing {
    /// The palette of the result.
    pub(crate) fn palette(&self) -> Option<&Palette> {
        match self {
            Self::Indices { wider, .. } => Some(wider),
            Self::Colours | Self::Expanded(..) => None,
        }
    }

    /// The colour space of the result of a picture whose own is `space`.
    pub(crate) fn space(&self, space: Space) -> Space {
        match self {
            Self::Expanded(_, expanded) => *expanded,
            Self::Colours | Self::Indices { .. } => space,
        }
    }

    /// Draws on a part of the picture.
    pub(crate) fn draw(
        &mut self,
        raster: &mut Raster,
        drawn_pixels: impl Iterator<Item = DrawnPixel>,
    ) {
        match self {
            Self::Indices {
                palette,
                wider,
                indices,
            } => {
                for (at, colour, alpha) in drawn_pixels {
                    let index = &mut raster.data[at];
                    if let Some(shade) = palette.shade(*index, colour, alpha) {
                        let nearest = || wider.nearest(shade).0;
                        *index = *indices.entry(shade).or_insert_with(nearest);
                    }
                }
                return;
            }
            Self::Expanded(palette, space) => expand(palette, *space, raster),
            Self::Colours => {}
        }
        for (at, colour, alpha) in drawn_pixels {
            raster.mix(at, raster.space.pixel(colour), alpha);
        }
    }
}

/// Turns palette indices into colours.
fn expand(palette: &Palette, space: Space, raster: &mut Raster) {
    let colours: [Rgba; MAX_COLOURS] =
        std::array::from_fn(|index| palette.colour(u8::try_from(index).unwrap_or(u8::MAX)));
    raster.space = space;
    let channels = space.channels();
    let mut data = Vec::with_capacity(raster.data.len() * channels);
    for &index in &raster.data {
        data.extend_from_slice(&colours[usize::from(index)][..channels]);
    }
    raster.data = data;
}

impl Palette {
    /// The shade of a pixel with this index that so much of a colour is laid over, if it can be.
    fn shade(&self, index: u8, [r, g, b]: [u8; 3], coverage: u8) -> Option<Rgba> {
        let mixed = mixed(self.colour(index), [r, g, b, 255], coverage);
        self.alpha.possible(mixed)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a mixture is never wider than what is mixed"
)]
fn mixed(under: Rgba, over: Rgba, coverage: u8) -> Rgba {
    std::array::from_fn(|channel| mix(under[channel].into(), over[channel].into(), coverage) as u8)
}

/// Which indices are in use, and which shades are wanted how often.
pub(crate) struct PaletteSurvey {
    palette: Palette,
    /// How many pixels will have each index, and whether any had it before.
    pixels: [u64; MAX_COLOURS],
    is_used: [bool; MAX_COLOURS],
    shades: HashMap<Rgba, u64>,
}

impl PaletteSurvey {
    /// Of a picture of which no part was seen yet.
    pub(crate) fn of(palette: Palette) -> Self {
        Self {
            palette,
            pixels: [0; MAX_COLOURS],
            is_used: [false; MAX_COLOURS],
            shades: HashMap::new(),
        }
    }

    /// Looks at a part of the picture.
    pub(crate) fn take(&mut self, data: &[u8], drawn_pixels: impl Iterator<Item = DrawnPixel>) {
        for &index in data {
            self.pixels[usize::from(index)] += 1;
        }
        for (is_used, count) in self.is_used.iter_mut().zip(self.pixels) {
            *is_used |= count > 0;
        }
        for (at, colour, alpha) in drawn_pixels {
            let index = data[at];
            let Some(shade) = self.palette.shade(index, colour, alpha) else {
                continue;
            };
            self.pixels[usize::from(index)] -= 1;
            if let Some(count) = self.shades.get_mut(&shade) {
                *count += 1;
            } else if self.shades.len() < MAX_SHADES {
                self.shades.insert(shade, 1);
            }
        }
    }

    /// Decides once all parts were seen.
    pub(crate) fn decide(self) -> Compositing {
        let (wider, indices) = self.allocate(&self.palette);
        let looks_right = self.shades.keys().all(|shade| {
            let has_own = indices.contains_key(shade);
            has_own || wider.nearest(*shade).1 <= UNSEEN
        });
        if looks_right || !self.palette.may_expand {
            return Compositing::Indices {
                palette: self.palette,
                wider,
                indices,
            };
        }
        let mut used = (0..=u8::MAX).filter(|&index| self.is_used[usize::from(index)]);
        let is_opaque = used.all(|index| self.palette.colour(index)[3] == 255);
        let space = if is_opaque { Space::Rgb } else { Space::Rgba };
        Compositing::Expanded(self.palette, space)
    }

    /// A palette with as many of the wanted shades as there is room for, the most frequent
    /// first, and their indices.
    fn allocate(&self, palette: &Palette) -> (Palette, HashMap<Rgba, u8>) {
        let is_used = |index: u8| self.pixels[usize::from(index)] > 0;
        let mut indices: HashMap<Rgba, u8> = (0..=u8::MAX)
            .filter(|&index| is_used(index))
            .map(|index| (palette.colour(index), index))
            .collect();
        let mut wanted: Vec<(u64, Rgba)> = self
            .shades
            .iter()
            .filter(|(shade, _)| !indices.contains_key(*shade))
            .map(|(shade, count)| (*count, *shade))
            .collect();
        wanted.sort_unstable_by(|one, other| other.cmp(one));
        let last_used = (0..=u8::MAX).rev().find(|&index| is_used(index));
        let mut colours = palette.colours.clone();
        let least = last_used.map_or(1, |index| usize::from(index) + 1);
        let missing = least.saturating_sub(colours.len());
        colours.extend(std::iter::repeat_n([0, 0, 0, 255], missing));
        let free = (0..=u8::MAX).filter(|&index| !is_used(index));
        for ((_, shade), index) in wanted.into_iter().zip(free) {
            match colours.get_mut(usize::from(index)) {
                Some(colour) => *colour = shade,
                None => colours.push(shade),
            }
            indices.insert(shade, index);
        }
        let wider = Palette {
            colours,
            ..palette.clone()
        };
        (wider, indices)
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba as Pixel;
    use imageproc::drawing::Canvas as _;

    use super::*;
    use crate::palette::Alpha;
    use crate::raster::Depth;

    /// Columns 2 and 3 in amber, column 4 half so.
    fn overlay(width: u32) -> Overlay {
        let mut overlay = Overlay::new(width, 1);
        for (x, alpha) in [(2, 255), (3, 255), (4, 128)] {
            overlay.draw_pixel(x, 0, Pixel([255, 176, 0, alpha]));
        }
        overlay
    }

    fn greys(count: u16) -> Vec<Rgba> {
        (0..count)
            .map(|grey| u8::try_from(grey).unwrap())
            .map(|grey| [grey, grey, grey, 255])
            .collect()
    }

    /// Draws on a raster of palette indices.
    fn laid(colours: Vec<Rgba>, alpha: Alpha, may_expand: bool, data: Vec<u8>) -> Raster {
        let size = (u32::try_from(data.len()).unwrap(), 1);
        let mut raster = Raster {
            palette: Some(Palette::new(colours, alpha, may_expand)),
            ..Raster::new(Space::Grey, Depth::Eight, size, data)
        };
        composite(&overlay(size.0), &mut raster, Orientation::Upright);
        raster
    }

    fn colours(raster: &Raster) -> &[Rgba] {
        &raster.palette.as_ref().unwrap().colours
    }

    #[test]
    fn an_overlay_lands_where_a_viewer_expects_it() {
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let mut raster = Raster::new(Space::Grey, Depth::Eight, (5, 3), vec![0; 15]);
            let (width, height) = orientation.upright(5, 3);
            let mut overlay = Overlay::new(width, height);
            overlay.draw_pixel(1, 0, Pixel([255; 4]));
            overlay.draw_pixel(0, 2, Pixel([100, 100, 100, 255]));
            composite(&overlay, &mut raster, orientation);
            let strides = orientation.strides(5, 3);
            for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                let expected = match (x, y) {
                    (1, 0) => 255,
                    (0, 2) => 100,
                    _ => 0,
                };
                assert_eq!(
                    raster.data[strides.index(x, y)],
                    expected,
                    "{value}: {x}, {y}"
                );
            }
        }
    }

    #[test]
    fn new_colours_come_behind_the_old_ones() {
        let raster = laid(greys(3), Alpha::Graded, true, vec![0, 1, 2, 1, 0, 2, 1, 0]);
        assert_eq!(raster.data, [0, 1, 3, 3, 4, 2, 1, 0]);
        assert_eq!(colours(&raster)[3], [255, 176, 0, 255]);
        assert_eq!(colours(&raster)[4], [128, 88, 0, 255]);
    }

    #[test]
    fn unused_numbers_are_used_first() {
        // Number 2 is only where something is drawn, 5 nowhere.
        let raster = laid(greys(6), Alpha::Graded, true, vec![0, 1, 2, 2, 3, 4]);
        assert_eq!(raster.data, [0, 1, 2, 2, 3, 4]);
        assert_eq!(colours(&raster).len(), 6);
        assert_eq!(colours(&raster)[2], [255, 176, 0, 255]);
        assert_eq!(colours(&raster)[3], [129, 90, 1, 255]);
    }

    #[test]
    fn a_full_palette_gives_the_nearest_colour_or_way() {
        let data: Vec<u8> = [0; 5].into_iter().chain(0..=255).collect();
        let raster = laid(greys(256), Alpha::Graded, false, data.clone());
        assert_eq!(
            raster.data[5..],
            data[5..],
            "pixels beside the drawing stay"
        );
        assert_eq!(
            colours(&raster),
            greys(256),
            "there is no amber among greys"
        );
        let raster = laid(greys(256), Alpha::Graded, true, data.clone());
        assert_eq!(raster.space, Space::Rgb);
        assert_eq!(
            raster.data[3 * 2..3 * 5],
            [255, 176, 0, 255, 176, 0, 128, 88, 0]
        );
        let mut clear = greys(256);
        clear[9][3] = 9;
        let raster = laid(clear, Alpha::Graded, true, data);
        assert_eq!(raster.space, Space::Rgba);
        assert_eq!(raster.data[4 * (5 + 9)..][..4], [9; 4]);
    }

    #[test]
    fn without_half_transparent_colours_a_half_covered_clear_pixel_is_covered_or_clear() {
        let colours = vec![[9, 9, 9, 0], [9, 9, 9, 255]];
        let raster = laid(colours, Alpha::AllOrNothing, false, vec![0; 6]);
        let palette = raster.palette.as_ref().unwrap();
        let shown: Vec<Rgba> = raster
            .data
            .iter()
            .map(|&index| palette.colour(index))
            .collect();
        assert_eq!(shown[1], [9, 9, 9, 0]);
        assert_eq!(shown[2], [255, 176, 0, 255]);
        assert_eq!(shown[4], [132, 93, 4, 255]);
    }
}
