//! The colours. Amber, blue and mint differ in brightness as well, for people who do not see all
//! colours. Dark text on each has a contrast of at least 6 to 1.

use face::{Face, Gender};

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

/// Text on a coloured plate, and the thin lines that set a box off from any background.
pub(crate) const DARK: Colour = [16, 16, 20];
/// Text on a dark plate.
pub(crate) const LIGHT: Colour = [255, 255, 255];

/// One colour per gender, and one for faces of which it is not known.
pub(crate) fn of(face: &Face) -> Colour {
    match face.gender {
        Some(Gender::Female) => [255, 176, 0],
        Some(Gender::Male) => [92, 160, 255],
        None => [61, 220, 151],
    }
}
