//! Pictures whose pixels are numbers of colours. What is drawn on one needs colours that its
//! palette may lack: they take the places of those that no pixel has any more, then places
//! behind the last one. Pixels that nothing is drawn upon keep their number.

use std::collections::HashMap;

use super::colour::Space;
use super::orientation::Orientation;
use super::raster::{Raster, mix};
use super::sheet::Sheet;

/// As many colours as a byte can tell apart.
const MOST: usize = 256;

/// A shade at the edge of a letter may be off by so much in each channel and nobody sees it.
const UNSEEN: u8 = 32;

/// Shades beyond this number are not counted; they get the nearest colour.
const MOST_SHADES: usize = 1 << 16;

/// Red, green, blue and how opaque it is.
pub(super) type Rgba = [u8; 4];

/// The colours of a picture by their numbers.
#[derive(Debug, Clone)]
pub(super) struct Palette {
    colours: Vec<Rgba>,
    alpha: Alpha,
    /// Whether pixels may become colours: the format allows it, and there is memory for them.
    may_expand: bool,
}

/// How transparent a colour can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alpha {
    /// In 256 steps.
    Graded,
    /// Wholly or not at all.
    AllOrNothing,
}

impl Palette {
    /// The first 256 of `colours`.
    pub(super) fn new(mut colours: Vec<Rgba>, alpha: Alpha, may_expand: bool) -> Self {
        colours.truncate(MOST);
        Self {
            colours,
            alpha,
            may_expand,
        }
    }

    pub(super) fn colours(&self) -> &[Rgba] {
        &self.colours
    }

    /// The colour with this number. A number without one is black to most viewers.
    pub(super) fn colour(&self, number: u8) -> Rgba {
        let black = [0, 0, 0, 255];
        let known = self.colours.get(usize::from(number));
        known.copied().unwrap_or(black)
    }

    /// Lays `sheet` over the numbers in `raster`.
    pub(super) fn lay(self, sheet: &Sheet, raster: &mut Raster, orientation: Orientation) -> Laid {
        let mut survey = Survey::of(raster);
        self.each_drawn(sheet, raster, orientation, |number, shade| {
            survey.take(*number, shade);
        });
        let (wider, numbers) = survey.allocate(&self);
        let looks_right = survey.shades.keys().all(|shade| {
            let number = numbers.get(shade).copied();
            number.is_some() || wider.nearest(*shade).1 <= UNSEEN
        });
        Laid {
            before: self,
            after: wider,
            numbers,
            looks_right,
        }
    }

    /// Calls `each` with the number of every pixel that something is drawn upon, and with the
    /// colour that it ought to have.
    fn each_drawn(
        &self,
        sheet: &Sheet,
        raster: &mut Raster,
        orientation: Orientation,
        mut each: impl FnMut(&mut u8, Rgba),
    ) {
        let walk = orientation.walk(raster.width, raster.height);
        let (width, height) = orientation.upright(raster.width, raster.height);
        let mut row: Vec<Option<Rgba>> = vec![None; width as usize];
        for y in 0..height {
            let layers = sheet.in_rows(&(y..y + 1));
            for layer in &layers {
                let [r, g, b] = layer.colour();
                for x in layer.columns(width) {
                    let coverage = layer.coverage(x, y);
                    if coverage > 0 {
                        let number = raster.data[walk.index(x, y)];
                        let shade = row[x as usize].get_or_insert_with(|| self.colour(number));
                        *shade = mixed(*shade, [r, g, b, 255], coverage);
                    }
                }
            }
            if layers.is_empty() {
                continue;
            }
            for (x, shade) in (0..).zip(&mut row) {
                if let Some(shade) = shade.take().and_then(|shade| self.alpha.possible(shade)) {
                    each(&mut raster.data[walk.index(x, y)], shade);
                }
            }
        }
    }

    /// The number of the colour that is most like `shade`, and by how much a channel differs.
    fn nearest(&self, shade: Rgba) -> (u8, u8) {
        let distances = self.colours.iter().map(|colour| distance(*colour, shade));
        let nearest = (0..=u8::MAX)
            .zip(distances)
            .min_by_key(|(_, distance)| *distance);
        nearest.map_or((0, u8::MAX), |(number, (_, worst))| (number, worst))
    }
}

impl Alpha {
    /// What there is of `shade`: nothing, if it is rather transparent than not.
    fn possible(self, shade: Rgba) -> Option<Rgba> {
        let [r, g, b, a] = shade;
        match self {
            Self::Graded => Some(shade),
            Self::AllOrNothing => (a > 127).then_some([r, g, b, 255]),
        }
    }
}

