//! What an operator may choose.

use thiserror::Error;

use crate::attribute_set::AttributeSet;

/// What the local back end looks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    confidence: f32,
    smallest_face_percent: f32,
    attributes: AttributeSet,
}

/// A setting out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum InvalidSetting {
    /// No score reaches it, or every one does.
    #[error("the confidence must be from 0.05 to 0.99, not {0}")]
    Confidence(f32),
    /// Smaller faces would take more memory than one photo may have.
    #[error("the smallest face must be from 0.3 to 50 percent of the longer side, not {0}")]
    SmallestFace(f32),
}

impl Default for Settings {
    /// All 29 faces of a group picture, and none in a photo of trees.
    fn default() -> Self {
        Self {
            confidence: 0.5,
            smallest_face_percent: 0.75,
            attributes: AttributeSet::ALL,
        }
    }
}

impl Settings {
    /// Reports faces whose score is at least `confidence`, 0.05 to 0.99.
    ///
    /// # Errors
    /// [`InvalidSetting::Confidence`] outside of that range.
    pub fn with_confidence(self, confidence: f32) -> Result<Self, InvalidSetting> {
        if !(0.05..=0.99).contains(&confidence) {
            return Err(InvalidSetting::Confidence(confidence));
        }
        Ok(Self { confidence, ..self })
    }

    /// Finds faces whose width is at least `percent` of the photo's longer side, 0.3 to 50. The
    /// smaller, the more of a large photo is looked at closely, where the first look saw
    /// something that small.
    ///
    /// # Errors
    /// [`InvalidSetting::SmallestFace`] outside of that range.
    pub fn with_smallest_face(self, percent: f32) -> Result<Self, InvalidSetting> {
        if !(0.3..=50.0).contains(&percent) {
            return Err(InvalidSetting::SmallestFace(percent));
        }
        Ok(Self {
            smallest_face_percent: percent,
            ..self
        })
    }

    /// Estimates `attributes` of each face; the nets for others are not run.
    #[must_use]
    pub fn with_attributes(self, attributes: AttributeSet) -> Self {
        Self { attributes, ..self }
    }

    /// The attributes that are estimated of each face.
    #[must_use]
    pub fn attributes(&self) -> AttributeSet {
        self.attributes
    }

    /// The score that a face needs, 0 to 1.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        self.confidence
    }

    /// Width of the smallest face in percent of the photo's longer side.
    #[must_use]
    pub fn smallest_face_percent(&self) -> f32 {
        self.smallest_face_percent
    }
}
