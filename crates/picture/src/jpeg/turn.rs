//! Turns a JPEG upright without decoding it, and draws on it.
//!
//! A block is turned by its coefficients, which change places and signs. So a photo from a phone
//! that was held sideways keeps all coefficients, as long as the sides that are mirrored are whole
//! blocks. Where they are not, the filling of the last block comes to lie in front and is cut off:
//! each block is then made of two by one matrix ([`shift`]), and quantised again, as decoding and
//! encoding would do.
//!
//! The coefficients of the picture are never held as a whole. Blocks are turned and encoded as they are
//! read, and held encoded, which is much smaller, until their turn has come ([`strip`]). Of a very
//! large picture not even that: a first pass over the data notes cursors at regular places
//! ([`source`]), and a second one begins at these places and reads the picture in strips, in the order
//! in which the result needs them ([`layout`]). Any other file has been read when its result is begun,
//! which can take its memory ([`Turned`]).
//!
//! Files that bring each component in a scan of its own end like all others: the result has one
//! scan of all components.

mod axis;
mod layout;
mod plane;
mod shift;
mod source;
mod strip;

use self::axis::Axis;
use self::layout::Layout;
use self::source::Source;
use self::strip::Strip;
use super::entropy::{BitWriter, BlockCoder};
use super::file::Jpeg;
use super::output::{OneScan, head};
use super::segments::{END_OF_IMAGE, corrupt};
use super::structure::Structure;
use crate::error::PictureError;
use crate::orientation::{Orientation, Pose};
use crate::overlay::Overlay;

/// Memory that turning a file of so many bytes takes beside it and its result, in bytes.
pub(crate) fn working_bytes(
    structure: &Structure<'_>,
    orientation: Orientation,
    file_bytes: usize,
) -> u64 {
    Layout::of(structure, orientation, file_bytes).working_bytes()
}

/// Whether turning loses no more than decoding and encoding. Colours of which four pixels or more
/// share a sample would have to be moved by a part of one.
pub(crate) fn is_exact(structure: &Structure<'_>, orientation: Orientation) -> bool {
    structure.can_be_one_scan()
        && Axis::pairs(structure, orientation)
            .iter()
            .all(|(across, down)| across.is_fine() && down.is_fine())
}

/// Whether every pixel stays as it is, because what is mirrored is whole blocks.
pub(crate) fn keeps_pixels(structure: &Structure<'_>, orientation: Orientation) -> bool {
    structure.can_be_one_scan()
        && Axis::pairs(structure, orientation)
            .iter()
            .all(|(across, down)| across.is_exact() && down.is_exact())
}

/// Whether turning reads a sequential file as a whole before it writes anything.
pub(crate) fn is_whole(jpeg: &Jpeg<'_>) -> bool {
    Layout::of(&jpeg.structure, jpeg.orientation, jpeg.file.len()).is_whole()
}

/// Turns a sequential file upright, lays `overlay` over it, and writes it to `result`, which ought to
/// have room for it. Only the metadata that decides how it is shown is kept.
///
/// # Errors
/// Damage.
pub(crate) fn turn(
    jpeg: &Jpeg<'_>,
    overlay: &Overlay,
    result: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let upright = jpeg.structure.turned(jpeg.orientation);
    let layout = Layout::of(&jpeg.structure, jpeg.orientation, jpeg.file.len());
    write(jpeg, &layout, &upright, overlay, result)
}

/// Writes a sequential file in one scan, without the segments that give its colours a meaning.
///
/// # Errors
/// Damage.
pub(crate) fn plain(jpeg: &Jpeg<'_>, result: &mut Vec<u8>) -> Result<(), PictureError> {
    let bare = jpeg.structure.bare();
    let nothing = Overlay::new(bare.width.into(), bare.height.into());
    let layout = Layout::of(&jpeg.structure, Orientation::Upright, jpeg.file.len());
    write(jpeg, &layout, &bare, &nothing, result)
}

fn write(
    jpeg: &Jpeg<'_>,
    layout: &Layout,
    upright: &Structure<'_>,
    overlay: &Overlay,
    result: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let (turned, source) = read(jpeg, layout, upright, overlay)?;
    let source = (!layout.is_whole()).then_some(&source);
    turned.write(source, result)
}

