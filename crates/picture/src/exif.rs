//! EXIF: the orientation is read, and the block is passed on as it is true of the result. Broken
//! EXIF counts as none; it never fails a photo that can be seen.

use exif::{In, Reader, Tag};

use crate::orientation::{Orientation, Pose};

/// Reads the orientation from an EXIF block, with or without its `Exif\0\0` prefix.
pub(crate) fn orientation(block: &[u8]) -> Orientation {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    Reader::new()
        .continue_on_error(true)
        .read_raw(tiff.to_vec())
        .or_else(|error| error.distill_partial_result(|_ignored| {}))
        .ok()
        .and_then(|exif| {
            exif.get_field(Tag::Orientation, In::PRIMARY)?
                .value
                .get_uint(0)
        })
        .map_or(Orientation::Upright, Orientation::from_exif)
}

/// The block that tells an orientation and nothing else.
pub(crate) fn orientation_alone(orientation: Orientation) -> Vec<u8> {
    let head = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
    let tail = [orientation.to_exif(), 0, 0, 0, 0, 0, 0];
    [head.as_slice(), &tail].concat()
}

/// The same block for a result that lies like this, without its thumbnail, which shows no marks.
/// `None` if it is broken.
pub(crate) fn passed_on(block: &[u8], pose: Pose) -> Option<Vec<u8>> {
    let mut block = block.to_vec();
    let start = if block.starts_with(PREFIX) {
        PREFIX.len()
    } else {
        0
    };
    let mut tiff = Tiff::of(&mut block[start..])?;
    let directory = tiff.long(4)?;
    let count = tiff.short(directory)?;
    let entry = |number: u16| directory + 2 + 12 * usize::from(number);
    for at in (0..count).map(entry) {
        match tiff.short(at)? {
            ORIENTATION => {
                let value = [
                    Number::Short(3),
                    Number::Long(1),
                    Number::Short(pose.orientation.to_exif().into()),
                    Number::Short(0),
                ];
                tiff.set(at + 2, &value)?;
            }
            DETAILS if pose.is_sideways => {
                let details = tiff.long(at + 8)?;
                tiff.swap_sides(details);
            }
            _ => {}
        }
    }
    // Some files end before this.
    if let Some(thumbnail) = tiff.long(entry(count)).filter(|&at| at > 0) {
        let end = entry(count);
        let heads = |bytes: &[u8]| [bytes[..8].to_vec(), bytes[directory..end].to_vec()];
        let before = heads(tiff.bytes);
        tiff.clear_picture(thumbnail);
        // A directory that follows itself, or an offset that is none.
        if heads(tiff.bytes) != before {
            return None;
        }
        tiff.set(end, &[Number::Long(0)])?;
    }
    Some(block)
}

const PREFIX: &[u8] = b"Exif\0\0";
const ORIENTATION: u16 = 0x0112;
/// The directory of details about the shot.
const DETAILS: u16 = 0x8769;
const WIDTH: u16 = 0xa002;
const HEIGHT: u16 = 0xa003;
/// Offset and length of a picture: as JPEG, and as plain rows.
const PICTURES: [(u16, u16); 2] = [(0x0201, 0x0202), (0x0111, 0x0117)];

/// Numbers in a TIFF file.
struct Tiff<'a> {
    bytes: &'a mut [u8],
    is_big_endian: bool,
}