/// Which numbers are in use, and which shades are wanted how often.
struct Survey {
    pixels: [u64; MOST],
    shades: HashMap<Rgba, u64>,
}

impl Survey {
    fn of(raster: &Raster) -> Self {
        let mut pixels = [0; MOST];
        for &number in &raster.data {
            pixels[usize::from(number)] += 1;
        }
        Self {
            pixels,
            shades: HashMap::new(),
        }
    }

    /// A pixel with this number will have this shade.
    fn take(&mut self, number: u8, shade: Rgba) {
        self.pixels[usize::from(number)] -= 1;
        if let Some(count) = self.shades.get_mut(&shade) {
            *count += 1;
        } else if self.shades.len() < MOST_SHADES {
            self.shades.insert(shade, 1);
        }
    }

    /// A palette with as many of the wanted shades as there is room for, the most frequent
    /// first, and their numbers.
    fn allocate(&self, palette: &Palette) -> (Palette, HashMap<Rgba, u8>) {
        let is_used = |number: u8| self.pixels[usize::from(number)] > 0;
        let mut numbers: HashMap<Rgba, u8> = (0..=u8::MAX)
            .filter(|&number| is_used(number))
            .map(|number| (palette.colour(number), number))
            .collect();
        let mut wanted: Vec<(u64, Rgba)> = self
            .shades
            .iter()
            .filter(|(shade, _)| !numbers.contains_key(*shade))
            .map(|(shade, count)| (*count, *shade))
            .collect();
        wanted.sort_unstable_by(|one, other| other.cmp(one));
        let last_used = (0..=u8::MAX).rev().find(|&number| is_used(number));
        let mut colours = palette.colours.clone();
        let least = last_used.map_or(1, |number| usize::from(number) + 1);
        let missing = least.saturating_sub(colours.len());
        colours.extend(std::iter::repeat_n([0, 0, 0, 255], missing));
        let free = (0..=u8::MAX).filter(|&number| !is_used(number));
        for ((_, shade), number) in wanted.into_iter().zip(free) {
            match colours.get_mut(usize::from(number)) {
                Some(colour) => *colour = shade,
                None => colours.push(shade),
            }
            numbers.insert(shade, number);
        }
        let wider = Palette {
            colours,
            ..palette.clone()
        };
        (wider, numbers)
    }
}

/// How a sheet can be laid over a picture with a palette.
pub(super) struct Laid {
    before: Palette,
    after: Palette,
    numbers: HashMap<Rgba, u8>,
    /// Whether there is a colour for everything, or one that nobody can tell from it.
    pub(super) looks_right: bool,
}

impl Laid {
    /// Does it, each shade in the nearest colour there is.
    pub(super) fn apply(
        mut self,
        sheet: &Sheet,
        raster: &mut Raster,
        orientation: Orientation,
    ) -> Palette {
        let (numbers, after) = (&mut self.numbers, &self.after);
        self.before
            .each_drawn(sheet, raster, orientation, |number, shade| {
                *number = *numbers
                    .entry(shade)
                    .or_insert_with(|| after.nearest(shade).0);
            });
        self.after
    }

    pub(super) fn may_expand(&self) -> bool {
        self.before.may_expand
    }

    /// Leaves it: turns numbers into colours, without the sheet.
    pub(super) fn expand(self, raster: &mut Raster) {
        let colours: [Rgba; MOST] = std::array::from_fn(|number| {
            self.before.colour(u8::try_from(number).unwrap_or(u8::MAX))
        });
        let is_opaque = raster
            .data
            .iter()
            .all(|&number| colours[usize::from(number)][3] == 255);
        raster.space = if is_opaque { Space::Rgb } else { Space::Rgba };
        let channels = raster.space.channels();
        let mut data = Vec::with_capacity(raster.data.len() * channels);
        for &number in &raster.data {
            data.extend_from_slice(&colours[usize::from(number)][..channels]);
        }
        raster.data = data;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a mixture is never wider than what is mixed"
)]
fn mixed(under: Rgba, over: Rgba, coverage: u8) -> Rgba {
    std::array::from_fn(|channel| mix(under[channel].into(), over[channel].into(), coverage) as u8)
}

