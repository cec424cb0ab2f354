//! Photos that end too early.

use crate::forge::joints;
use crate::pictures::fixture;

/// Each file cut at each joint, and just before and behind it.
pub(super) fn cut() -> Vec<(String, Vec<u8>)> {
    let names = [
        "420.jpg",
        "progressive.jpg",
        "cmyk.jpg",
        "444-icc.jpg",
        "alpha.png",
        "interlaced-palette.png",
        "grey-16.png",
    ];
    let mut cuts = vec![];
    for name in names {
        let file = fixture(name);
        let mut joints = joints(&file);
        if file.starts_with(b"\x89PNG") {
            joints.pop(); // Without its end, it still has all of its pixels.
        }
        for joint in joints {
            for at in joint - 1..=joint + 5 {
                cuts.push((format!("{name} cut at {at}"), file[..at].to_vec()));
            }
        }
    }
    for name in [
        "lossy.webp",
        "lossless-alpha.webp",
        "24-bit.bmp",
        "palette.bmp",
        "still.gif",
    ] {
        let file = fixture(name);
        for at in (1..20).chain((20..file.len() - 2).step_by(file.len() / 12)) {
            cuts.push((format!("{name} cut at {at}"), file[..at].to_vec()));
        }
    }
    cuts
}
