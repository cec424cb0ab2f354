//! a transparent overlay in the size of an upright picture, which is drawn upon by `imageproc` and
//! then laid over the picture.
//!
//! Only the tiles that something is drawn upon take memory. A tile is as large as a block of a JPEG
//! and lies like one, so that a block changes if, and only if, there is a tile for it. The 20 crates
//! that `imageproc` brings along, linear algebra among them, cost build time alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use image::{Pixel as _, Rgba};
use imageproc::drawing::Canvas;

/// Pixels along a side of a tile.
pub(crate) const SIDE: u32 = 8;
const PIXELS: usize = (SIDE * SIDE) as usize;

/// Memory for a tile, in bytes, and for finding it.
pub(crate) const TILE_BYTES: u64 = 4 * PIXELS as u64 + 96;

const CLEAR: Rgba<u8> = Rgba([0; 4]);

/// Colours to be seen above a picture, each with how much of the picture it hides.
#[derive(Debug)]
pub(crate) struct Overlay {
    width: u32,
    height: u32,
    tiles: Vec<Tile>,
    /// Where in `tiles` each is, by its row and its column.
    places: BTreeMap<(u32, u32), usize>,
    /// The tile that was drawn upon last: most pixels follow one of the same tile.
    last: Option<((u32, u32), usize)>,
}

#[derive(Debug)]
enum Tile {
    Even(Rgba<u8>),
    /// Row by row.
    Pixels(Box<[Rgba<u8>; PIXELS]>),
}

/// The pixels of a tile.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, and only at the edge of a picture is it made"
)]
pub(crate) enum Shown<'s> {
    /// All alike.
    Even(Rgba<u8>),
    /// Row by row.
    Each(Cow<'s, [Rgba<u8>; PIXELS]>),
}

impl Overlay {
    /// An empty overlay.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            tiles: Vec::new(),
            places: BTreeMap::new(),
            last: None,
        }
    }

    /// Tiles that something is drawn upon.
    pub(crate) fn tiles(&self) -> u64 {
        self.tiles.len() as u64
    }

    /// Colour and opacity of a pixel. Beyond the edge the overlay goes on as it is at the edge: in
    /// pictures that are padded, the drawing is padded, too.
    pub(crate) fn pixel(&self, x: u32, y: u32) -> Rgba<u8> {
        let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
        let place = (y / SIDE, x / SIDE);
        let tile = match self.last {
            Some((last, at)) if last == place => Some(at),
            _ => self.places.get(&place).copied(),
        };
        tile.map_or(CLEAR, |at| self.tiles[at].pixel(inside(x, y)))
    }

    /// The tile at this place.
    pub(crate) fn shown(&self, column: u32, row: u32) -> Shown<'_> {
        let is_inside = (column + 1) * SIDE <= self.width && (row + 1) * SIDE <= self.height;
        if !is_inside {
            let mut pixels = [CLEAR; PIXELS];
            for (at, pixel) in (0..).zip(&mut pixels) {
                *pixel = self.pixel(column * SIDE + at % SIDE, row * SIDE + at / SIDE);
            }
            return Shown::Each(Cow::Owned(pixels));
        }
        match self.places.get(&(row, column)).map(|&at| &self.tiles[at]) {
            None => Shown::Even(CLEAR),
            Some(Tile::Even(colour)) => Shown::Even(*colour),
            Some(Tile::Pixels(pixels)) => Shown::Each(Cow::Borrowed(pixels)),
        }
    }

    /// Every pixel that something is drawn upon: column, row, sRGB colour, and opacity.
    pub(crate) fn drawn(&self) -> impl Iterator<Item = (u32, u32, [u8; 3], u8)> + '_ {
        self.drawn_in(0..self.height)
    }

    /// The same in these rows, which must be whole rows of tiles.
    pub(crate) fn drawn_in(
        &self,
        rows: Range<u32>,
    ) -> impl Iterator<Item = (u32, u32, [u8; 3], u8)> + '_ {
        let places = (rows.start / SIDE, 0)..(rows.end.div_ceil(SIDE), 0);
        let rows = |row: u32| row * SIDE..((row + 1) * SIDE).min(self.height);
        let columns = |column: u32| column * SIDE..((column + 1) * SIDE).min(self.width);
        self.places
            .range(places)
            .flat_map(move |(&(row, column), &at)| {
                let pixels = rows(row).flat_map(move |y| columns(column).map(move |x| (x, y)));
                let tile = &self.tiles[at];
                pixels.filter_map(move |(x, y)| {
                    let Rgba([r, g, b, opacity]) = tile.pixel(inside(x, y));
                    (opacity > 0).then_some((x, y, [r, g, b], opacity))
                })
            })
    }

    /// Whether anything is drawn in these columns and rows of pixels.
    pub(crate) fn touches(&self, columns: &Range<u32>, rows: &Range<u32>) -> bool {
        let columns = tiles(columns, self.width);
        tiles(rows, self.height).any(|row| {
            let within = (row, columns.start)..(row, columns.end);
            self.places.range(within).next().is_some()
        })
    }

    /// The part of the overlay in these rows of pixels.
    pub(crate) fn strip(&self, rows: &Range<u32>) -> Strip {
        let rows = tiles(rows, self.height);
        let places = self.places.range((rows.start, 0)..(rows.end, 0));
        let mut columns: Vec<u32> = places.map(|(&(_, column), _)| column).collect();
        columns.sort_unstable();
        Strip {
            width: self.width,
            columns,
        }
    }

    /// Covers a tile with an opaque colour; without memory for its pixels.
    pub(crate) fn cover(&mut self, column: u32, row: u32, [r, g, b]: [u8; 3]) {
        let at = self.tile((row, column));
        self.tiles[at] = Tile::Even(Rgba([r, g, b, 255]));
    }

    /// Lays a colour over these columns and rows of pixels. A tile that is covered as a whole takes
    /// no memory for its pixels: boxes and plates of large photos consist of such.
    pub(crate) fn fill(&mut self, columns: &Range<u32>, rows: &Range<u32>, colour: Rgba<u8>) {
        let columns = columns.start..columns.end.min(self.width);
        let rows = rows.start..rows.end.min(self.height);
        if columns.is_empty() || rows.is_empty() || colour == CLEAR {
            return;
        }
        let within = |at: u32, pixels: &Range<u32>| {
            (at * SIDE).max(pixels.start)..((at + 1) * SIDE).min(pixels.end)
        };
        for row in tiles(&rows, self.height) {
            for column in tiles(&columns, self.width) {
                let (xs, ys) = (within(column, &columns), within(row, &rows));
                let at = self.tile((row, column));
                if xs.len() * ys.len() < PIXELS {
                    self.tiles[at].fill(&xs, ys, colour);
                } else {
                    self.tiles[at].cover(colour);
                }
            }
        }
    }

    fn tile(&mut self, place: (u32, u32)) -> usize {
        if let Some((last, at)) = self.last
            && last == place
        {
            return at;
        }
        let at = *self.places.entry(place).or_insert_with(|| {
            self.tiles.push(Tile::Even(CLEAR));
            self.tiles.len() - 1
        });
        self.last = Some((place, at));
        at
    }
}

