//! The components of a picture, scaled down, as far as they are coded.

use image::GrayImage;

use crate::error::PictureError;
use crate::jpeg::file::Jpeg;
use crate::jpeg::scaled::{self, Rows};
use crate::orientation::Orientation;

/// Components that are read while they are coded, from top to bottom. Those of a
/// picture that is to be turned, or comes in several scans, are read at once.
pub(super) struct Strips<'f> {
    sizes: Vec<(u32, u32)>,
    strip: Strip,
    /// What is below the strip.
    rest: Option<Rows<'f>>,
}

/// Some rows.
pub(super) struct Strip {
    pub(super) planes: Vec<GrayImage>,
    /// How many rows of the picture are above them.
    pub(super) above: u32,
}

impl<'f> Strips<'f> {
    /// Each component reduced to `side` samples of eight along a side.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn of(jpeg: &Jpeg<'f>, side: u8) -> Result<Self, PictureError> {
        let mut rest = match jpeg.orientation {
            Orientation::Upright => Rows::of(jpeg, side)?,
            _ => None,
        };
        let planes = match &mut rest {
            Some(rows) => rows.next()?,
            None => scaled::planes(jpeg, side)?,
        };
        let sizes = match &rest {
            Some(rows) => rows.sizes(),
            None => planes.iter().map(GrayImage::dimensions).collect(),
        };
        Ok(Self {
            sizes,
            strip: Strip { planes, above: 0 },
            rest,
        })
    }

    /// The sizes of the components.
    pub(super) fn sizes(&self) -> &[(u32, u32)] {
        &self.sizes
    }

    /// The strip with this row of the picture, which is not above the one that was asked for before.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn at(&mut self, row: u32) -> Result<&Strip, PictureError> {
        let height = self.strip.planes.iter().map(GrayImage::height).max();
        let below = self.strip.above + height.unwrap_or(0);
        if row >= below
            && let Some(rest) = &mut self.rest
        {
            self.strip = Strip {
                planes: rest.next()?,
                above: below,
            };
        }
        Ok(&self.strip)
    }

    /// To be called when all was asked for.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn end(self) -> Result<(), PictureError> {
        self.rest.map_or(Ok(()), |rows| rows.end())
    }
}
