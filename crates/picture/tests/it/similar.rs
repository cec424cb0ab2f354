//! Lossy pictures that are coded again look like their source.

use std::path::Path;

use image::{GrayImage, RgbImage};

use crate::patches::drawn;
use crate::pictures::{annotated, fixture, open, somebody};

/// Pixels along a side of a window.
const WINDOW: u32 = 8;

/// Structural similarity (SSIM) in thousandths: the mean of all windows that nothing is drawn upon or
/// next to, of which every other one overlaps.
pub(crate) fn similarity(one: &GrayImage, other: &GrayImage, drawn: &RgbImage) -> u32 {
    let (mut sum, mut count) = (0.0, 0.0);
    for top in (0..one.height().saturating_sub(WINDOW - 1)).step_by(4) {
        for left in (0..one.width().saturating_sub(WINDOW - 1)).step_by(4) {
            let reach = |at: u32, side: u32| at.saturating_sub(8)..(at + WINDOW + 8).min(side);
            let mut near = reach(top, one.height())
                .flat_map(|y| reach(left, one.width()).map(move |x| (x, y)));
            if near.any(|(x, y)| drawn.get_pixel(x, y).0 != [0; 3]) {
                continue;
            }
            sum += window(one, other, left, top);
            count += 1.0;
        }
    }
    if count < 1.0 {
        return 1000;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1000"
    )]
    let thousandths = (1000.0 * sum / count).max(0.0) as u32;
    thousandths
}

fn window(one: &GrayImage, other: &GrayImage, left: u32, top: u32) -> f64 {
    let (mut x, mut y, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (column, row) in (0..WINDOW).flat_map(|row| (0..WINDOW).map(move |column| (column, row))) {
        let a = f64::from(one.get_pixel(left + column, top + row)[0]);
        let b = f64::from(other.get_pixel(left + column, top + row)[0]);
        (x, y, xx, yy, xy) = (x + a, y + b, xx + a * a, yy + b * b, xy + a * b);
    }
    let count = f64::from(WINDOW * WINDOW);
    let (x, y) = (x / count, y / count);
    let (xx, yy, xy) = (xx / count - x * x, yy / count - y * y, xy / count - x * y);
    let (c1, c2) = (6.5025, 58.5225);
    (2.0 * x * y + c1) * (2.0 * xy + c2) / ((x * x + y * y + c1) * (xx + yy + c2))
}

/// A lossy WebP of a photo that is made smaller.
fn coded(side: u32, quality: f32) -> Vec<u8> {
    coded_by(4, side, quality)
}

/// The same, with so much effort, 0 to 6.
fn coded_by(effort: i32, side: u32, quality: f32) -> Vec<u8> {
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/astronaut.jpg");
    let photo = image::open(photo)
        .unwrap()
        .thumbnail(side, side)
        .into_rgb8();
    let encoder = webp::Encoder::from_rgb(&photo, photo.width(), photo.height());
    let mut config = webp::WebPConfig::new().unwrap();
    (config.quality, config.method) = (quality, effort);
    encoder.encode_advanced(&config).unwrap().to_vec()
}

/// Beside what the drawing itself takes.
#[test]
fn a_lossy_webp_looks_the_same_and_is_hardly_larger() {
    for (name, file) in [
        ("at 75", fixture("lossy-75.webp")),
        ("large, coarse", coded(512, 20.0)),
        ("large, at 50", coded(512, 50.0)),
        ("large, at 75", coded(512, 75.0)),
        ("large, fine", coded(512, 92.0)),
        ("large, at 30, without effort", coded_by(0, 512, 30.0)),
        ("small, coarse", coded(200, 20.0)),
        ("small, at 75", coded(200, 75.0)),
    ] {
        let (width, height) = open(&file).unwrap().header().dimensions();
        let face = [somebody(width / 3, height / 3, width / 6)];
        let result = annotated(&file, &face).unwrap();
        let [before, after] =
            [&file, &result].map(|file| image::load_from_memory(file).unwrap().into_luma8());
        let drawn = drawn(width, height, &face);
        let likeness = similarity(&before, &after, &drawn);
        assert!(likeness >= 980, "{name}: {likeness}");
        let (was, is) = (file.len(), result.len());
        assert!(10 * is <= 13 * was + 40_960, "{name}: {is} bytes for {was}");
    }
}
