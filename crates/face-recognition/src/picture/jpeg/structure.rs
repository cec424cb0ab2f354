//! A walk over the markers of a JPEG file: what the encoder must know to make the like of it,
//! and whether the file is whole. Decodes nothing and allocates next to nothing.

use super::super::{Format, Orientation, PictureError};

/// How one colour component is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    /// What scan headers call it.
    pub(super) id: u8,
    pub(super) horizontal: u8,
    pub(super) vertical: u8,
    /// Which of the quantisation tables it uses.
    pub(super) table: u8,
}

impl Component {
    /// Blocks in a unit of a scan that has more components, across and down.
    pub(super) fn blocks(self) -> (u32, u32) {
        (self.horizontal.into(), self.vertical.into())
    }
}

/// Steps of quantisation in rows of eight, not in zigzag order.
pub(super) type Table = [u16; 64];

/// What the markers say.
#[derive(Debug, Default)]
pub(super) struct Structure<'a> {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    pub(super) tables: [Option<Table>; 4],
    pub(super) exif: Option<&'a [u8]>,
    /// Scans, up to the end marker.
    pub(super) scans: u32,
    /// An end marker was found after the picture data.
    pub(super) complete: bool,
}

pub(super) const START_OF_IMAGE: u8 = 0xd8;
pub(super) const END_OF_IMAGE: u8 = 0xd9;
pub(super) const START_OF_SCAN: u8 = 0xda;
pub(super) const QUANTISATION: u8 = 0xdb;
pub(super) const HUFFMAN: u8 = 0xc4;
pub(super) const RESTART_INTERVAL: u8 = 0xdd;
const APP1: u8 = 0xe1;

/// Position in natural order of each step of the zigzag.
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

impl<'a> Structure<'a> {
    /// Walks from the start marker to the end marker of the first picture in the file; cameras
    /// append further ones.
    pub(super) fn parse(file: &'a [u8]) -> Result<Self, PictureError> {
        let mut structure = Self::default();
        let mut rest = file;
        while let Some((marker, after)) = next_marker(rest) {
            rest = after;
            match marker {
                START_OF_IMAGE | 0x01 | 0xd0..=0xd7 => {} // No payload.
                END_OF_IMAGE => {
                    structure.complete = structure.scans > 0;
                    break;
                }
                _ => {
                    let Some((payload, after)) = segment(rest) else {
                        break;
                    };
                    rest = after;
                    structure.read(marker, payload)?;
                    structure.scans += u32::from(marker == START_OF_SCAN);
                }
            }
        }
        if structure.components.is_empty() {
            return Err(PictureError::Truncated {
                format: Format::Jpeg,
            });
        }
        Ok(structure)
    }

    /// The finest sampling of any component, across and down.
    pub(super) fn sampling(&self) -> (u8, u8) {
        let finest = |of: fn(&Component) -> u8| self.components.iter().map(of).max().unwrap_or(1);
        (finest(|one| one.horizontal), finest(|one| one.vertical))
    }

    /// Whether all components have one scan.
    pub(super) fn is_interleaved(&self) -> bool {
        self.progressive || self.scans <= 1
    }

