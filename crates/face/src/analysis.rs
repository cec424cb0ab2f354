//! The result of an analysis: faces, where they are, and what is known of each.
//!
//! One model for all back ends. Coordinates are pixels of the upright picture, and every rectangle
//! lies inside it, so that drawing needs no further check.

use serde::{Deserialize, Serialize};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Dimensions {
    /// The longer side.
    #[must_use]
    pub fn long_side(self) -> u32 {
        self.width.max(self.height)
    }

    /// The shorter side.
    #[must_use]
    pub fn short_side(self) -> u32 {
        self.width.min(self.height)
    }
}

impl From<(u32, u32)> for Dimensions {
    fn from((width, height): (u32, u32)) -> Self {
        Self { width, height }
    }
}

/// The faces of one picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// In the order of the back end; empty when there is no face.
    pub faces: Vec<Face>,
}

impl Analysis {
    /// The same analysis for the same picture in another size.
    pub(crate) fn rescaled(self, from: Dimensions, to: Dimensions) -> Self {
        if from == to {
            return self;
        }
        let rescale = |face: Face| {
            let rect = face.rect.rescaled(from, to)?;
            Some(Face { rect, ..face })
        };
        Self {
            faces: self.faces.into_iter().filter_map(rescale).collect(),
        }
    }
}

/// One face. An attribute that the back end does not tell is absent, never guessed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Where it is.
    pub rect: Rect,
    /// How sure the back end is, 0 to 1. Comparable within one back end only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f32>,
    /// As the back end judges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// How sure the back end is of the gender, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender_probability: Option<f32>,
    /// In years, as the back end estimates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u16>,
}

/// The genders that the services tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// Code 0 on the wire.
    Female,
    /// Code 1 on the wire.
    Male,
}

/// A rectangle inside the picture, in pixels; neither side is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rect {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rect {
    /// The part of a rectangle that lies inside `picture`, edges rounded to whole pixels;
    /// `None` if there is no such part, or if a number is not one.
    #[must_use]
    pub fn clipped(
        left: f64,
        top: f64,
        width: f64,
        height: f64,
        picture: Dimensions,
    ) -> Option<Self> {
        let (left, width) = clipped_span(left, width, picture.width)?;
        let (top, height) = clipped_span(top, height, picture.height)?;
        Some(Self {
            left,
            top,
            width,
            height,
        })
    }

    fn rescaled(self, from: Dimensions, to: Dimensions) -> Option<Self> {
        let x = f64::from(to.width) / f64::from(from.width);
        let y = f64::from(to.height) / f64::from(from.height);
        Self::clipped(
            f64::from(self.left) * x,
            f64::from(self.top) * y,
            f64::from(self.width) * x,
            f64::from(self.height) * y,
            to,
        )
    }
}

/// Start and length of what is left of a span after clipping it to `0..limit`.
fn clipped_span(start: f64, length: f64, limit: u32) -> Option<(u32, u32)> {
    let first = whole(start, limit)?;
    let end = whole(start + length, limit)?;
    Some((first, end.checked_sub(first).filter(|&length| length > 0)?))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of the type first"
)]
fn whole(edge: f64, limit: u32) -> Option<u32> {
    (!edge.is_nan()).then(|| edge.round().clamp(0.0, f64::from(limit)) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PICTURE: Dimensions = Dimensions {
        width: 100,
        height: 50,
    };

    #[test]
    fn rectangles_are_clipped_to_the_picture() {
        let cases = [
            ("inside", [10.0, 5.0, 20.0, 30.0], Some([10, 5, 20, 30])),
            (
                "over the left edge",
                [-5.0, 0.0, 10.0, 10.0],
                Some([0, 0, 5, 10]),
            ),
            (
                "over the corner",
                [95.0, 45.0, 10.0, 10.0],
                Some([95, 45, 5, 5]),
            ),
            (
                "around the picture",
                [-1e9, -1e9, 3e9, 3e9],
                Some([0, 0, 100, 50]),
            ),
            ("right of it", [100.0, 0.0, 10.0, 10.0], None),
            ("left of it", [-20.0, 0.0, 10.0, 10.0], None),
            ("no width", [10.0, 10.0, 0.0, 10.0], None),
            ("negative height", [10.0, 10.0, 10.0, -3.0], None),
            ("rounds to nothing", [10.1, 10.0, 0.2, 10.0], None),
            ("not a number", [f64::NAN, 0.0, 10.0, 10.0], None),
            (
                "no end",
                [0.0, 0.0, f64::INFINITY, 10.0],
                Some([0, 0, 100, 10]),
            ),
        ];
        for (name, [left, top, width, height], expected) in cases {
            let clipped = Rect::clipped(left, top, width, height, PICTURE);
            let sides = clipped.map(|r| [r.left, r.top, r.width, r.height]);
            assert_eq!(sides, expected, "{name}");
        }
    }

    #[test]
    fn unknown_attributes_are_left_out_of_the_document() {
        let rect = Rect::clipped(1.0, 2.0, 3.0, 4.0, PICTURE).unwrap();
        let bare = Face {
            rect,
            probability: None,
            gender: None,
            gender_probability: None,
            age: None,
        };
        let full = Face {
            probability: Some(0.5),
            gender: Some(Gender::Female),
            gender_probability: Some(0.75),
            age: Some(37),
            ..bare.clone()
        };
        let analysis = Analysis {
            faces: vec![bare, full],
        };
        let document = serde_json::to_string(&analysis).unwrap();
        insta::assert_snapshot!(document, @r#"{"faces":[{"rect":{"left":1,"top":2,"width":3,"height":4}},{"rect":{"left":1,"top":2,"width":3,"height":4},"probability":0.5,"gender":"female","gender_probability":0.75,"age":37}]}"#);
        assert_eq!(
            serde_json::from_str::<Analysis>(&document).unwrap(),
            analysis
        );
    }

    proptest! {
        #[test]
        fn rescaled_rectangles_stay_inside(
            left in 0.0..99.0_f64, top in 0.0..49.0_f64, width in 1.0..99.0_f64, height in 1.0..49.0_f64,
            to_width in 1..5000_u32, to_height in 1..5000_u32,
        ) {
            let to = Dimensions { width: to_width, height: to_height };
            let rect = Rect::clipped(left, top, width, height, PICTURE);
            if let Some(rect) = rect.and_then(|rect| rect.rescaled(PICTURE, to)) {
                prop_assert!(rect.width > 0 && rect.left + rect.width <= to_width);
                prop_assert!(rect.height > 0 && rect.top + rect.height <= to_height);
            }
        }
    }
}
