//! Writes the result into the memory of its file.
//!
//! Both are about as large, and a row of MCUs is read before it is written. What is written too
//! early, because the result is larger than the file so far, waits.

use super::copy::Copying;
use crate::error::PictureError;
use crate::jpeg::brush::Brush;
use crate::jpeg::entropy::{Cursor, Scan};
use crate::jpeg::file::Jpeg;
use crate::jpeg::output::{ScanHeads, head};
use crate::jpeg::scans;
use crate::jpeg::segments::END_OF_IMAGE;
use crate::orientation::Pose;
use crate::overlay::Overlay;

/// All that is to be known of a file before its memory becomes that of its result.
pub(crate) struct Patch {
    /// The result up to the picture data.
    head: Vec<u8>,
    scan: Scan,
    brushes: Vec<Brush>,
    /// Where the picture data begins.
    begin: usize,
}

impl Patch {
    /// Of a sequential file in one scan, which is to stay as it lies.
    ///
    /// # Errors
    /// Damage.
    pub(crate) fn of(jpeg: &Jpeg<'_>) -> Result<Self, PictureError> {
        let structure = &jpeg.structure;
        let (scan, data) = scans::only(jpeg)?;
        let mut result = Vec::new();
        let pose = Pose::stored(jpeg.orientation);
        head(structure, structure.process, pose, &mut result);
        ScanHeads::default().write_sequential(&scan, structure, &mut result);
        Ok(Self {
            head: result,
            scan,
            brushes: Brush::all(structure),
            begin: jpeg.file.len() - data.len(),
        })
    }

    /// The result of compositing `overlay` over the picture of `file`, which is the one that this is of.
    ///
    /// # Errors
    /// Damage.
    pub(crate) fn write_over(
        self,
        mut file: Vec<u8>,
        overlay: &Overlay,
    ) -> Result<Vec<u8>, PictureError> {
        let Self {
            head: mut waiting,
            scan,
            brushes,
            begin: mut read,
        } = self;
        let mut copying = Copying::new(&scan, &brushes, overlay, &mut waiting);
        let mut place = Cursor::new(&[]);
        let mut written = 0;
        for row in 0..scan.mcus.count.1 {
            let mut cursor = place.over(&file[read..]);
            let copied = copying.row(row, &mut cursor);
            copied.ok_or_else(|| cursor.damage(&scan.mcus))?;
            read = file.len() - cursor.from.left();
            place = cursor.over(&[]);
            written += copying.to.move_to(&mut file[written..read]);
        }
        copying.to.finish();
        scans::end(&place.over(&file[read..]), &scan.mcus)?;
        waiting.extend([0xff, END_OF_IMAGE]);
        file.truncate(written);
        file.append(&mut waiting);
        file.shrink_to_fit();
        Ok(file)
    }
}
