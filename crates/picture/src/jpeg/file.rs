//! A JPEG file, taken apart once. Its segments tell enough to read the picture, and to write one
//! like it; no picture data is read.

use super::colour;
use super::frame::{Component, Frame, RawComponent};
use super::kept;
use super::scan_header::{ScanComponentHeader, ScanHeader};
use super::segments::{
    END_OF_IMAGE, HUFFMAN, QUANTISATION, RESTART_INTERVAL, START_OF_SCAN, Segment, Segments,
    corrupt, truncated,
};
use super::structure::{MAX_BLOCKS, Structure};
use super::table::{self, Table};
use crate::error::PictureError;
use crate::exif;
use crate::orientation::Orientation;

/// The most segments of metadata that are remembered. A profile takes 255 at most.
const MAX_METADATA: usize = 1000;

/// The most segments that the picture is read by. Encoders write some ten, at most some for each
/// scan.
const MAX_SEGMENTS: usize = 1 << 14;

/// A file whose segments are found and checked.
#[derive(Debug, Clone)]
pub(crate) struct Jpeg<'f> {
    pub(crate) file: &'f [u8],
    pub(crate) structure: Structure<'f>,
    pub(crate) orientation: Orientation,
    /// The segments that the picture is read by, each with the bytes behind it: tables, the frame
    /// header, and scan headers before their data.
    pub(crate) segments: Vec<(Segment<'f>, &'f [u8])>,
    /// The end marker is there.
    pub(crate) is_ended: bool,
}

impl<'f> Jpeg<'f> {
    /// Walks from the start marker to the end marker of the first picture in the file; cameras
    /// append further ones.
    ///
    /// # Errors
    /// The file is damaged or not supported.
    pub(crate) fn parse(file: &'f [u8]) -> Result<Self, PictureError> {
        let mut walk = Walk::default();
        let mut segments = Segments::of(file);
        while let Some(segment) = segments.next()? {
            if segment.marker == END_OF_IMAGE {
                walk.is_ended = true;
                break;
            }
            walk.read(segment, segments.rest())?;
        }
        walk.finish(file)
    }
}

/// The content of the segments so far.
#[derive(Default)]
struct Walk<'f> {
    frame: Option<Frame>,
    tables: [Option<Table>; 4],
    /// The table of each component, which is the one that held when its first scan began.
    latched: Vec<Option<Table>>,
    metadata: Vec<Segment<'f>>,
    segments: Vec<(Segment<'f>, &'f [u8])>,
    has_scans: bool,
    is_ended: bool,
}

impl<'f> Walk<'f> {
    fn read(&mut self, segment: Segment<'f>, behind: &'f [u8]) -> Result<(), PictureError> {
        match (segment.marker, &self.frame) {
            (QUANTISATION, _) => table::read(segment.payload, &mut self.tables)?,
            (marker @ 0xc0..=0xc2, None) => {
                let frame = Frame::read(marker, segment.payload)?;
                self.latched = vec![None; frame.components.len()];
                self.frame = Some(frame);
            }
            (0xc0..=0xc2, Some(_)) => return Err(corrupt("it has a second frame header")),
            (START_OF_SCAN, None) => return Err(corrupt("a scan comes before the frame header")),
            (START_OF_SCAN, Some(frame)) => {
                let header = ScanHeader::read(segment.payload, frame.ids())?;
                let raw = |component: &ScanComponentHeader| &frame.components[component.index];
                let blocks: u32 = header
                    .components
                    .iter()
                    .map(|component| raw(component).blocks())
                    .sum();
                if header.components.len() > 1 && blocks > MAX_BLOCKS {
                    return Err(corrupt(format!("a mcu of it has {blocks} blocks")));
                }
                for component in &header.components {
                    let table = self.tables[usize::from(raw(component).selector)];
                    let missing = || corrupt("a quantisation table is missing");
                    let latched = &mut self.latched[component.index];
                    *latched = Some(latched.or(table).ok_or_else(missing)?);
                }
                self.has_scans = true;
            }
            (HUFFMAN | RESTART_INTERVAL, _) => {}
            _ => {
                if !self.has_scans && self.metadata.len() < MAX_METADATA && kept::counts(&segment) {
                    self.metadata.push(segment);
                }
                return Ok(());
            }
        }
        if self.segments.len() >= MAX_SEGMENTS {
            return Err(corrupt(format!("it has more than {MAX_SEGMENTS} segments")));
        }
        self.segments.push((segment, behind));
        Ok(())
    }

