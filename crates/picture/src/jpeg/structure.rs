//! What the markers of a JPEG file say of its picture: enough to read it, and to make the like of
//! it. Reads no picture data and allocates next to nothing.

use super::colour;
use super::frame::{Frame, Process, Raw};
use super::kept;
use super::scan_header::{PartHeader, ScanHeader};
use super::segments::{
    END_OF_IMAGE, EXIF, HUFFMAN, QUANTISATION, RESTART_INTERVAL, START_OF_SCAN, Segment, Segments,
    corrupt, truncated,
};
use crate::colour::Space;
use crate::{Orientation, PictureError};

/// The most segments of metadata that are remembered. A profile takes 255 at most.
const MAX_METADATA: usize = 1000;

/// The most blocks in a unit of a scan that has several components.
const MAX_BLOCKS: u32 = 10;

/// How one colour component is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    /// What scan headers call it.
    pub(super) id: u8,
    pub(super) horizontal: u8,
    pub(super) vertical: u8,
    pub(super) table: Table,
}

impl Component {
    /// Blocks in a unit of a scan that has more components, across and down.
    pub(super) fn blocks(self) -> (u32, u32) {
        (self.horizontal.into(), self.vertical.into())
    }
}

/// Steps of quantisation in rows of eight, not in zigzag order.
pub(super) type Table = [u16; 64];

/// The largest first step of a block, in either direction: that of black and white, and a few more
/// for encoders that weigh what rounding costs.
pub(super) fn most_brightness(table: &Table) -> u32 {
    1024 / u32::from(table[0].max(1)) + 4
}

/// What the markers say.
#[derive(Debug)]
pub(super) struct Structure<'f> {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) process: Process,
    /// One, three or four, whose sampling factors divide the largest of them.
    pub(super) components: Vec<Component>,
    pub(super) space: Space,
    /// The segments of metadata before the first scan, as far as they count.
    pub(super) metadata: Vec<Segment<'f>>,
    /// The end marker is there.
    pub(super) is_ended: bool,
}

/// Position in natural order of each step of the zigzag.
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

impl<'f> Structure<'f> {
    /// Walks from the start marker to the end marker of the first picture in the file; cameras
    /// append further ones.
    ///
    /// # Errors
    /// What cannot be read, be it damaged or unusual.
    pub(super) fn parse(file: &'f [u8]) -> Result<Self, PictureError> {
        let mut walk = Walk::default();
        let mut segments = Segments::of(file);
        while let Some(segment) = segments.next()? {
            if segment.marker == END_OF_IMAGE {
                walk.is_ended = true;
                break;
            }
            walk.read(segment)?;
        }
        walk.finish()
    }

