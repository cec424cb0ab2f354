//! The sizes in which the detector searches a picture.
//!
//! The detector slides a window of 40 pixels over the picture and finds nothing smaller. So the
//! size decides which faces are found, and what finding them costs. The figures were chosen on
//! two dozen photos, each in sizes from 64 to 5,000 pixels; a group of 29 is found whole in
//! every size from 900 up, with some reserve.

use crate::analysis::Dimensions;

/// Side of the detector's window, in pixels; the smallest face it can find.
pub(super) const WINDOW: f32 = 40.0;

/// The largest window that is looked for in one size of the picture, in that size's pixels.
/// The next size is smaller by [`SHRINK`] and takes over.
pub(super) const MAX_WINDOW: u32 = 98;

/// From one window to the next larger one, 0.8 as the detector's authors have it.
pub(super) const PYRAMID: f32 = 0.8;

/// From one size of the picture to the next: the five steps of the pyramid that lie between
/// windows of 40 and 98 pixels.
const SHRINK: f32 = PYRAMID * PYRAMID * PYRAMID * PYRAMID * PYRAMID;

/// Pixels of the largest size. The smallest face found is then 2.6 % of the geometric mean of
/// the picture's sides, if the picture had that many pixels.
const AREA: f32 = 2_400_000.0;

/// Small pictures are enlarged to find small faces in them: at least by this, ...
pub(super) const MIN_ENLARGEMENT: f32 = 2.5;

/// ... further until the long side has this many pixels, ...
const ENLARGED_SIDE: f32 = 640.0;

/// ... but by no more than this: there is nothing to see in faces of less than 5 pixels.
const MAX_ENLARGEMENT: f32 = 8.0;

/// Keeps the detector's 32-bit sums within their range; only strips are ever that long.
const MAX_SIDE: f32 = 8192.0;

/// A picture whose short side is below this holds no face that the window could match.
const MIN_SIDE: f32 = 30.0;

/// The scale of a picture for the first search.
pub(super) fn working_scale(picture: Dimensions) -> f32 {
    let Dimensions { width, height } = picture;
    let long = to_f32(picture.long_side().max(1));
    let area = to_f32(width.max(1)) * to_f32(height.max(1));
    let wanted = (ENLARGED_SIDE / long).clamp(MIN_ENLARGEMENT, MAX_ENLARGEMENT);
    wanted.min((AREA / area).sqrt()).min(MAX_SIDE / long)
}

/// The scales of all searches of a picture of this size, largest first. None for a picture too
/// narrow for any face.
pub(super) fn scales(picture: Dimensions) -> impl Iterator<Item = f32> {
    let short = to_f32(picture.short_side());
    std::iter::successors(Some(working_scale(picture)), |scale| Some(scale * SHRINK))
        .take_while(move |scale| scale * short >= MIN_SIDE)
}

/// The size of a picture after scaling.
pub(super) fn scaled(picture: Dimensions, scale: f32) -> Dimensions {
    Dimensions {
        width: to_pixels(to_f32(picture.width) * scale),
        height: to_pixels(to_f32(picture.height) * scale),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths are positive and no longer than `MAX_SIDE` allows"
)]
fn to_pixels(length: f32) -> u32 {
    length.round().max(1.0) as u32
}

/// Sides of pictures are far below the 2^24 that a float holds exactly; beyond, the nearest
/// float is as good.
#[expect(clippy::cast_precision_loss, reason = "see the function's description")]
pub(super) fn to_f32(pixels: u32) -> f32 {
    pixels as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pictures_are_searched_in_these_sizes() {
        let cases = [
            (
                "thumbnail",
                (64, 64),
                vec![(512, 512), (168, 168), (55, 55)],
            ),
            ("small", (320, 240), vec![(800, 600), (262, 197), (86, 64)]),
            (
                "portrait",
                (512, 512),
                vec![(1280, 1280), (419, 419), (137, 137), (45, 45)],
            ),
            (
                "group",
                (1666, 1136),
                vec![(1876, 1279), (615, 419), (201, 137), (66, 45)],
            ),
            (
                "50 megapixels",
                (8660, 5773),
                vec![(1897, 1265), (622, 414), (204, 136), (67, 45)],
            ),
            ("strip", (60_000, 300), vec![(8192, 41)]),
            ("hair", (60_000, 2), vec![]),
            ("dot", (1, 1), vec![]),
            ("nothing", (0, 0), vec![]),
        ];
        for (name, picture, expected) in cases {
            let picture = Dimensions::from(picture);
            let sizes = scales(picture).map(|scale| scaled(picture, scale));
            let sizes: Vec<_> = sizes.map(|size| (size.width, size.height)).collect();
            assert_eq!(sizes, expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_search_is_larger_than_allowed(width in 0..200_000_u32, height in 0..200_000_u32) {
            let picture = Dimensions { width, height };
            for scale in scales(picture) {
                let size = scaled(picture, scale);
                let area = u64::from(size.width) * u64::from(size.height);
                prop_assert!(area <= 2_410_000, "{size:?}");
                prop_assert!(size.long_side() <= 8192, "{size:?}");
            }
        }
    }
}
