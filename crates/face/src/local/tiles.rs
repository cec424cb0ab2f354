//! Parts of a large picture that are looked at one by one, so that memory does not grow with it.

/// Pixels along each side of a tile at most.
pub(super) const SIDE: u32 = 640;

/// Pixels that neighbours share at least: a face cut by the edge of one tile is whole in another.
const OVERLAP: u32 = 96;

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The tiles that cover a picture.
pub(super) fn tiles(width: u32, height: u32) -> Vec<Tile> {
    let columns = starts(width);
    let rows = starts(height);
    let tile = |left: u32, top: u32| Tile {
        left,
        top,
        width: width.min(SIDE),
        height: height.min(SIDE),
    };
    rows.iter()
        .flat_map(|&top| columns.iter().map(move |&left| tile(left, top)))
        .collect()
}

/// Where tiles begin along a side of `length` pixels, evenly spaced.
fn starts(length: u32) -> Vec<u32> {
    let Some(spare) = length.checked_sub(SIDE) else {
        return vec![0];
    };
    let steps = spare.div_ceil(SIDE - OVERLAP);
    (0..=steps)
        .map(|step| spare * step / steps.max(1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_side_and_overlap() {
        assert_eq!(starts(1), [0]);
        assert_eq!(starts(640), [0]);
        assert_eq!(starts(641), [0, 1]);
        for length in [1000, 1184, 1185, 1600, 4000] {
            let starts = starts(length);
            assert_eq!(starts.last(), Some(&(length - SIDE)), "{length}");
            let shared = starts.windows(2).map(|pair| pair[0] + SIDE - pair[1]);
            assert!(
                shared.clone().min() >= Some(OVERLAP),
                "{length}: {starts:?}"
            );
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
        assert_eq!(tiles(1600, 1200).len(), 3 * 3);
    }
}
