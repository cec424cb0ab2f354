//! What the detector takes for a face, before it is decided which of them are.

/// A position in pixels; the middle of the first pixel is at 0.5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Point {
    /// The point `self` of a picture that was cut out at `left`, `top` and then scaled by `scale`,
    /// in the picture that it was cut out of.
    fn placed(self, placement: Placement) -> Self {
        Self {
            x: self.x / placement.scale + placement.left,
            y: self.y / placement.scale + placement.top,
        }
    }
}

/// Where in the whole picture a part of it lies that was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    pub(super) left: f32,
    pub(super) top: f32,
    /// Pixels of the part per pixel of the whole.
    pub(super) scale: f32,
}

/// A possible face. All numbers are finite and remain so in any scale.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// 0 to 1.
    pub(super) score: f32,
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    /// Middle of the left and of the right eye (as seen), tip of the nose, corners of the mouth.
    pub(super) landmarks: [Point; 5],
}

impl Candidate {
    pub(super) fn centre(&self) -> Point {
        Point {
            x: self.left + self.width / 2.0,
            y: self.top + self.height / 2.0,
        }
    }

    pub(super) fn placed(&self, placement: Placement) -> Self {
        let corner = Point {
            x: self.left,
            y: self.top,
        };
        let corner = corner.placed(placement);
        Self {
            score: self.score,
            left: corner.x,
            top: corner.y,
            width: self.width / placement.scale,
            height: self.height / placement.scale,
            landmarks: self.landmarks.map(|point| point.placed(placement)),
        }
    }

    /// The candidate of a picture that had been rotated counterclockwise, in the upright picture,
    /// which is `width` pixels wide.
    pub(super) fn rotated_clockwise(&self, width: f32) -> Self {
        let rotated = |point: Point| Point {
            x: width - point.y,
            y: point.x,
        };
        Self {
            score: self.score,
            left: width - self.top - self.height,
            top: self.left,
            width: self.height,
            height: self.width,
            landmarks: self.landmarks.map(rotated),
        }
    }

    /// The candidate of a picture that had been rotated clockwise, in the upright picture, which
    /// is `height` pixels high.
    pub(super) fn rotated_counterclockwise(&self, height: f32) -> Self {
        let rotated = |point: Point| Point {
            x: point.y,
            y: height - point.x,
        };
        Self {
            score: self.score,
            left: self.top,
            top: height - self.left - self.width,
            width: self.height,
            height: self.width,
            landmarks: self.landmarks.map(rotated),
        }
    }

    /// Intersection over union, 0 to 1.
    fn intersection_over_union(&self, other: &Self) -> f32 {
        let intersection = span(self.left, self.width, other.left, other.width)
            * span(self.top, self.height, other.top, other.height);
        let union = self.width * self.height + other.width * other.height - intersection;
        if union > 0.0 {
            intersection / union
        } else {
            0.0
        }
    }
}

fn span(a: f32, a_length: f32, b: f32, b_length: f32) -> f32 {
    ((a + a_length).min(b + b_length) - a.max(b)).max(0.0)
}

/// Candidates that share more than this part of their joint area are one face (the value that
/// `CenterFace` was published with).
const NMS_THRESHOLD: f32 = 0.3;

/// The most faces of one photo. More can only be a pattern that looks like faces.
const MAX_FACES: usize = 1000;

/// Non-maximum suppression: the best candidate of each face, by falling score.
pub(super) fn non_maximum_suppression(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut best: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if best.len() == MAX_FACES {
            break;
        }
        if best
            .iter()
            .all(|it| it.intersection_over_union(&candidate) < NMS_THRESHOLD)
        {
            best.push(candidate);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(score: f32, [left, top, width, height]: [f32; 4]) -> Candidate {
        let eye = Point {
            x: left + 1.0,
            y: top + 2.0,
        };
        Candidate {
            score,
            left,
            top,
            width,
            height,
            landmarks: [eye; 5],
        }
    }

    #[test]
    fn best_of_each_face_is_kept() {
        let kept = non_maximum_suppression(vec![
            candidate(0.6, [12.0, 10.0, 20.0, 20.0]),
            candidate(0.9, [10.0, 10.0, 20.0, 20.0]),
            candidate(0.7, [25.0, 10.0, 20.0, 20.0]),
        ]);
        let scores: Vec<f32> = kept.iter().map(|it| it.score).collect();
        assert_eq!(scores, [0.9, 0.7], "an overlap of 0.14 is two faces");
    }

    #[test]
    fn candidates_without_area_do_not_suppress() {
        let flat = candidate(0.9, [10.0, 10.0, 0.0, 20.0]);
        assert_eq!(non_maximum_suppression(vec![flat.clone(), flat]).len(), 2);
    }

    #[test]
    fn candidates_are_placed_in_the_whole_picture() {
        let placed = candidate(0.5, [10.0, 20.0, 30.0, 40.0]).placed(Placement {
            left: 100.0,
            top: 200.0,
            scale: 0.5,
        });
        assert_eq!(placed.landmarks[0], Point { x: 122.0, y: 244.0 });
        let corner = Point {
            x: placed.left,
            y: placed.top,
        };
        assert_eq!(corner, Point { x: 120.0, y: 240.0 });
        let size = Point {
            x: placed.width,
            y: placed.height,
        };
        assert_eq!(size, Point { x: 60.0, y: 80.0 });
    }

    #[test]
    fn turning_there_and_back_changes_nothing() {
        let upright = candidate(0.5, [10.0, 20.0, 30.0, 40.0]);
        // Turned clockwise, the picture of 300 x 200 is 200 wide.
        let clockwise = upright.rotated_clockwise(200.0);
        let corner = Point {
            x: clockwise.left,
            y: clockwise.top,
        };
        assert_eq!(corner, Point { x: 140.0, y: 10.0 });
        assert_eq!(clockwise.rotated_counterclockwise(200.0), upright);
    }
}
