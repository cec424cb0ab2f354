//! Parts of a large picture that are looked at one by one, so that memory does not grow with it.

use image::RgbImage;

use super::candidate::{Candidate, Point};
use super::detection_passes::pixels_of;

/// Pixels along each side of a tile at most.
const SIDE: u32 = 960;

/// Pixels that neighbours share: a face cut by the edge of one tile is whole in another.
const OVERLAP: u32 = 96;

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The tiles that cover a picture, all about as large.
pub(super) fn tiles(width: u32, height: u32) -> Vec<Tile> {
    let columns = spans(width);
    let rows = spans(height);
    let tile = |(left, width), (top, height)| Tile {
        left,
        top,
        width,
        height,
    };
    rows.iter()
        .flat_map(|&row| columns.iter().map(move |&column| tile(column, row)))
        .collect()
}

/// Where tiles begin along a side of `length` pixels, and how long they are.
fn spans(length: u32) -> Vec<(u32, u32)> {
    let count = length
        .saturating_sub(OVERLAP)
        .div_ceil(SIDE - OVERLAP)
        .max(1);
    let own = length.saturating_sub(OVERLAP).div_ceil(count);
    let span = |number| {
        let start = number * own;
        (start, (own + OVERLAP).min(length - start))
    };
    (0..count).map(span).collect()
}

impl Tile {
    pub(super) fn contains(&self, point: Point) -> bool {
        let along = |start: u32, length: u32, at: f32| {
            (pixels_of(start)..pixels_of(start + length)).contains(&at)
        };
        along(self.left, self.width, point.x) && along(self.top, self.height, point.y)
    }

    /// Whether an edge of the tile that is none of the picture cuts a candidate of the tile.
    pub(super) fn cuts(&self, candidate: &Candidate, picture: &RgbImage) -> bool {
        let cuts = |start: u32, side: u32, whole: u32, at: f32, length: f32| {
            (start > 0 && at < 0.0) || (start + side < whole && at + length > pixels_of(side))
        };
        cuts(
            self.left,
            self.width,
            picture.width(),
            candidate.left,
            candidate.width,
        ) || cuts(
            self.top,
            self.height,
            picture.height(),
            candidate.top,
            candidate.height,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_side_and_overlap() {
        for length in [1, 96, 97, 640, 960, 961, 1000, 1184, 1600, 4000, 20_000] {
            let spans = spans(length);
            let end = |&(start, length): &(u32, u32)| start + length;
            assert_eq!(spans.first().map(|it| it.0), Some(0), "{length}");
            assert_eq!(spans.last().map(end), Some(length), "{length}: {spans:?}");
            assert!(
                spans.iter().all(|it| (1..=SIDE).contains(&it.1)),
                "{length}: {spans:?}"
            );
            let mut shared = spans.windows(2).map(|pair| end(&pair[0]) - pair[1].0);
            assert!(shared.all(|it| it >= OVERLAP), "{length}: {spans:?}");
        }
    }

    #[test]
    fn small_pictures_are_one_tile() {
        let whole = Tile {
            left: 0,
            top: 0,
            width: 300,
            height: 200,
        };
        assert_eq!(tiles(300, 200), [whole]);
        assert_eq!(tiles(1600, 1200).len(), 2 * 2);
    }
}
