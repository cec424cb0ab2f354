//! A smaller JPEG of a sequential one, for a service that takes no large files.
//!
//! Its components are scaled down while they are read, and encoded as they are then: no pixel is ever
//! converted to colours and back. Of one that is upright only a few rows are held at a time.

mod strips;
mod view;

use jpeg_encoder::{ColorType, Encoder};

use self::strips::Strips;
use self::view::View;
use super::dct::fast;
use super::entropy::{BitWriter, Block, Scan, ScanComponent, Tables};
use super::file::Jpeg;
use super::output::{ScanHeads, head};
use super::scaled::FEW;
use super::scan_header::ScanHeader;
use super::segments::{END_OF_IMAGE, corrupt, truncated};
use super::structure::Structure;
use super::style::sampling;
use crate::colour::Space;
use crate::error::PictureError;
use crate::format::Format;
use crate::orientation::{Orientation, Pose};
use crate::picture::Copy;

/// The DC frequency of a block whose samples are stored as zero.
const ZERO: f32 = 8.0 * 128.0;

/// The upright picture in this quality, no side above `max_side`, or a little
/// smaller. `None` if it cannot be made like this.
///
/// # Errors
/// Damage.
pub(crate) fn small(
    jpeg: &Jpeg<'_>,
    max_side: u32,
    quality: u8,
) -> Result<Option<Copy>, PictureError> {
    let structure = &jpeg.structure;
    // Brightness in few samples is better blended than repeated.
    let (horizontal, vertical) = structure.sampling();
    let full = (horizontal.into(), vertical.into());
    let is_usual = match structure.components.as_slice() {
        [brightness, blue, red] => brightness.blocks() == full && blue.blocks() == red.blocks(),
        _ => true,
    };
    let is_plain = is_usual && matches!(structure.space, Space::YCbCr | Space::Grey);
    let stored = (structure.width.into(), structure.height.into());
    let Some(side) = side(stored, max_side).filter(|_| is_plain) else {
        return Ok(None);
    };
    let mut strips = Strips::of(jpeg, side)?;
    let sizes = strips.sizes().iter();
    let sizes = sizes.map(|size| jpeg.orientation.upright(size.0, size.1));
    let dimensions = sizes.fold((0, 0), |most, size| {
        (most.0.max(size.0), most.1.max(size.1))
    });
    let model = model(structure, jpeg.orientation.is_sideways(), quality)?;
    let model = Jpeg::parse(&model)?;
    // Hardly ever too little; memory that is not written to is not taken.
    let mut bytes = Vec::with_capacity(jpeg.file.len());
    write(
        model,
        dimensions,
        (&mut strips, jpeg.orientation),
        &mut bytes,
    )?;
    strips.end()?;
    Ok(Some(Copy { bytes, dimensions }))
}

/// How many samples of eight along a side lead to the size that is wanted, or at most a quarter
/// below it.
fn side((width, height): (u32, u32), max_side: u32) -> Option<u8> {
    let long = u64::from(width.max(height));
    let side = (8 * u64::from(max_side) / long.max(1)).min(8);
    let is_near = side == 8 || side * long * 4 >= u64::from(max_side) * 3 * 8;
    let is_long_enough = u64::from(width.min(height)) * side >= u64::from(8 * FEW);
    let side = u8::try_from(side).ok()?;
    (is_near && is_long_enough).then_some(side)
}

/// A file of one pixel, which differs from one of any other size in nothing but its size and its data.
fn model(
    structure: &Structure<'_>,
    is_sideways: bool,
    quality: u8,
) -> Result<Vec<u8>, PictureError> {
    let colour = match structure.space {
        Space::Grey => ColorType::Luma,
        _ => ColorType::Ycbcr,
    };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(sampling(
        structure.space,
        &structure.components,
        is_sideways,
    ));
    encoder
        .encode(&[0; 3], 1, 1, colour)
        .map_err(|error| PictureError::encode(Format::Jpeg, error))?;
    Ok(file)
}

/// Writes a file like the model, but of these strips, turned upright.
fn write(
    model: Jpeg<'_>,
    (width, height): (u32, u32),
    (strips, orientation): (&mut Strips<'_>, Orientation),
    file: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    let structure = Structure {
        width: side(width),
        height: side(height),
        ..model.structure
    };
    let (header, _) = model.segments.last().ok_or_else(truncated)?;
    let header = ScanHeader::read(header.payload, structure.ids())?;
    let scan = Scan::of(&header, &structure, &Tables::standard())?;
    let pose = Pose::upright(Orientation::Upright);
    head(&structure, structure.process, pose, file);
    ScanHeads::default().write_sequential(&scan, &structure, file);
    let views = strips.sizes().iter().zip(&structure.components);
    let views = views.map(|(&size, component)| View::of(size, orientation, component, &structure));
    let mut views: Vec<_> = views.collect();
    let mut to = BitWriter::new(file);
    let mut predictions = [0; 4];
    let (columns, rows) = scan.mcus.count;
    let unfit = || corrupt("its frequencies are out of range");
    for row in 0..rows {
        views.iter_mut().for_each(View::clear);
        for y in row * scan.mcus.pixels.1..(row + 1) * scan.mcus.pixels.1 {
            let strip = strips.at(y.min(height - 1))?;
            for (view, plane) in views.iter_mut().zip(&strip.planes) {
                view.read(y, plane, strip.above).ok_or_else(unfit)?;
            }
        }
        for column in 0..columns {
            for (component, prediction) in scan.components.iter().zip(&mut predictions) {
                let view = &views[component.index];
                write_mcu(column, (component, view), prediction, &mut to).ok_or_else(unfit)?;
            }
        }
    }
    to.finish();
    file.extend([0xff, END_OF_IMAGE]);
    Ok(())
}

/// Writes the blocks that one component has in one MCU.
fn write_mcu(
    column: u32,
    (component, view): (&ScanComponent, &View),
    prediction: &mut i32,
    to: &mut BitWriter<'_>,
) -> Option<()> {
    let (across, down) = component.blocks;
    for y in 0..down {
        for x in column * across..(column + 1) * across {
            let mut frequencies = fast::forward(&view.block(x, y)?);
            frequencies[0][0] -= ZERO;
            let block = Block::of(&view.divisors.quantised(&frequencies))?;
            component.coder.write(&block, prediction, to)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_near_what_is_wanted() {
        let cases = [
            ((4000, 3000), 2048, Some(4)),
            ((3000, 4000), 2048, Some(4)),
            ((4096, 3000), 2048, Some(4)),
            ((8165, 6124), 2048, Some(2)),
            ((2048, 100), 2048, Some(8)),
            ((100, 100), 2048, Some(8)),
            // 1500 and 2250 are too far off.
            ((6000, 4000), 2048, None),
            ((65_500, 1_500), 2048, None),
            ((15, 10), 2048, None),
            ((4000, 30), 2000, None),
        ];
        for (size, max_side, expected) in cases {
            assert_eq!(side(size, max_side), expected, "{size:?} to {max_side}");
        }
    }
}