/// A row of MCUs of a JPEG, as far as the overlay is concerned.
pub(crate) struct Strip {
    width: u32,
    /// Of its tiles, from left to right.
    columns: Vec<u32>,
}

impl Strip {
    /// Whether anything is drawn in these columns of pixels.
    pub(crate) fn touches(&self, columns: &Range<u32>) -> bool {
        let columns = tiles(columns, self.width);
        let first = self.columns.partition_point(|&at| at < columns.start);
        self.columns.get(first).is_some_and(|&at| at < columns.end)
    }

    /// Columns of MCUs, so many pixels wide, that anything is drawn in, some of them several times.
    pub(crate) fn mcu_columns(&self, pixels: u32) -> impl Iterator<Item = u32> + '_ {
        self.columns
            .iter()
            .map(move |column| column * SIDE / pixels)
    }
}

/// Tiles along a side that these pixels lie in; those beyond its end lie where it ends.
fn tiles(pixels: &Range<u32>, side: u32) -> Range<u32> {
    let last = side.saturating_sub(1);
    pixels.start.min(last) / SIDE..pixels.end.saturating_sub(1).min(last) / SIDE + 1
}

/// Where a tile has a pixel.
fn inside(x: u32, y: u32) -> usize {
    (y % SIDE * SIDE + x % SIDE) as usize
}

impl Tile {
    fn pixel(&self, at: usize) -> Rgba<u8> {
        match self {
            Self::Even(colour) => *colour,
            Self::Pixels(pixels) => pixels[at],
        }
    }

    /// Lays a colour over all of it.
    fn cover(&mut self, colour: Rgba<u8>) {
        match self {
            Self::Pixels(pixels) if colour.0[3] < 255 => {
                pixels
                    .iter_mut()
                    .for_each(|pixel| *pixel = over(*pixel, colour));
            }
            Self::Pixels(_) => *self = Self::Even(colour),
            Self::Even(under) => *under = over(*under, colour),
        }
    }

    /// Lays a colour over these columns and rows of it.
    fn fill(&mut self, xs: &Range<u32>, ys: Range<u32>, colour: Rgba<u8>) {
        let mut last = (CLEAR, over(CLEAR, colour));
        let pixels = match self {
            Self::Even(under) if over(*under, colour) == *under => return,
            Self::Even(under) => {
                *self = Self::Pixels(Box::new([*under; PIXELS]));
                return self.fill(xs, ys, colour);
            }
            Self::Pixels(pixels) => pixels,
        };
        for y in ys {
            for pixel in &mut pixels[inside(xs.start, y)..=inside(xs.end - 1, y)] {
                if *pixel != last.0 {
                    last = (*pixel, over(*pixel, colour));
                }
                *pixel = last.1;
            }
        }
        self.settle();
    }