/// Reads a sequential file. If the picture is not one strip, that is for later, and what is found
/// are places to begin at.
fn read<'f, 's>(
    jpeg: &Jpeg<'f>,
    layout: &Layout,
    upright: &Structure<'_>,
    overlay: &'s Overlay,
) -> Result<(Turned<'s>, Source<'f>), PictureError> {
    let structure = &jpeg.structure;
    if !structure.can_be_one_scan() {
        return Err(PictureError::Unsupported {
            what: "unusually sampled JPEG",
        });
    }
    let mut strip = Strip::new((structure, upright), layout.clone(), overlay);
    let source = if layout.is_whole() {
        layout.regions().for_each(|region| strip.begin(region));
        Source::read(jpeg, |index, cursor| strip.read_all(index, cursor))?
    } else {
        Source::read(jpeg, |index, cursor| index.note(layout.step(), cursor))?
    };
    let coders = source.coders();
    let scan = OneScan::of(&coders);
    let mut begin = Vec::new();
    let pose = Pose::upright(layout.orientation);
    head(upright, scan.process(), pose, &mut begin);
    scan.write_head(upright, &mut begin);
    let turned = Turned {
        layout: layout.clone(),
        head: begin,
        strip,
        coders,
    };
    Ok((turned, source))
}

/// What a result is made of. If the picture is one strip, that is all: its file was read.
pub(crate) struct Turned<'s> {
    layout: Layout,
    /// The result up to the picture data.
    head: Vec<u8>,
    strip: Strip<'s>,
    coders: Vec<BlockCoder>,
}

impl<'s> Turned<'s> {
    /// Reads a sequential file that is [one strip](is_whole), to be turned upright with `overlay` laid over
    /// it.
    ///
    /// # Errors
    /// Damage.
    pub(crate) fn read(jpeg: &Jpeg<'_>, overlay: &'s Overlay) -> Result<Self, PictureError> {
        let upright = jpeg.structure.turned(jpeg.orientation);
        let layout = Layout::of(&jpeg.structure, jpeg.orientation, jpeg.file.len());
        let (turned, _) = read(jpeg, &layout, &upright, overlay)?;
        Ok(turned)
    }

    /// The result, in the memory of the file that was read.
    ///
    /// # Errors
    /// Damage.
    pub(crate) fn write_over(self, mut file: Vec<u8>) -> Result<Vec<u8>, PictureError> {
        file.clear();
        self.write(None, &mut file)?;
        file.shrink_to_fit();
        Ok(file)
    }

    /// Writes the result, whose strips are read from `source` if they are several.
    fn write(self, source: Option<&Source<'_>>, result: &mut Vec<u8>) -> Result<(), PictureError> {
        let too_large = || corrupt("its coefficients are too large to be turned");
        let mut strip = self.strip;
        result.extend(&self.head);
        let (mut to, mut predictions) = (BitWriter::new(result), [0; 4]);
        for region in self.layout.regions() {
            if let Some(source) = source {
                strip.begin(region);
                strip.read(source).ok_or_else(too_large)?;
            }
            strip
                .write(&self.coders, &mut predictions, &mut to)
                .filter(|()| !strip.is_too_large())
                .ok_or_else(too_large)?;
        }
        to.finish();
        result.extend([0xff, END_OF_IMAGE]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    /// Also if a block of the result is made of two that lie in different strips, and if the picture
    /// has a scan for each component.
    #[test]
    fn strips_of_any_thickness_give_the_same_result() {
        for name in [
            "411",
            "420",
            "440",
            "grey",
            "restarts",
            "scans",
            "scans-420",
        ] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
            let file = std::fs::read(format!("{folder}/{name}.jpg")).unwrap();
            for value in 1..=8 {
                let orientation = Orientation::from_exif(value);
                let jpeg = Jpeg::parse(&file).unwrap();
                let upright = jpeg.structure.turned(orientation);
                let mut overlay = Overlay::new(upright.width.into(), upright.height.into());
                overlay.fill(&(5..23), &(9..20), Rgba([255, 0, 0, 200]));
                let whole = Layout::of(&jpeg.structure, orientation, file.len());
                assert!(whole.is_whole(), "{name}");
                let written = |layout: &Layout| {
                    let mut result = Vec::new();
                    write(&jpeg, layout, &upright, &overlay, &mut result).unwrap();
                    result
                };
                let expected = written(&whole);
                for thickness in 1..4 {
                    let found = written(&whole.clone().of_thickness(thickness));
                    assert!(found == expected, "{name}, {orientation:?}, by {thickness}");
                }
            }
        }
    }
}