/// The sum of the squares, and the worst, of the differences.
fn distance(one: Rgba, other: Rgba) -> (u32, u8) {
    let differences: [u8; 4] = std::array::from_fn(|channel| one[channel].abs_diff(other[channel]));
    let squares = differences.iter().map(|&by| u32::from(by).pow(2)).sum();
    let worst = differences.into_iter().max().unwrap_or(0);
    (squares, worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Depth;

    const AMBER: [u8; 3] = [255, 176, 0];

    fn raster(data: Vec<u8>) -> Raster {
        Raster {
            space: Space::Grey,
            depth: Depth::Eight,
            width: u32::try_from(data.len()).unwrap(),
            height: 1,
            data,
        }
    }

    /// Columns 2 and 3 in amber, column 4 half so.
    fn sheet(width: u32) -> Sheet {
        let mut sheet = Sheet::new(width, 1);
        sheet.fill(2..4, 0..1, AMBER, 255);
        sheet.fill(4..5, 0..1, AMBER, 128);
        sheet
    }

    fn greys(count: u16) -> Vec<Rgba> {
        (0..count)
            .map(|grey| u8::try_from(grey).unwrap())
            .map(|grey| [grey, grey, grey, 255])
            .collect()
    }

    fn lay(colours: Vec<Rgba>, alpha: Alpha, data: Vec<u8>) -> (bool, Palette, Vec<u8>) {
        let mut raster = raster(data);
        let sheet = sheet(raster.width);
        let laid =
            Palette::new(colours, alpha, true).lay(&sheet, &mut raster, Orientation::Upright);
        let looks_right = laid.looks_right;
        let palette = laid.apply(&sheet, &mut raster, Orientation::Upright);
        (looks_right, palette, raster.data)
    }

    #[test]
    fn new_colours_come_behind_the_old_ones() {
        let (looks_right, palette, data) =
            lay(greys(3), Alpha::Graded, vec![0, 1, 2, 1, 0, 2, 1, 0]);
        assert!(looks_right);
        assert_eq!(data, [0, 1, 3, 3, 4, 2, 1, 0]);
        assert_eq!(palette.colours()[3], [255, 176, 0, 255]);
        assert_eq!(palette.colours()[4], [128, 88, 0, 255]);
    }

    #[test]
    fn unused_numbers_are_used_first() {
        // Number 2 is only where something is drawn, 5 nowhere.
        let (looks_right, palette, data) = lay(greys(6), Alpha::Graded, vec![0, 1, 2, 2, 3, 4]);
        assert!(looks_right);
        assert_eq!(data, [0, 1, 2, 2, 3, 4]);
        assert_eq!(palette.colours().len(), 6);
        assert_eq!(palette.colours()[2], [255, 176, 0, 255]);
        assert_eq!(palette.colours()[3], [129, 90, 1, 255]);
    }

    #[test]
    fn a_full_palette_gives_what_is_nearest() {
        let data: Vec<u8> = (0..=255).chain([7]).collect();
        let (looks_right, palette, after) = lay(
            greys(256),
            Alpha::Graded,
            [vec![0; 5], data.clone()].concat(),
        );
        assert!(!looks_right, "there is no amber among greys");
        assert_eq!(after[5..], data, "what is not drawn upon stays");
        assert_eq!(palette.colours(), greys(256));
    }

    #[test]
    fn what_does_not_fit_is_expanded() {
        let mut clear = greys(2);
        for (alpha, space, expected) in [
            (255, Space::Rgb, &[0, 0, 0, 1, 1, 1, 0, 0, 0][..]),
            (9, Space::Rgba, &[0, 0, 0, 255, 1, 1, 1, 9, 0, 0, 0, 255]),
        ] {
            clear[1][3] = alpha;
            let mut raster = raster(vec![0, 1, 9]);
            let sheet = Sheet::new(3, 1);
            let palette = Palette::new(clear.clone(), Alpha::Graded, true);
            let laid = palette.lay(&sheet, &mut raster, Orientation::Upright);
            laid.expand(&mut raster);
            assert_eq!((raster.space, raster.data.as_slice()), (space, expected));
        }
    }

    #[test]
    fn without_half_transparent_colours_a_half_covered_clear_pixel_is_covered_or_clear() {
        let colours = vec![[9, 9, 9, 0], [9, 9, 9, 255]];
        let (_, palette, data) = lay(colours, Alpha::AllOrNothing, vec![0; 6]);
        let shown: Vec<Rgba> = data.iter().map(|&number| palette.colour(number)).collect();
        assert_eq!(shown[1], [9, 9, 9, 0]);
        assert_eq!(shown[2], [255, 176, 0, 255]);
        assert_eq!(shown[4], [132, 93, 4, 255]);
    }
}
