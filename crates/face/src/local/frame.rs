//! The black frame that keeps the detector inside its memory.
//!
//! `rustface` refines a window in two steps, each of which may move it, and then copies the
//! window's pixels out of the picture without checking that it still begins inside: for a window
//! that begins right of or below the picture it would write outside its buffer. (Left and top
//! are checked.) Whether there is a picture that makes it do so is not known; photos of
//! strangers are no place to find out.
//!
//! A frame makes it impossible. A step moves a window of side w by at most 1.5 w to the right
//! and makes it at most twice as large, because both come out of a sigmoid. The first windows
//! overlap the picture, for a uniform window is never accepted. So do those that are refined a
//! second time: the model's networks give a uniform window 0.00, 0.00 and 0.23, and 0.50 is
//! needed. Hence every window begins at most 3 w from the picture, w being the largest side of a
//! first window. The trailing edges of the frame are that wide, and black, because beyond the
//! frame the detector continues with black.
//!
//! The leading edges serve faces that the picture cuts off, and keep the windows in the first
//! rows and columns dark: there the detector subtracts sums that may have wrapped around.

use image::GrayImage;

/// Pixels of the frame left of and above the picture.
pub(super) const LEADING: u32 = 56;

/// Pixels of the frame right of and below the picture.
pub(super) const TRAILING: u32 = 304;

/// The picture in its frame.
pub(super) fn framed(picture: &GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let mut framed = GrayImage::new(width + LEADING + TRAILING, height + LEADING + TRAILING);
    let skipped = usize_of(LEADING);
    let rows = framed.rows_mut().skip(skipped).zip(picture.rows());
    for (to, from) in rows {
        for (to, from) in to.skip(skipped).zip(from) {
            *to = *from;
        }
    }
    framed
}

fn usize_of(pixels: u32) -> usize {
    usize::try_from(pixels).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::super::scale::{MAX_WINDOW, WINDOW, to_f32};
    use super::*;

    #[test]
    fn trailing_edges_are_as_wide_as_three_windows() {
        // The detector rounds the side up by half a pixel, and each step likewise.
        let largest = WINDOW / (WINDOW / to_f32(MAX_WINDOW)) + 0.5;
        assert!(to_f32(TRAILING) >= 3.0 * largest + 4.0);
    }

    #[test]
    fn picture_sits_inside_the_frame() {
        let framed = framed(&GrayImage::from_pixel(3, 2, Luma([200])));
        assert_eq!(framed.dimensions(), (363, 362));
        let lit: Vec<_> = framed
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel[0] == 200)
            .collect();
        assert_eq!(lit.len(), 6);
        assert!(
            lit.iter()
                .all(|(x, y, _)| (56..59).contains(x) && (56..58).contains(y))
        );
    }
}
