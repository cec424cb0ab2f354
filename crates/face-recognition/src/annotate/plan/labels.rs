//! Where labels go: each tries a handful of places around its face and takes the one that
//! hides least, then all try again, knowing where the others ended up.

use crate::annotate::boxes::FaceBox;
use crate::annotate::label::Label;
use crate::annotate::{Area, Lettering, Plate, lettering, palette, plate};

/// Rounds of trying. More than three change nothing on any group picture at hand.
const ROUNDS: usize = 3;

/// Beyond this many faces one round has to do: the work grows with their square.
const CROWD: usize = 300;

/// Places a label for every face that has room for one.
pub(super) fn place(
    texts: &[Label],
    boxes: &[FaceBox],
    banner: Option<&Plate>,
    picture: &Area,
) -> Vec<Plate> {
    let scene = Scene {
        texts,
        boxes,
        banner: banner.map(|plate| plate.area),
        picture: *picture,
    };
    let placed = scene.settle(Wording::Any);
    let short = placed
        .iter()
        .flatten()
        .filter(|choice| choice.short)
        .count();
    // Some in full and some abbreviated look like a mistake.
    let placed = if short * 4 > texts.len() {
        scene.settle(Wording::Short)
    } else {
        placed
    };
    placed
        .into_iter()
        .flatten()
        .map(|choice| choice.plate)
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wording {
    Any,
    Short,
}

struct Choice {
    plate: Plate,
    short: bool,
    cost: f64,
}

struct Scene<'a> {
    texts: &'a [Label],
    boxes: &'a [FaceBox],
    banner: Option<Area>,
    picture: Area,
}

impl Scene<'_> {
    fn settle(&self, wording: Wording) -> Vec<Option<Choice>> {
        let mut placed: Vec<Option<Choice>> = self.boxes.iter().map(|_| None).collect();
        let rounds = if self.boxes.len() > CROWD { 1 } else { ROUNDS };
        for _ in 0..rounds {
            for index in 0..self.boxes.len() {
                placed[index] = None;
                placed[index] = self.choose(index, wording, &placed);
            }
        }
        placed
    }

    fn choose(&self, index: usize, wording: Wording, placed: &[Option<Choice>]) -> Option<Choice> {
        let label = &self.texts[index];
        let wordings = [(&label.full, false), (&label.short, true)];
        let mut best: Option<Choice> = None;
        for (text, short) in wordings
            .into_iter()
            .skip(usize::from(wording == Wording::Short))
        {
            for (smaller, lettering) in (0..).zip(self.sizes(text, &self.boxes[index].area)) {
                let lines = [text.clone()];
                let size = plate::size(&lines, lettering);
                for (rank, area) in places(&self.boxes[index].area, size, &self.picture) {
                    let form = if short { 1.0 } else { 0.0 } + 0.4 * f64::from(smaller);
                    let cost = rank + form + self.harm(index, &area, placed);
                    if best.as_ref().is_none_or(|best| cost < best.cost) {
                        let plate = Plate {
                            area,
                            lines: lines.to_vec(),
                            lettering,
                            ground: self.boxes[index].colour,
                            ink: palette::DARK,
                        };
                        best = Some(Choice { plate, short, cost });
                    }
                }
            }
        }
        best
    }

    /// Heights of letters for a label: as wide as its face, but readable, then smaller.
    fn sizes(&self, text: &str, face: &Area) -> Vec<Lettering> {
        let (wide, _) = plate::size(&[text.to_owned()], Lettering::of_height(100));
        let as_wide = i64::from(face.width) * 100 / i64::from(wide.max(1));
        let most = (self.picture.short_side() / 24).min(face.height / 5);
        lettering::sizes(
            i32::try_from(as_wide).unwrap_or(most).min(most),
            &self.picture,
        )
    }

    /// What a label there would hide: faces of others above all, other labels, its own face.
    fn harm(&self, index: usize, area: &Area, placed: &[Option<Choice>]) -> f64 {
        let own = &self.boxes[index].area;
        let neighbours = self
            .boxes
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        let faces: f64 = neighbours
            .map(|(_, face)| 25.0 * area.overlap(&face.area) / face.area.pixels())
            .sum();
        let plates: f64 = placed
            .iter()
            .flatten()
            .map(|other| 60.0 * area.overlap(&other.plate.area) / area.pixels())
            .sum();
        let banner = self
            .banner
            .map_or(0.0, |banner| 80.0 * area.overlap(&banner) / area.pixels());
        faces + plates + banner + 6.0 * area.overlap(own) / own.pixels()
    }
}

/// Places around a face that lie inside the picture, each with how much it is disliked.
fn places(face: &Area, (width, height): (i32, i32), picture: &Area) -> Vec<(f64, Area)> {
    let starts = [
        face.left,
        face.left + (face.width - width) / 2,
        face.right() - width,
    ];
    let rows = [
        (0.0, face.top - height),
        (0.5, face.bottom()),
        (0.9, face.bottom() - height),
        (1.0, face.top),
    ];
    let mut places: Vec<_> = rows
        .into_iter()
        .flat_map(|(rank, top)| {
            [0.0, 0.1, 0.15]
                .into_iter()
                .zip(starts)
                .map(move |(aside, left)| {
                    (
                        rank + aside,
                        Area::new(left, top, width, height).pushed_into(picture),
                    )
                })
        })
        .collect();
    let beside = [face.right(), face.left - width];
    places.extend(beside.map(|left| (0.8, Area::new(left, face.top, width, height))));
    places.retain(|(_, area)| picture.holds(area));
    places
}
