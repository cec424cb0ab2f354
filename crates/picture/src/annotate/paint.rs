//! Puts a plan onto a sheet.

use super::boxes::FaceBox;
use super::{Area, Colour, Plan, Plate, palette};
use crate::Sheet;

/// How dark the thin lines beside a box are, 255 being opaque.
const HALO: u8 = 150;

pub(super) fn paint(sheet: &mut Sheet, plan: &Plan) {
    for face_box in &plan.boxes {
        paint_box(sheet, face_box);
    }
    for plate in plan.labels.iter().chain(&plan.banner) {
        paint_plate(sheet, plate);
    }
}

fn paint_box(sheet: &mut Sheet, face_box: &FaceBox) {
    let FaceBox {
        area,
        stroke,
        halo,
        colour,
    } = face_box;
    frame(sheet, &grown(area, *halo), *halo, palette::DARK, HALO);
    frame(sheet, &grown(area, -stroke), *halo, palette::DARK, HALO);
    frame(sheet, area, *stroke, *colour, 255);
}

fn grown(area: &Area, by: i32) -> Area {
    Area::new(
        area.left - by,
        area.top - by,
        area.width + 2 * by,
        area.height + 2 * by,
    )
}

/// Four lines inwards from the edge of `area`.
fn frame(sheet: &mut Sheet, area: &Area, stroke: i32, colour: Colour, coverage: u8) {
    if stroke < 1 || area.short_side() < 1 {
        return;
    }
    let stroke = stroke.min((area.short_side() + 1) / 2);
    let inner = area.height - 2 * stroke;
    let sides = [
        Area {
            height: stroke,
            ..*area
        },
        Area {
            top: area.bottom() - stroke,
            height: stroke,
            ..*area
        },
        Area {
            top: area.top + stroke,
            height: inner,
            width: stroke,
            ..*area
        },
        Area {
            top: area.top + stroke,
            height: inner,
            left: area.right() - stroke,
            width: stroke,
        },
    ];
    for side in sides {
        fill(sheet, &side, colour, coverage);
    }
}

fn paint_plate(sheet: &mut Sheet, plate: &Plate) {
    let area = &plate.area;
    fill(sheet, area, plate.ground, 255);
    let (columns, rows) = (area.left..area.right(), area.top..area.bottom());
    let (across, down) = plate.lettering.padding();
    let step = plate.lettering.height() + plate.lettering.leading();
    sheet.stamp(columns, rows, plate.ink, |dot| {
        for (line, text) in (0..).zip(&plate.lines) {
            let (left, top) = (area.left + across, area.top + down + line * step);
            plate.lettering.draw(text, left, top, &mut *dot);
        }
    });
}

fn fill(sheet: &mut Sheet, area: &Area, colour: Colour, coverage: u8) {
    sheet.fill(
        area.left..area.right(),
        area.top..area.bottom(),
        colour,
        coverage,
    );
}
