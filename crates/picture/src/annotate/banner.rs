//! Where the banner goes: along the upper or lower edge, where it hides least.

use super::area::Area;
use super::colours;
use super::lettering::{self, Lettering};
use super::plate::{self, Plate};

/// Places tried along an edge.
const STOPS: i32 = 8;

/// Places the fullest wording that suits the picture. `None` when not even the shortest fits.
pub(crate) fn place(wordings: &[Vec<String>], picture: &Area, faces: &[Area]) -> Option<Plate> {
    let sizes = sizes(picture);
    let mut best: Option<(f64, Plate)> = None;
    for (rank, lines) in (0..).zip(wordings) {
        for (smaller, &lettering) in (0..).zip(&sizes) {
            let Some((hidden, area)) = spot(lines, lettering, picture, faces) else {
                continue;
            };
            let cost = hidden + 0.6 * f64::from(rank) + 0.35 * f64::from(smaller);
            if best.as_ref().is_none_or(|(lowest, _)| cost < *lowest) {
                best = Some((cost, banner(lines.clone(), lettering, area)));
            }
        }
    }
    best.map(|(_, plate)| plate)
}

fn banner(lines: Vec<String>, lettering: Lettering, area: Area) -> Plate {
    Plate {
        area,
        lines,
        lettering,
        ground: colours::DARK,
        ink: colours::LIGHT,
    }
}

/// Heights of letters, the best one first: a 40th of the shorter side, but readable.
fn sizes(picture: &Area) -> Vec<Lettering> {
    lettering::sizes(picture.short_side() / 40, picture)
}

/// The place along the edges that hides least of the faces, and how much that is.
fn spot(
    lines: &[String],
    lettering: Lettering,
    picture: &Area,
    faces: &[Area],
) -> Option<(f64, Area)> {
    let (width, height) = plate::size(lines, lettering);
    let margin = match lettering {
        Lettering::Outline(height) if picture.width > 2 * width => height / 2,
        _ => 0,
    };
    let (room, drop) = (
        picture.width - width - 2 * margin,
        picture.height - height - 2 * margin,
    );
    // On a very low picture the banner must leave something to see.
    if room < 0 || drop < 0 || height * 2 > picture.height {
        return None;
    }
    let tops = [(0.0, margin), (0.3, margin + drop)];
    let places = tops.into_iter().flat_map(|(lower, top)| {
        (0..=STOPS).map(move |stop| {
            let along = f64::from((stop).min(STOPS - stop)) * 0.05;
            (
                lower + along,
                Area::new(margin + room * stop / STOPS, top, width, height),
            )
        })
    });
    places
        .map(|(cost, area)| (cost + hidden(&area, faces), area))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
}

/// How bad it is to cover this much of the faces: shares of each face, and a little for its
/// surroundings, where its label may want to go.
fn hidden(area: &Area, faces: &[Area]) -> f64 {
    faces
        .iter()
        .map(|face| {
            let above = Area {
                top: face.top - face.height / 4,
                height: face.height / 4,
                ..*face
            };
            10.0 * area.overlap(face) / face.pixels()
                + 2.0 * area.overlap(&above) / above.pixels().max(1.0)
        })
        .sum()
}