    /// EXIF, if there is any.
    pub(super) fn exif(&self) -> Option<&'f [u8]> {
        let mut metadata = self.metadata.iter();
        Some(metadata.find(|segment| segment.marker == EXIF)?.payload)
    }

    /// Whether blocks can be read one after the other.
    pub(super) fn is_sequential(&self) -> bool {
        self.process != Process::Progressive
    }

    /// The finest sampling of any component, across and down.
    pub(super) fn sampling(&self) -> (u8, u8) {
        finest(
            self.components
                .iter()
                .map(|one| (one.horizontal, one.vertical)),
        )
    }

    /// Whether all components fit into one scan.
    pub(super) fn can_be_one_scan(&self) -> bool {
        let blocks = |one: &Component| u32::from(one.horizontal) * u32::from(one.vertical);
        self.components.iter().map(blocks).sum::<u32>() <= MAX_BLOCKS
    }

    /// That of the same picture stored upright in one scan.
    pub(super) fn turned(&self, orientation: Orientation) -> Self {
        let is_sideways = orientation.is_sideways();
        let (width, height) = swapped(is_sideways, (self.width, self.height));
        let components = self.components.iter().map(|&one| {
            let sampling = swapped(is_sideways, (one.horizontal, one.vertical));
            let (horizontal, vertical) = sampling;
            let table = if is_sideways {
                transposed(&one.table)
            } else {
                one.table
            };
            Component {
                horizontal,
                vertical,
                table,
                ..one
            }
        });
        Self {
            width,
            height,
            components: components.collect(),
            metadata: self.metadata.clone(),
            ..*self
        }
    }

    /// That of the same picture without anything that says what its colours mean.
    pub(super) fn bare(&self) -> Self {
        let mut bare = self.turned(Orientation::Upright);
        bare.metadata.clear();
        for (id, component) in (1..).zip(&mut bare.components) {
            component.id = id;
        }
        bare
    }

    /// Memory for the coefficients of a progressive file, two bytes each: all of them are held
    /// beside the pixels until the last scan. A sequential file needs a few rows.
    pub(super) fn coefficient_bytes(&self) -> u64 {
        if self.is_sequential() {
            return 0;
        }
        2 * self.samples()
    }

    /// Samples of all components, those that fill up the last units not counted.
    pub(super) fn samples(&self) -> u64 {
        let (horizontal, vertical) = self.sampling();
        let samples = |one: &Component| u64::from(one.horizontal) * u64::from(one.vertical);
        let all: u64 = self.components.iter().map(samples).sum();
        let full = u64::from(horizontal) * u64::from(vertical);
        u64::from(self.width) * u64::from(self.height) * all / full.max(1)
    }
}

/// What the segments so far have said.
#[derive(Default)]
struct Walk<'f> {
    frame: Option<Frame>,
    tables: [Option<Table>; 4],
    /// The table of each component, which is the one that held when its first scan began.
    latched: Vec<Option<Table>>,
    metadata: Vec<Segment<'f>>,
    has_scans: bool,
    is_ended: bool,
}

impl<'f> Walk<'f> {
    fn read(&mut self, segment: Segment<'f>) -> Result<(), PictureError> {
        match (segment.marker, &self.frame) {
            (QUANTISATION, _) => self.read_tables(segment.payload),
            (marker @ 0xc0..=0xc2, None) => {
                let frame = Frame::read(marker, segment.payload)?;
                self.latched = vec![None; frame.components.len()];
                self.frame = Some(frame);
                Ok(())
            }
            (0xc0..=0xc2, Some(_)) => Err(corrupt("it has a second frame header")),
            (START_OF_SCAN, None) => Err(corrupt("a scan comes before the frame header")),
            (START_OF_SCAN, Some(frame)) => {
                let header = ScanHeader::read(segment.payload, frame.ids())?;
                let raw = |part: &PartHeader| &frame.components[part.component];
                let blocks = header
                    .parts
                    .iter()
                    .map(|part| raw(part).blocks())
                    .sum::<u32>();
                if header.parts.len() > 1 && blocks > MAX_BLOCKS {
                    return Err(corrupt(format!("a unit of it has {blocks} blocks")));
                }
                for part in &header.parts {
                    let table = self.tables[usize::from(raw(part).selector)];
                    let missing = || corrupt("a quantisation table is missing");
                    let latched = &mut self.latched[part.component];
                    *latched = Some(latched.or(table).ok_or_else(missing)?);
                }
                self.has_scans = true;
                Ok(())
            }
            (HUFFMAN | RESTART_INTERVAL, _) => Ok(()),
            _ => {
                if !self.has_scans && self.metadata.len() < MAX_METADATA && kept::counts(&segment) {
                    self.metadata.push(segment);
                }
                Ok(())
            }
        }
    }

    /// Reads as many tables as the payload holds; a later one replaces an earlier one.
    fn read_tables(&mut self, mut payload: &[u8]) -> Result<(), PictureError> {
        while let Some((&kind, steps)) = payload.split_first() {
            let (is_wide, number) = (kind >> 4 != 0, usize::from(kind & 15));
            let (Some((steps, after)), Some(to)) = (
                steps.split_at_checked(if is_wide { 128 } else { 64 }),
                self.tables.get_mut(number),
            ) else {
                return Err(corrupt("its quantisation tables are damaged"));
            };
            let mut table = [0; 64];
            for (index, &place) in ZIGZAG.iter().enumerate() {
                table[place] = if is_wide {
                    u16::from_be_bytes([steps[2 * index], steps[2 * index + 1]])
                } else {
                    steps[index].into()
                };
            }
            *to = Some(table);
            payload = after;
        }
        Ok(())
    }

