//! The components of a picture, scaled down, as far as its encoder has come.

use std::cell::{Ref, RefCell};

use image::GrayImage;

use crate::error::PictureError;
use crate::jpeg::file::Jpeg;
use crate::jpeg::look::{self, Rows};
use crate::orientation::Orientation;

/// Components that are read while an encoder asks for their rows, from top to bottom. Those of a
/// picture that is to be turned, or comes in several scans, are read at once.
pub(super) struct Strips<'f> {
    sizes: Vec<(u32, u32)>,
    reading: RefCell<Reading<'f>>,
}

struct Reading<'f> {
    strip: Strip,
    /// What is below the strip.
    rest: Option<Rows<'f>>,
    outcome: Result<(), PictureError>,
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
            None => look::planes(jpeg, side)?,
        };
        let sizes = match &rest {
            Some(rows) => rows.sizes(),
            None => planes.iter().map(GrayImage::dimensions).collect(),
        };
        let reading = Reading {
            strip: Strip { planes, above: 0 },
            rest,
            outcome: Ok(()),
        };
        Ok(Self {
            sizes,
            reading: reading.into(),
        })
    }

    /// The sizes of the components.
    pub(super) fn sizes(&self) -> &[(u32, u32)] {
        &self.sizes
    }

    /// The strip with this row of the picture, which is not above the one that was asked for before. If the
    /// file is damaged, any other.
    pub(super) fn at(&self, row: u32) -> Ref<'_, Strip> {
        self.reading.borrow_mut().go_to(row);
        Ref::map(self.reading.borrow(), |reading| &reading.strip)
    }

    /// To be called when all was asked for.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn end(self) -> Result<(), PictureError> {
        let Reading { rest, outcome, .. } = self.reading.into_inner();
        outcome?;
        rest.map_or(Ok(()), |rows| rows.end())
    }
}

impl Reading<'_> {
    fn go_to(&mut self, row: u32) {
        let Some(rest) = &mut self.rest else {
            return;
        };
        let height = self.strip.planes.iter().map(GrayImage::height).max();
        let below = self.strip.above + height.unwrap_or(0);
        if row < below {
            return;
        }
        self.strip.above = below;
        if self.outcome.is_ok() {
            match rest.next() {
                Ok(planes) => self.strip.planes = planes,
                Err(error) => self.outcome = Err(error),
            }
        }
    }
}