impl<'a> Tiff<'a> {
    fn of(bytes: &'a mut [u8]) -> Option<Self> {
        let is_big_endian = match bytes.first_chunk()? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Self {
            bytes,
            is_big_endian,
        })
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    /// An offset or a length.
    fn long(&self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        let number = if self.is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        };
        usize::try_from(number).ok()
    }

    fn set(&mut self, at: usize, numbers: &[Number]) -> Option<()> {
        let length = numbers.iter().map(Number::length).sum::<usize>();
        let mut place = self.bytes.get_mut(at..)?.get_mut(..length)?;
        for number in numbers {
            let (to, rest) = place.split_at_mut(number.length());
            match (number, self.is_big_endian) {
                (Number::Short(number), true) => to.copy_from_slice(&number.to_be_bytes()),
                (Number::Short(number), false) => to.copy_from_slice(&number.to_le_bytes()),
                (Number::Long(number), true) => to.copy_from_slice(&number.to_be_bytes()),
                (Number::Long(number), false) => to.copy_from_slice(&number.to_le_bytes()),
            }
            place = rest;
        }
        Some(())
    }

    /// Where `tag` stands in a directory.
    fn find(&self, directory: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(directory)?);
        let mut entries = (0..count).map(|number| directory + 2 + 12 * number);
        entries.find(|&at| self.short(at) == Some(tag))
    }

    /// Lets width and height change places.
    fn swap_sides(&mut self, directory: usize) {
        let places = [WIDTH, HEIGHT].map(|tag| self.find(directory, tag));
        let [Some(width), Some(height)] = places else {
            return;
        };
        // All of an entry but its tag.
        for byte in 2..12 {
            if width.max(height) + byte < self.bytes.len() {
                self.bytes.swap(width + byte, height + byte);
            }
        }
    }

    /// Empties the directory of a picture, and overwrites the picture.
    fn clear_picture(&mut self, directory: usize) {
        for tags in PICTURES {
            let number = |tag| self.long(self.find(directory, tag)? + 8);
            if let (Some(start), Some(length)) = (number(tags.0), number(tags.1)) {
                self.fill(start, length);
            }
        }
        self.clear(directory);
    }

    fn fill(&mut self, start: usize, length: usize) {
        if let Some(bytes) = self.bytes.get_mut(start..start.saturating_add(length)) {
            bytes.fill(0);
        }
    }

    /// Empties a directory, if there is one, and overwrites the values that its entries point to.
    fn clear(&mut self, directory: usize) {
        let count = usize::from(self.short(directory).unwrap_or(0));
        for at in (0..count).map(|number| directory + 2 + 12 * number) {
            let (Some(kind), Some(many)) = (self.short(at + 2), self.long(at + 4)) else {
                return;
            };
            let length = many.saturating_mul(width(kind));
            if length > 4
                && let Some(start) = self.long(at + 8)
            {
                self.fill(start, length);
            }
        }
        self.fill(directory, 2 + 12 * count);
    }
}

/// Bytes of a value of this type.
fn width(kind: u16) -> usize {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 => 4,
        5 | 10 | 12 => 8,
        _ => 1,
    }
}

enum Number {
    Short(u16),
    Long(u32),
}