    /// Gives up the pixels if all are alike.
    fn settle(&mut self) {
        if let Self::Pixels(pixels) = self
            && pixels.iter().all(|pixel| *pixel == pixels[0])
        {
            *self = Self::Even(pixels[0]);
        }
    }

    fn set(&mut self, at: usize, pixel: Rgba<u8>) {
        if let Self::Even(colour) = *self {
            if colour == pixel {
                return;
            }
            *self = Self::Pixels(Box::new([colour; PIXELS]));
        }
        if let Self::Pixels(pixels) = self {
            pixels[at] = pixel;
            // Most is drawn row by row, and large letters are even inside.
            if at == PIXELS - 1 {
                self.settle();
            }
        }
    }
}

/// A pixel is mixed with the colour that was drawn there before.
impl Canvas for Overlay {
    type Pixel = Rgba<u8>;

    fn dimensions(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgba<u8> {
        self.pixel(x, y)
    }

    fn draw_pixel(&mut self, x: u32, y: u32, colour: Rgba<u8>) {
        if colour.0[3] == 0 {
            return;
        }
        let at = self.tile((y / SIDE, x / SIDE));
        let under = self.tiles[at].pixel(inside(x, y));
        self.tiles[at].set(inside(x, y), over(under, colour));
    }
}

/// A colour over another one. Where nothing shines through, nothing ever will: the blending of
/// `image` may lose the last bit of opacity.
fn over(mut under: Rgba<u8>, colour: Rgba<u8>) -> Rgba<u8> {
    let is_opaque = under.0[3] == 255;
    under.blend(&colour);
    if is_opaque {
        under.0[3] = 255;
    }
    under
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgba<u8> = Rgba([255, 0, 0, 255]);

    #[test]
    fn only_tiles_that_are_drawn_upon_take_memory() {
        let mut overlay = Overlay::new(1_000_000, 1_000_000);
        for x in 4..20 {
            overlay.draw_pixel(x, 9, RED);
        }
        assert_eq!(overlay.tiles(), 3);
        let drawn: Vec<_> = overlay.drawn().map(|(x, y, ..)| (x, y)).collect();
        assert_eq!(drawn, (4..20).map(|x| (x, 9)).collect::<Vec<_>>());
    }

    #[test]
    fn touched_is_what_has_a_tile() {
        let mut overlay = Overlay::new(100, 50);
        overlay.draw_pixel(99, 49, RED);
        let cases = [
            ("before it", 80..96, 48..56, false),
            ("above it", 96..104, 40..48, false),
            ("there", 96..104, 48..56, true),
            ("a larger unit", 64..128, 32..64, true),
            ("beyond the edge", 104..112, 56..64, true),
        ];
        for (name, columns, rows, expected) in cases {
            assert_eq!(overlay.touches(&columns, &rows), expected, "{name}");
            assert_eq!(overlay.strip(&rows).touches(&columns), expected, "{name}");
        }
        assert_eq!(overlay.pixel(110, 60), RED, "padding repeats the edge");
    }

    #[test]
    fn what_is_filled_is_drawn_pixel_by_pixel_or_tile_by_tile() {
        let colours = [RED, Rgba([0, 0, 255, 128]), Rgba([0, 255, 0, 255])];
        let (mut filled, mut drawn) = (Overlay::new(50, 40), Overlay::new(50, 40));
        for (colour, columns, rows) in [
            (colours[0], 3..30, 5..33),
            (colours[1], 8..24, 0..99),
            (colours[2], 0..17, 16..24),
            (colours[1], 44..99, 0..8),
            (colours[0], 60..70, 0..8),
            (colours[0], 9..9, 0..8),
        ] {
            filled.fill(&columns, &rows, colour);
            for (x, y) in rows.flat_map(|y| columns.clone().map(move |x| (x, y))) {
                if x < 50 && y < 40 {
                    drawn.draw_pixel(x, y, colour);
                }
            }
        }
        assert!(filled.drawn().eq(drawn.drawn()));
        assert!(filled.tiles() == drawn.tiles());
        let even = |overlay: &Overlay| {
            let tiles = overlay.tiles.iter();
            tiles.filter(|tile| matches!(tile, Tile::Even(_))).count()
        };
        assert!(even(&filled) >= 6 && even(&filled) >= even(&drawn));
    }

    #[test]
    fn colours_are_mixed_with_those_beneath() {
        let mut overlay = Overlay::new(9, 9);
        overlay.cover(0, 0, [0, 0, 255]);
        overlay.draw_pixel(1, 1, Rgba([255, 0, 0, 128]));
        assert_eq!(overlay.pixel(0, 0), Rgba([0, 0, 255, 255]));
        let Rgba([red, _, blue, opacity]) = overlay.pixel(1, 1);
        assert!(red.abs_diff(128) <= 2 && blue.abs_diff(127) <= 2 && opacity == 255);
    }
}
