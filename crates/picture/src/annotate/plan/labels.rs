//! Where labels go: each tries a handful of places around its face and takes the one that
//! hides least, then all try again, knowing where the others ended up.
//!
//! The work grows with the number of labels alone, wherever the faces are: a label looks at a
//! bounded number of others, and a bounded number of faces gets labels.

use crate::annotate::area::Area;
use crate::annotate::boxes::FaceBox;
use crate::annotate::colours;
use crate::annotate::label::Label;
use crate::annotate::lettering::{self, Lettering};
use crate::annotate::plate::{self, Plate};

/// Rounds of trying. More than three change nothing on any group picture at hand.
const ROUNDS: usize = 3;

/// Faces, and labels, that a label keeps clear of. No label has that many around it unless
/// faces lie upon each other, and then it makes no difference which of them are hidden.
const NEIGHBOURS: usize = 64;

/// Places a label for every face that has room for one.
pub(crate) fn place(
    marked: &[(Label, FaceBox)],
    boxes: &[FaceBox],
    banner: Option<&Plate>,
    picture: &Area,
) -> Vec<Plate> {
    let surroundings = Surroundings {
        boxes,
        banner: banner.map(|plate| plate.area),
        picture: *picture,
    };
    let subjects = surroundings.subjects(marked);
    let placed = settle(&subjects, Wording::Any);
    let short = placed
        .iter()
        .flatten()
        .filter(|candidate| candidate.short)
        .count();
    // Some in full and some abbreviated look like a mistake.
    let placed = if short * 4 > marked.len() {
        settle(&subjects, Wording::Short)
    } else {
        placed
    };
    marked
        .iter()
        .zip(placed)
        .filter_map(|((label, face), candidate)| Some(candidate?.plate(label, face)))
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wording {
    Any,
    Short,
}

/// A label that is to be placed.
#[derive(Default)]
struct Subject {
    candidates: Vec<Candidate>,
    /// The numbers of the labels that may meet this one.
    rivals: Vec<usize>,
}

/// A place for a label, and a way to write it.
struct Candidate {
    area: Area,
    lettering: Lettering,
    short: bool,
    /// How much it is disliked, wherever the other labels are.
    cost: f64,
}

impl Candidate {
    fn plate(&self, label: &Label, face: &FaceBox) -> Plate {
        let text = if self.short {
            &label.short
        } else {
            &label.full
        };
        Plate {
            area: self.area,
            lines: vec![text.clone()],
            lettering: self.lettering,
            ground: face.colour,
            ink: colours::DARK,
        }
    }
}

/// The areas that all labels keep clear of.
struct Surroundings<'a> {
    boxes: &'a [FaceBox],
    banner: Option<Area>,
    picture: Area,
}

impl Surroundings<'_> {
    fn subjects(&self, marked: &[(Label, FaceBox)]) -> Vec<Subject> {
        let mut subjects: Vec<Subject> = marked
            .iter()
            .map(|(label, face)| Subject {
                candidates: self.candidates(label, &face.area),
                rivals: Vec::new(),
            })
            .collect();
        let reaches: Vec<Option<Area>> = subjects.iter().map(reach).collect();
        for (number, subject) in subjects.iter_mut().enumerate() {
            let Some(own) = reaches[number] else { continue };
            let near = |other: &usize| {
                *other != number && reaches[*other].is_some_and(|reach| reach.meets(&own))
            };
            subject.rivals = (0..marked.len()).filter(near).take(NEIGHBOURS).collect();
        }
        subjects
    }

    fn candidates(&self, label: &Label, face: &Area) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (text, short) in [(&label.full, false), (&label.short, true)] {
            for (smaller, lettering) in (0..).zip(self.sizes(text, face)) {
                let form = if short { 1.0 } else { 0.0 } + 0.4 * f64::from(smaller);
                let size = plate::size(std::slice::from_ref(text), lettering);
                candidates.extend(places(face, size, &self.picture).map(|(rank, area)| {
                    Candidate {
                        area,
                        lettering,
                        short,
                        cost: form + rank,
                    }
                }));
            }
        }
        let neighbours = self.neighbours(face, &candidates);
        for candidate in &mut candidates {
            candidate.cost += self.harm(&candidate.area, face, &neighbours);
        }
        candidates
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

    /// Faces of others that one of these places would hide a part of.
    fn neighbours(&self, face: &Area, candidates: &[Candidate]) -> Vec<Area> {
        let Some(reach) = union(candidates) else {
            return Vec::new();
        };
        let areas = self.boxes.iter().map(|other| other.area);
        let mut own = areas.clone().position(|area| area == *face);
        areas
            .filter(|area| area.meets(&reach) && (area != face || own.take().is_none()))
            .take(NEIGHBOURS)
            .collect()
    }

    /// How much a label there would hide: of other faces above all, of the banner, of its own face.
    fn harm(&self, area: &Area, own: &Area, neighbours: &[Area]) -> f64 {
        let faces: f64 = neighbours
            .iter()
            .map(|face| 25.0 * area.overlap(face) / face.pixels())
            .sum();
        let banner = self
            .banner
            .map_or(0.0, |banner| 80.0 * area.overlap(&banner) / area.pixels());
        faces + banner + 6.0 * area.overlap(own) / own.pixels()
    }
}