    fn finish(self) -> Result<Structure<'f>, PictureError> {
        let is_ended = self.is_ended;
        let incomplete = |what| if is_ended { corrupt(what) } else { truncated() };
        let frame = self
            .frame
            .ok_or_else(|| incomplete("it holds no picture"))?;
        let component = |(raw, table): (&Raw, Option<Table>)| {
            Ok(Component {
                id: raw.id,
                horizontal: raw.horizontal,
                vertical: raw.vertical,
                table: table.ok_or_else(|| incomplete("a component has no picture data"))?,
            })
        };
        let components = frame.components.iter().zip(self.latched).map(component);
        let components: Vec<_> = components.collect::<Result<_, PictureError>>()?;
        Ok(Structure {
            width: frame.width,
            height: frame.height,
            process: frame.process,
            space: colour::space(&components, &self.metadata)?,
            components,
            metadata: self.metadata,
            is_ended,
        })
    }
}

pub(super) fn finest(samplings: impl Iterator<Item = (u8, u8)>) -> (u8, u8) {
    samplings.fold((1, 1), |(h, v), (horizontal, vertical)| {
        (h.max(horizontal), v.max(vertical))
    })
}

/// The other way round if `is_sideways`.
pub(super) fn swapped<T>(is_sideways: bool, (one, other): (T, T)) -> (T, T) {
    if is_sideways {
        (other, one)
    } else {
        (one, other)
    }
}

/// The table of a picture that is turned sideways.
pub(super) fn transposed(table: &Table) -> Table {
    std::array::from_fn(|place| table[place % 8 * 8 + place / 8])
}

#[cfg(test)]
pub(super) mod tests {
    use jpeg_encoder::{ColorType, Encoder, QuantizationTableType, SamplingFactor};

    use super::*;

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
        encoder.add_exif_metadata(b"MM").unwrap();
        encoder
            .encode(&[90; 30 * 20 * 3], 30, 20, ColorType::Rgb)
            .unwrap();
        file
    }

    #[test]
    fn markers_tell_how_a_file_was_made() {
        let file = numbered();
        let structure = Structure::parse(&file).unwrap();
        assert_eq!((structure.width, structure.height), (30, 20));
        assert!(structure.is_ended);
        assert_eq!(structure.process, Process::Baseline);
        assert_eq!(structure.exif(), Some(&b"Exif\0\0MM"[..]));
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
        let mut structure = Structure::parse(&file).unwrap();
        assert_eq!(structure.coefficient_bytes(), 0);
        structure.process = Process::Progressive;
        // 4:2:2, so twice as many samples as pixels.
        assert_eq!(structure.coefficient_bytes(), 30 * 20 * 2 * 2);
    }

    #[test]
    fn the_end_is_seen() {
        let file = numbered();
        for (name, bytes, is_ended) in [
            ("whole", file.clone(), true),
            ("without its end", file[..file.len() - 2].to_vec(), false),
            (
                "with an appendix",
                [file.as_slice(), b"second picture"].concat(),
                true,
            ),
        ] {
            assert_eq!(
                Structure::parse(&bytes).unwrap().is_ended,
                is_ended,
                "{name}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_walked_to_an_end(bytes: Vec<u8>, cut in 0_usize..900) {
            let _ = Structure::parse(&bytes);
            let file = numbered();
            let _ = Structure::parse(&file[..cut.min(file.len())]);
            let _ = Structure::parse(&[&b"\xff\xd8\xff\xc0"[..], &bytes].concat());
            let _ = Structure::parse(&[&b"\xff\xd8\xff\xdb"[..], &bytes].concat());
        }
    }
}
