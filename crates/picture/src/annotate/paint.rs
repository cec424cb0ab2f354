//! Draws boxes and plates on an overlay.

use image::Rgba;

use super::area::Area;
use super::boxes::FaceBox;
use super::colours::{self, Colour};
use super::plate::Plate;
use crate::overlay::Overlay;

/// How dark the thin lines beside a box are, 255 being opaque.
const HALO: u8 = 150;

pub(crate) fn paint_box(overlay: &mut Overlay, face_box: &FaceBox) {
    let FaceBox {
        area,
        stroke,
        halo,
        colour,
    } = face_box;
    frame(overlay, &area.grown(*halo), *halo, colours::DARK, HALO);
    frame(overlay, &area.grown(-stroke), *halo, colours::DARK, HALO);
    frame(overlay, area, *stroke, *colour, 255);
}

/// Four lines inwards from the edge of `area`.
fn frame(overlay: &mut Overlay, area: &Area, stroke: i32, colour: Colour, opacity: u8) {
    for side in sides(area, stroke) {
        fill(overlay, &side, colour, opacity);
    }
}

/// The lines of a frame: each pixel of it lies in one of them.
pub(crate) fn sides(area: &Area, stroke: i32) -> [Area; 4] {
    let stroke = stroke.min((area.short_side() + 1) / 2);
    let inner = area.height - 2 * stroke;
    let (last_column, last_row) = (area.right() - stroke, area.bottom() - stroke);
    [
        Area::new(area.left, area.top, area.width, stroke),
        Area::new(area.left, last_row, area.width, stroke),
        Area::new(area.left, area.top + stroke, stroke, inner),
        Area::new(last_column, area.top + stroke, stroke, inner),
    ]
}

pub(crate) fn paint_plate(overlay: &mut Overlay, plate: &Plate) {
    let Plate {
        area, lettering, ..
    } = plate;
    fill(overlay, area, plate.ground, 255);
    let (across, down) = lettering.padding();
    let step = lettering.height() + lettering.leading();
    for (line, text) in (0..).zip(&plate.lines) {
        let corner = (area.left + across, area.top + down + line * step);
        lettering.write(overlay, text, corner, plate.ink);
    }
}

fn fill(overlay: &mut Overlay, area: &Area, [r, g, b]: Colour, opacity: u8) {
    let side = |at: i32| u32::try_from(at).unwrap_or(0);
    let columns = side(area.left)..side(area.right());
    let rows = side(area.top)..side(area.bottom());
    overlay.fill(&columns, &rows, Rgba([r, g, b, opacity]));
}
