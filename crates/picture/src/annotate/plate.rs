//! A plate: lines of text on a ground of one colour.

use super::area::Area;
use super::colours::Colour;
use super::lettering::Lettering;

/// Text with the ground behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plate {
    /// All of it, padding included.
    pub(crate) area: Area,
    /// The text, line by line.
    pub(crate) lines: Vec<String>,
    /// How it is written.
    pub(crate) lettering: Lettering,
    /// The ground.
    pub(crate) ground: Colour,
    /// The letters.
    pub(crate) ink: Colour,
}

/// Width and height that `lines` need with their padding.
pub(crate) fn size(lines: &[String], lettering: Lettering) -> (i32, i32) {
    let text = lines
        .iter()
        .map(|line| lettering.width(line))
        .max()
        .unwrap_or(0);
    let count = i32::try_from(lines.len()).unwrap_or(1).max(1);
    let (across, down) = lettering.padding();
    let gaps = (count - 1) * lettering.leading();
    (
        text + 2 * across,
        count * lettering.height() + gaps + 2 * down,
    )
}