fn reach(subject: &Subject) -> Option<Area> {
    union(&subject.candidates)
}

/// The smallest rectangle around all of them.
fn union(candidates: &[Candidate]) -> Option<Area> {
    let areas = candidates.iter().map(|candidate| candidate.area);
    areas.reduce(|one, other| one.joined(&other))
}

/// Chooses for each in turn, several times.
fn settle(subjects: &[Subject], wording: Wording) -> Vec<Option<&Candidate>> {
    let mut placed: Vec<Option<&Candidate>> = vec![None; subjects.len()];
    for _ in 0..ROUNDS {
        for (number, subject) in subjects.iter().enumerate() {
            placed[number] = choose(subject, wording, &placed);
        }
    }
    placed
}

fn choose<'a>(
    subject: &'a Subject,
    wording: Wording,
    placed: &[Option<&'a Candidate>],
) -> Option<&'a Candidate> {
    let others: Vec<Area> = subject
        .rivals
        .iter()
        .filter_map(|&rival| Some(placed[rival]?.area))
        .collect();
    let crowding = |area: &Area| -> f64 {
        let hidden = others.iter().map(|other| area.overlap(other)).sum::<f64>();
        60.0 * hidden / area.pixels()
    };
    let candidates = subject.candidates.iter();
    candidates
        .filter(|candidate| wording == Wording::Any || candidate.short)
        .map(|candidate| (candidate.cost + crowding(&candidate.area), candidate))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// Places around a face that lie inside the picture, each with how much it is disliked.
fn places(
    face: &Area,
    (width, height): (i32, i32),
    picture: &Area,
) -> impl Iterator<Item = (f64, Area)> {
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
    let picture = *picture;
    let along = rows.into_iter().flat_map(move |(rank, top)| {
        let starts = [0.0, 0.1, 0.15].into_iter().zip(starts);
        starts.map(move |(aside, left)| {
            let area = Area::new(left, top, width, height);
            (rank + aside, area.pushed_into(&picture))
        })
    });
    let top = face.top;
    let beside = [face.right(), face.left - width]
        .map(move |left| (0.8, Area::new(left, top, width, height)));
    along
        .chain(beside)
        .filter(move |(_, area)| picture.holds(area))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(areas: impl Iterator<Item = Area>) -> Vec<(Label, FaceBox)> {
        let label = Label {
            full: "Female 37".to_owned(),
            short: "F37".to_owned(),
        };
        areas
            .map(|area| FaceBox {
                area,
                stroke: 1,
                halo: 0,
                colour: colours::DARK,
            })
            .map(|face| (label.clone(), face))
            .collect()
    }

    fn subjects(marked: &[(Label, FaceBox)]) -> (Vec<Subject>, Vec<FaceBox>) {
        let boxes: Vec<FaceBox> = marked.iter().map(|(_, face)| face.clone()).collect();
        let surroundings = Surroundings {
            boxes: &boxes,
            banner: None,
            picture: Area::new(0, 0, 4000, 3000),
        };
        (surroundings.subjects(marked), boxes)
    }

    #[test]
    fn labels_look_at_what_they_can_meet_and_at_nothing_else() {
        let row = (0..12).map(|number| Area::new(10 + 300 * number, 500, 60, 60));
        let (subjects, _) = subjects(&marked(row));
        assert_eq!(subjects[0].rivals, [1]);
        assert_eq!(subjects[7].rivals, [6, 8]);
    }

    /// However many faces there are, and however they lie: the work for a label has a bound.
    #[test]
    fn a_label_looks_at_a_bounded_number_of_others() {
        let heap = marked((0..300).map(|_| Area::new(500, 500, 90, 90)));
        let (subjects, boxes) = subjects(&heap);
        let surroundings = Surroundings {
            boxes: &boxes,
            banner: None,
            picture: Area::new(0, 0, 4000, 3000),
        };
        for subject in &subjects {
            assert_eq!(subject.rivals.len(), NEIGHBOURS);
            let neighbours = surroundings.neighbours(&boxes[0].area, &subject.candidates);
            assert_eq!(neighbours.len(), NEIGHBOURS);
            assert!(subject.candidates.len() <= 2 * 4 * 14);
        }
    }
}
