//! The one thing wanted of EXIF: which way is up. Broken EXIF is no EXIF; it never fails a
//! photo that can be seen.

use exif::{In, Reader, Tag};

use super::Orientation;

/// Reads the orientation from an EXIF block, with or without its `Exif\0\0` prefix.
pub(super) fn orientation(block: &[u8]) -> Orientation {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The smallest EXIF block that states an orientation, in the given byte order.
    pub(in crate::picture) fn block(value: u16, big_endian: bool) -> Vec<u8> {
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

    proptest::proptest! {
        #[test]
        fn any_bytes_have_an_orientation(bytes: Vec<u8>) {
            let _ = orientation(&bytes);
        }
    }
}