    /// That of the same picture stored upright, without what does not bear on its blocks.
    pub(super) fn turned(&self, orientation: Orientation) -> Structure<'static> {
        let is_sideways = orientation.is_sideways();
        let (width, height) = swapped(is_sideways, (self.width, self.height));
        let components = self.components.iter().map(|&one| {
            let sampling = swapped(is_sideways, (one.horizontal, one.vertical));
            let (horizontal, vertical) = sampling;
            Component {
                horizontal,
                vertical,
                ..one
            }
        });
        Structure {
            width,
            height,
            progressive: self.progressive,
            components: components.collect(),
            tables: self.tables.map(|table| {
                let table = table?;
                Some(if is_sideways {
                    transposed(&table)
                } else {
                    table
                })
            }),
            exif: None,
            scans: 1,
            complete: self.complete,
        }
    }

    /// Memory for the coefficients of a progressive file, two bytes each: all of them are held
    /// beside the pixels until the last scan. A baseline file needs a few rows.
    pub(super) fn coefficient_bytes(&self) -> u64 {
        if !self.progressive {
            return 0;
        }
        let samples = |one: &Component| u64::from(one.horizontal) * u64::from(one.vertical);
        let full = self
            .components
            .iter()
            .map(samples)
            .max()
            .unwrap_or(1)
            .max(1);
        let all: u64 = self.components.iter().map(samples).sum();
        2 * u64::from(self.width) * u64::from(self.height) * all / full
    }

    fn read(&mut self, marker: u8, payload: &'a [u8]) -> Result<(), PictureError> {
        match marker {
            QUANTISATION => self.read_tables(payload),
            APP1 if payload.starts_with(b"Exif\0\0") && self.scans == 0 => {
                self.exif.get_or_insert(payload);
            }
            0xc0..=0xc2 if self.components.is_empty() => {
                self.progressive = marker == 0xc2;
                return self.read_frame(payload);
            }
            0xc3 | 0xc5..=0xc7 => {
                return Err(PictureError::Unsupported {
                    what: "lossless or hierarchical JPEG",
                });
            }
            0xc9..=0xcb | 0xcd..=0xcf => {
                return Err(PictureError::Unsupported {
                    what: "arithmetic-coded JPEG",
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn read_frame(&mut self, payload: &[u8]) -> Result<(), PictureError> {
        let [bits, h1, h0, w1, w0, count, components @ ..] = payload else {
            return Err(PictureError::corrupt(
                Format::Jpeg,
                "its frame header is too short",
            ));
        };
        if *bits != 8 {
            return Err(PictureError::Unsupported {
                what: "12-bit JPEG",
            });
        }
        self.height = u16::from_be_bytes([*h1, *h0]);
        self.width = u16::from_be_bytes([*w1, *w0]);
        self.components = components
            .as_chunks::<3>()
            .0
            .iter()
            .take(usize::from(*count))
            .map(|&[id, sampling, table]| Component {
                id,
                horizontal: sampling >> 4,
                vertical: sampling & 15,
                table: table & 3,
            })
            .collect();
        Ok(())
    }

    /// Reads as many tables as the payload holds; a later one replaces an earlier one.
    fn read_tables(&mut self, mut payload: &[u8]) {
        while let Some((&kind, steps)) = payload.split_first() {
            let wide = kind >> 4 != 0;
            let Some((steps, after)) = steps.split_at_checked(if wide { 128 } else { 64 }) else {
                return;
            };
            let mut table = [0; 64];
            for (index, &place) in ZIGZAG.iter().enumerate() {
                table[place] = if wide {
                    u16::from_be_bytes([steps[2 * index], steps[2 * index + 1]])
                } else {
                    steps[index].into()
                };
            }
            self.tables[usize::from(kind & 3)] = Some(table);
            payload = after;
        }
    }
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

/// The next marker and what follows it. Skips picture data and garbage alike: in picture data
/// a 0xff that is not a marker is followed by zero.
pub(super) fn next_marker(mut rest: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = rest.iter().position(|&byte| byte == 0xff)?;
        rest = &rest[at + 1..];
        match rest.first()? {
            0 | 0xff => {} // Stuffing, or filling before a marker.
            &marker => return Some((marker, &rest[1..])),
        }
    }
}

/// The payload of a segment, led by its length.
pub(super) fn segment(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
    rest.split_at_checked(length)
}

#[cfg(test)]
pub(super) mod tests {
    use jpeg_encoder::{ColorType, Encoder, QuantizationTableType, SamplingFactor};

    use super::*;

    /// Luma steps 1 to 64, chroma steps twice that, 4:2:2.
    pub(in crate::picture::jpeg) fn numbered() -> Vec<u8> {
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
        assert!(structure.complete && !structure.progressive);
        assert_eq!(structure.exif, Some(&b"Exif\0\0MM"[..]));
        let sampling: Vec<_> = structure
            .components
            .iter()
            .map(|one| (one.horizontal, one.vertical))
            .collect();
        assert_eq!(sampling, [(2, 1), (1, 1), (1, 1)]);
        let luma: Vec<u16> = (1..=64).collect();
        assert_eq!(structure.tables[0].unwrap().as_slice(), luma);
        assert_eq!(structure.tables[1].unwrap()[63], 128);
    }

    #[test]
    fn only_progressive_files_hold_their_coefficients() {
        let file = numbered();
        let mut structure = Structure::parse(&file).unwrap();
        assert_eq!(structure.coefficient_bytes(), 0);
        structure.progressive = true;
        // 4:2:2, so twice as many samples as pixels.
        assert_eq!(structure.coefficient_bytes(), 30 * 20 * 2 * 2);
    }

    #[test]
    fn whole_means_ended() {
        let file = numbered();
        for (name, bytes, complete) in [
            ("whole", file.clone(), true),
            ("without its end", file[..file.len() - 2].to_vec(), false),
            (
                "with an appendix",
                [file.as_slice(), b"second picture"].concat(),
                true,
            ),
        ] {
            assert_eq!(
                Structure::parse(&bytes).unwrap().complete,
                complete,
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
