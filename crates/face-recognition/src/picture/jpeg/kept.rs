//! Which segments of a file its result keeps, and in which form.

pub(super) const COMMENT: u8 = 0xfe;

const JFIF: u8 = 0xe0;
const ICC_PROFILE: u8 = 0xe2;
const ADOBE: u8 = 0xee;

/// What a result keeps of metadata.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// The colour profile.
    pub(super) profile: bool,
    /// Width and height change places.
    pub(super) is_sideways: bool,
}

impl Keep {
    /// Writes a segment of metadata as far as it is wanted: what decides how pixels are shown.
    pub(super) fn metadata(self, marker: u8, payload: &[u8], result: &mut Vec<u8>) -> Option<()> {
        match marker {
            JFIF if payload.starts_with(b"JFIF\0") => {
                write(marker, &self.jfif(*payload.first_chunk()?), result)
            }
            ADOBE if payload.starts_with(b"Adobe") => write(marker, payload.get(..12)?, result),
            ICC_PROFILE if self.profile && payload.starts_with(b"ICC_PROFILE\0") => {
                write(marker, payload, result)
            }
            _ => Some(()),
        }
    }

    /// The version and the resolution; then there may be a picture in small.
    fn jfif(self, head: [u8; 12]) -> [u8; 14] {
        let [j, f, i, f2, zero, major, minor, unit, x1, x0, y1, y0] = head;
        let [x1, x0, y1, y0] = if self.is_sideways {
            [y1, y0, x1, x0]
        } else {
            [x1, x0, y1, y0]
        };
        [j, f, i, f2, zero, major, minor, unit, x1, x0, y1, y0, 0, 0]
    }
}

/// Writes a segment.
pub(super) fn write(marker: u8, payload: &[u8], result: &mut Vec<u8>) -> Option<()> {
    let length = u16::try_from(payload.len() + 2).ok()?;
    result.extend([0xff, marker]);
    result.extend(length.to_be_bytes());
    result.extend(payload);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_are_turned_and_small_pictures_left_out() {
        let jfif = b"JFIF\0\x01\x02\x01\0\x48\0\x60\x09\x09 and a small picture";
        let cases = [(false, b"\0\x48\0\x60"), (true, b"\0\x60\0\x48")];
        for (is_sideways, expected) in cases {
            let keep = Keep {
                profile: false,
                is_sideways,
            };
            let mut result = Vec::new();
            keep.metadata(0xe0, jfif, &mut result).unwrap();
            assert_eq!(result[..4], [0xff, 0xe0, 0, 16], "sideways: {is_sideways}");
            assert_eq!(&result[12..16], expected, "sideways: {is_sideways}");
            assert_eq!(result[16..], [0, 0], "sideways: {is_sideways}");
        }
    }
}