    fn finish(self, file: &'f [u8]) -> Result<Jpeg<'f>, PictureError> {
        let is_ended = self.is_ended;
        let incomplete = |what| if is_ended { corrupt(what) } else { truncated() };
        let frame = self
            .frame
            .ok_or_else(|| incomplete("it holds no picture"))?;
        let component = |(raw, table): (&RawComponent, Option<Table>)| {
            Ok(Component {
                id: raw.id,
                horizontal: raw.horizontal,
                vertical: raw.vertical,
                table: table.ok_or_else(|| incomplete("a component has no picture data"))?,
            })
        };
        let components = frame.components.iter().zip(self.latched).map(component);
        let components: Vec<_> = components.collect::<Result<_, PictureError>>()?;
        let exif = self.metadata.iter().find(|segment| kept::is_exif(segment));
        let orientation = exif.map_or(Orientation::Upright, |exif| exif::orientation(exif.payload));
        let structure = Structure {
            width: frame.width,
            height: frame.height,
            process: frame.process,
            space: colour::space(&components, &self.metadata)?,
            components,
            metadata: self.metadata,
        };
        Ok(Jpeg {
            file,
            structure,
            orientation,
            segments: self.segments,
            is_ended,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jpeg_encoder::{ColorType, Encoder, QuantizationTableType, SamplingFactor};

    use super::*;
    use crate::jpeg::frame::Process;

    /// Luma steps 1 to 64, chroma steps twice that, 4:2:2.
    pub(crate) fn numbered() -> Vec<u8> {
        let steps = |factor: u16| {
            let mut steps = Box::new([0; 64]);
            steps
                .iter_mut()
                .zip(1..)
                .for_each(|(step, number)| *step = number * factor);
            QuantizationTableType::Custom(steps)
        };
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 90);
        encoder.set_quantization_tables(steps(1), steps(2));
        encoder.set_sampling_factor(SamplingFactor::F_2_1);
        encoder
            .encode(&[90; 30 * 20 * 3], 30, 20, ColorType::Rgb)
            .unwrap();
        file
    }

    #[test]
    fn markers_tell_how_a_file_was_made() {
        let file = numbered();
        let Jpeg {
            structure,
            is_ended,
            ..
        } = Jpeg::parse(&file).unwrap();
        assert_eq!((structure.width, structure.height), (30, 20));
        assert!(is_ended);
        assert_eq!(structure.process, Process::Baseline);
        let sampling: Vec<_> = structure
            .components
            .iter()
            .map(|one| (one.horizontal, one.vertical))
            .collect();
        assert_eq!(sampling, [(2, 1), (1, 1), (1, 1)]);
        let luma: Vec<u16> = (1..=64).collect();
        assert_eq!(structure.components[0].table.as_slice(), luma);
        assert_eq!(structure.components[1].table[63], 128);
    }

    #[test]
    fn only_progressive_files_hold_their_coefficients() {
        let file = numbered();
        let mut structure = Jpeg::parse(&file).unwrap().structure;
        assert_eq!(structure.coefficient_bytes(), 0);
        structure.process = Process::Progressive;
        // 4:2:2, so twice as many samples as pixels.
        assert_eq!(structure.coefficient_bytes(), 30 * 20 * 2 * 2);
    }

    #[test]
    fn the_end_is_seen() {
        let file = numbered();
        let appendix = [file.as_slice(), b"second picture"].concat();
        for (name, bytes, is_ended) in [
            ("whole", &file[..], true),
            ("without its end", &file[..file.len() - 2], false),
            ("with an appendix", &appendix, true),
        ] {
            let jpeg = Jpeg::parse(bytes).unwrap();
            assert_eq!(jpeg.is_ended, is_ended, "{name}");
        }
    }

    #[test]
    fn segments_are_bounded() {
        let file = numbered();
        let idle = b"\xff\xdd\0\x04\0\0".repeat(MAX_SEGMENTS);
        let many = [&file[..2], &idle, &file[2..]].concat();
        let error = Jpeg::parse(&many).unwrap_err();
        assert_eq!(error.reason(), "corrupt");
    }
}
