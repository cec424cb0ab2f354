//! From the detector's findings in several sizes to faces.
//!
//! A face of a size between two searches is found in both: its findings are merged and their scores
//! added, as the detector does with the windows of one search. A score is mostly a count of
//! supporting windows. More windows support a large face, so it must score higher. Boxes run from
//! brows to chin and are made a little larger.

use super::scale::{MIN_ENLARGEMENT, WINDOW};
use crate::analysis::{Dimensions, Face, Rect};

/// Findings that share more than this part of their joint area are one face.
const SAME: f32 = 0.3;

/// What a face must score if its side is below [`LARGE`] in the size of the first search.
const SMALL_SCORE: f32 = 2.5;

/// What any larger face must score, unless the picture was enlarged so much that all is blurred.
const LARGE_SCORE: f32 = 5.0;

/// Where large faces begin, in pixels of the first search.
const LARGE: f32 = 1.75 * WINDOW;

/// By what part of its side a box grows to the left and to the right, ...
const GROW_SIDE: f32 = 0.08;

/// ... upwards, where the forehead is, ...
const GROW_TOP: f32 = 0.14;

/// ... and downwards.
const GROW_BOTTOM: f32 = 0.06;

/// A square that the detector took for a face, in pixels of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) side: f32,
    pub(super) score: f32,
}

impl Finding {
    fn area(&self) -> f32 {
        self.side * self.side
    }

    /// The shared part of the joint area of two findings, 0 to 1.
    fn likeness(&self, other: &Self) -> f32 {
        let span = |a: f32, a_side: f32, b: f32, b_side: f32| {
            ((a + a_side).min(b + b_side) - a.max(b)).max(0.0)
        };
        let shared = span(self.left, self.side, other.left, other.side)
            * span(self.top, self.side, other.top, other.side);
        shared / (self.area() + other.area() - shared)
    }

    /// `scale` is that of the first search.
    fn is_convincing(&self, scale: f32) -> bool {
        let is_lenient = self.side * scale < LARGE || scale > MIN_ENLARGEMENT;
        let due = if is_lenient { SMALL_SCORE } else { LARGE_SCORE };
        self.score >= due
    }

    fn face(&self, picture: Dimensions) -> Option<Face> {
        let rect = Rect::clipped(
            f64::from(self.left - self.side * GROW_SIDE),
            f64::from(self.top - self.side * GROW_TOP),
            f64::from(self.side * (1.0 + 2.0 * GROW_SIDE)),
            f64::from(self.side * (1.0 + GROW_TOP + GROW_BOTTOM)),
            picture,
        )?;
        Some(Face {
            rect,
            probability: Some(confidence(self.score)),
            gender: None,
            age: None,
        })
    }
}

/// Maps an open-ended score to the range of a probability. It grows with the score, and means no
/// more than that.
fn confidence(score: f32) -> f32 {
    score / (score + 1.0)
}

/// The faces, from left to right.
pub(super) fn faces(findings: Vec<Finding>, scale: f32, picture: Dimensions) -> Vec<Face> {
    let convincing = merged(findings)
        .into_iter()
        .filter(|it| it.is_convincing(scale));
    let mut faces: Vec<Face> = convincing.filter_map(|it| it.face(picture)).collect();
    faces.sort_by_key(|face| (face.rect.left, face.rect.top));
    faces
}

/// One finding per face, that of the best score.
fn merged(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut distinct: Vec<Finding> = Vec::new();
    for finding in findings {
        match distinct.iter_mut().find(|it| it.likeness(&finding) > SAME) {
            Some(known) => known.score += finding.score,
            None => distinct.push(finding),
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Dimensions = Dimensions {
        width: 400,
        height: 300,
    };

    fn finding(left: f32, top: f32, side: f32, score: f32) -> Finding {
        Finding {
            left,
            top,
            side,
            score,
        }
    }

    fn lefts(findings: &[Finding], scale: f32) -> Vec<u32> {
        let faces = faces(findings.to_vec(), scale, PICTURE);
        faces.iter().map(|face| face.rect.left).collect()
    }

    #[test]
    fn findings_of_one_face_add_up() {
        let halves = [
            finding(100.0, 100.0, 50.0, 1.5),
            finding(104.0, 98.0, 50.0, 1.5),
        ];
        assert!(
            lefts(&halves[..1], 1.0).is_empty(),
            "one alone is too little"
        );
        assert_eq!(lefts(&halves, 1.0), [96]);
        let neighbours = [
            finding(100.0, 100.0, 50.0, 3.0),
            finding(140.0, 100.0, 50.0, 3.0),
        ];
        assert_eq!(
            lefts(&neighbours, 1.0),
            [96, 136],
            "touching faces stay two"
        );
    }

    #[test]
    fn large_faces_must_score_more() {
        let faint = [finding(100.0, 100.0, 60.0, 3.0)];
        assert_eq!(lefts(&faint, 1.0), [95]);
        assert!(
            lefts(&faint, 2.0).is_empty(),
            "120 pixels in the first look"
        );
        assert_eq!(lefts(&[finding(100.0, 100.0, 60.0, 5.0)], 2.0), [95]);
        assert_eq!(lefts(&faint, 3.0), [95], "blurred");
    }

    #[test]
    fn boxes_grow_but_stay_in_the_picture() {
        let cases = [
            (
                "inside",
                finding(100.0, 100.0, 100.0, 9.0),
                [92, 86, 116, 120],
            ),
            (
                "in the corner",
                finding(-10.0, 2.0, 100.0, 9.0),
                [0, 0, 98, 108],
            ),
            (
                "at the far end",
                finding(350.0, 250.0, 100.0, 9.0),
                [342, 236, 58, 64],
            ),
        ];
        for (name, finding, expected) in cases {
            let faces = faces(vec![finding], 1.0, PICTURE);
            let rect = faces.first().unwrap_or_else(|| panic!("{name}")).rect;
            assert_eq!(
                [rect.left, rect.top, rect.width, rect.height],
                expected,
                "{name}"
            );
        }
        let outside = vec![finding(500.0, 0.0, 50.0, 9.0)];
        assert_eq!(faces(outside, 1.0, PICTURE), []);
    }

    #[test]
    fn confidence_grows_with_the_score() {
        let values = [2.5, 5.0, 20.0, 1e9].map(confidence);
        assert!(values.is_sorted() && values.iter().all(|value| (0.7..=1.0).contains(value)));
    }
}