impl Number {
    fn length(&self) -> usize {
        match self {
            Self::Short(_) => 2,
            Self::Long(_) => 4,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The smallest EXIF block that states an orientation, in the given byte order.
    pub(crate) fn block(value: u16, big_endian: bool) -> Vec<u8> {
        let short = |n: u16| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let long = |n: u32| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let mut tiff = Vec::new();
        tiff.extend(if big_endian { b"MM" } else { b"II" });
        tiff.extend(short(42));
        tiff.extend(long(8)); // where the directory begins
        tiff.extend(short(1)); // entries
        tiff.extend(short(0x0112));
        tiff.extend(short(3)); // type SHORT
        tiff.extend(long(1));
        tiff.extend(short(value));
        tiff.extend(short(0));
        tiff.extend(long(0)); // no further directory
        tiff
    }

    #[test]
    fn both_byte_orders_and_the_prefix_are_read() {
        for value in 1..=8 {
            let expected = Orientation::from_exif(u32::from(value));
            assert_eq!(
                orientation(&block(value, false)),
                expected,
                "little {value}"
            );
            assert_eq!(orientation(&block(value, true)), expected, "big {value}");
            let prefixed = [b"Exif\0\0".as_slice(), &block(value, true)].concat();
            assert_eq!(orientation(&prefixed), expected, "prefixed {value}");
        }
    }

    #[test]
    fn broken_blocks_mean_upright() {
        let cut = &block(6, true)[..16];
        let mut endless = block(6, true);
        let end = endless.len();
        endless[end - 4..].copy_from_slice(&8u32.to_be_bytes()); // a directory that follows itself
        for (name, bytes) in [
            ("empty", &b""[..]),
            ("noise", b"not exif at all"),
            ("cut", cut),
        ] {
            assert_eq!(orientation(bytes), Orientation::Upright, "{name}");
        }
        // Readable in spite of its defect.
        assert_eq!(orientation(&endless), Orientation::Clockwise, "endless");
    }

    /// Of a picture that was turned upright.
    const TURNED: Pose = Pose {
        orientation: Orientation::Upright,
        is_sideways: true,
    };

    #[test]
    fn what_is_passed_on_tells_how_the_result_lies() {
        for big_endian in [false, true] {
            let before = [PREFIX, &block(6, big_endian)].concat();
            let after = passed_on(&before, TURNED).unwrap();
            assert_eq!(after, [PREFIX, &block(1, big_endian)].concat());
            let stored = Pose::stored(Orientation::Clockwise);
            assert_eq!(passed_on(&before, stored).unwrap(), before);
        }
        assert_eq!(passed_on(b"not exif at all", TURNED), None);
        assert_eq!(passed_on(&block(6, true)[..16], TURNED), None);
    }

    #[test]
    fn an_orientation_can_be_told_alone() {
        for value in 1..=8 {
            let expected = Orientation::from_exif(value);
            assert_eq!(orientation(&orientation_alone(expected)), expected);
        }
    }

    /// Orientation and details with width and height, then a directory of a thumbnail behind it.
    fn detailed() -> Vec<u8> {
        let mut tiff = b"MM\0*\0\0\0\x08\0\x02".to_vec();
        tiff.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x08\0\0");
        tiff.extend(b"\x87\x69\0\x04\0\0\0\x01\0\0\0\x26");
        tiff.extend(b"\0\0\0\x44");
        assert_eq!(tiff.len(), 0x26);
        tiff.extend(b"\0\x02\xa0\x02\0\x03\0\0\0\x01\x10\0\0\0");
        tiff.extend(b"\xa0\x03\0\x04\0\0\0\x01\0\0\x20\0\0\0\0\0");
        assert_eq!(tiff.len(), 0x44);
        tiff.extend(b"\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x62");
        tiff.extend(b"\x02\x02\0\x04\0\0\0\x01\0\0\0\x05\0\0\0\0");
        assert_eq!(tiff.len(), 0x62);
        tiff.extend(b"smalluntouched");
        tiff
    }

    #[test]
    fn thumbnails_are_overwritten() {
        let pose = Pose::upright(Orientation::Upright);
        let after = passed_on(&detailed(), pose).unwrap();
        assert_eq!(after[34..38], [0; 4], "no further directory");
        assert_eq!(after[0x26..0x44], detailed()[0x26..0x44], "the details");
        assert_eq!(after[0x44..], [&[0; 0x23][..], b"untouched"].concat());
        assert_eq!(orientation(&after), Orientation::Upright);
    }

    #[test]
    fn a_directory_that_is_its_own_thumbnail_is_broken() {
        for (name, at, place) in [
            ("the first one", 34, 8_u32),
            ("a part of it", 34, 12),
            ("a picture in the header", 0x4e, 0),
        ] {
            let mut tiff = detailed();
            tiff[at..at + 4].copy_from_slice(&place.to_be_bytes());
            let stored = Pose::stored(Orientation::CounterClockwise);
            for pose in [stored, TURNED] {
                assert_eq!(passed_on(&tiff, pose), None, "{name}");
            }
        }
    }

    #[test]
    fn width_and_height_are_turned_with_the_picture() {
        let after = passed_on(&detailed(), TURNED).unwrap();
        assert_eq!(after[0x2a..0x34], *b"\0\x04\0\0\0\x01\0\0\x20\0");
        assert_eq!(after[0x36..0x40], *b"\0\x03\0\0\0\x01\x10\0\0\0");
    }
}
