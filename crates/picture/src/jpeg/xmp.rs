//! XMP in its segments: a packet in one of them, and an extension in many where that is too long.
//!
//! A packet names its extension by a digest of the content (XMP specification, part 3, 1.1.3.1). So
//! an extension is kept as it is, or not at all.

use super::segments::{EXIF, Segment, write};
use crate::orientation::Orientation;
use crate::xmp::{find, holds_picture, passed_on};

pub(crate) const NAME: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
pub(crate) const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// Bytes of the digest, in letters.
const DIGEST: usize = 32;

/// Writes the packets in `metadata` for a result with this orientation, and their extensions.
pub(crate) fn write_xmp(metadata: &[Segment<'_>], orientation: Orientation, file: &mut Vec<u8>) {
    let payloads = metadata
        .iter()
        .filter(|segment| segment.marker == EXIF)
        .map(|segment| segment.payload);
    let packets = payloads.clone().filter_map(|it| it.strip_prefix(NAME));
    for packet in packets.filter_map(|packet| passed_on(packet, orientation)) {
        write(EXIF, &[NAME, &packet].concat(), file);
        let parts = payloads.clone().filter_map(Part::of);
        let own = parts.filter(|part| find(&packet, part.digest).is_some());
        write_extension(&own.collect::<Vec<_>>(), file);
    }
}

/// Writes an extension, unless it holds a picture, which shows no marks.
fn write_extension(parts: &[Part<'_>], file: &mut Vec<u8>) {
    let mut ordered = parts.to_vec();
    ordered.sort_by_key(|part| part.offset);
    let contents: Vec<_> = ordered.iter().map(|part| part.content).collect();
    if !holds_picture(&contents.concat()) {
        for part in parts {
            write(EXIF, part.payload, file);
        }
    }
}

/// The part of an extension that one segment holds.
#[derive(Clone, Copy)]
struct Part<'f> {
    payload: &'f [u8],
    digest: &'f [u8],
    /// Where the content begins in that of the extension.
    offset: u32,
    content: &'f [u8],
}

impl<'f> Part<'f> {
    fn of(payload: &'f [u8]) -> Option<Self> {
        let rest = payload.strip_prefix(EXTENSION)?;
        let (digest, rest) = rest.split_at_checked(DIGEST)?;
        let (_length, rest) = rest.split_first_chunk::<4>()?;
        let (offset, content) = rest.split_first_chunk()?;
        Some(Self {
            payload,
            digest,
            offset: u32::from_be_bytes(*offset),
            content,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "0123456789ABCDEF0123456789ABCDEF";
    const OTHER: &str = "FEDCBA9876543210FEDCBA9876543210";

    fn packet(extension: &str) -> Vec<u8> {
        let note = format!("<x xmpNote:HasExtendedXMP=\"{extension}\"/>");
        [NAME, note.as_bytes()].concat()
    }

    fn part(digest: &str, offset: u32, content: &str) -> Vec<u8> {
        let place = [[0, 0, 0, 99], offset.to_be_bytes()].concat();
        [EXTENSION, digest.as_bytes(), &place, content.as_bytes()].concat()
    }

    /// The payloads of which something is written.
    fn written(payloads: &[Vec<u8>]) -> Vec<u8> {
        let segments = payloads.iter().map(|payload| Segment {
            marker: EXIF,
            payload,
        });
        let mut file = Vec::new();
        write_xmp(
            &segments.collect::<Vec<_>>(),
            Orientation::Upright,
            &mut file,
        );
        file
    }

    fn whole(payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut file = Vec::new();
        for payload in payloads {
            write(EXIF, payload, &mut file);
        }
        file
    }

    #[test]
    fn an_extension_goes_with_the_packet_that_names_it() {
        let own = [packet(OWN), part(OWN, 0, "<a "), part(OWN, 3, "b='c'/>")];
        assert_eq!(written(&own), whole(&own));
        let foreign = [packet(OWN), part(OTHER, 0, "<a/>")];
        assert_eq!(written(&foreign), whole(&foreign[..1]));
        assert_eq!(written(&own[1..]), b"", "without a packet");
    }

    #[test]
    fn an_extension_with_a_picture_is_left_behind() {
        let (first, second) = (part(OWN, 0, "<a GImage:"), part(OWN, 10, "Data='/9j/'/>"));
        for parts in [[first.clone(), second.clone()], [second, first]] {
            let payloads = [&[packet(OWN)][..], &parts].concat();
            assert_eq!(written(&payloads), whole(&[packet(OWN)]));
        }
    }

    #[test]
    fn any_extension_is_read() {
        for length in 0..part(OWN, 0, "").len() {
            let cut = part(OWN, 0, "")[..length].to_vec();
            assert_eq!(written(&[packet(OWN), cut]), whole(&[packet(OWN)]));
        }
    }
}
