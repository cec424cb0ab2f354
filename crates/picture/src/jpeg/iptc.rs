//! IPTC: captions and credits, which a file brings in a resource of Photoshop. The resources beside
//! it are left behind: one is a thumbnail, which shows no marks.

use super::segments::{PHOTOSHOP, Segment, write};

pub(crate) const NAME: &[u8] = b"Photoshop 3.0\0";

/// The number of the resource.
const IPTC: [u8; 2] = [4, 4];

/// The most bytes of resources in a segment.
const MAX_BYTES: usize = 0xfffd - NAME.len();

/// Writes the IPTC resources in `metadata`.
pub(crate) fn write_iptc(metadata: &[Segment<'_>], file: &mut Vec<u8>) {
    let parts = metadata
        .iter()
        .filter(|segment| segment.marker == PHOTOSHOP)
        .filter_map(|segment| segment.payload.strip_prefix(NAME));
    // One resource may go on in the next segment.
    let resources = parts.collect::<Vec<_>>().concat();
    let mut rest = resources.as_slice();
    let mut kept = Vec::new();
    while let Some((number, length)) = resource(rest) {
        let (whole, behind) = rest.split_at(length.min(rest.len()));
        if number == IPTC {
            kept.extend(whole);
        }
        rest = behind;
    }
    for part in kept.chunks(MAX_BYTES) {
        write(PHOTOSHOP, &[NAME, part].concat(), file);
    }
}

/// The number of the first resource, and the bytes that it takes.
fn resource(bytes: &[u8]) -> Option<([u8; 2], usize)> {
    let [b'8', b'B', b'I', b'M', high, low, length, ..] = *bytes else {
        return None;
    };
    // A name with its length, and the content behind its own, each filled up to an even length.
    let name = (1 + usize::from(length)).next_multiple_of(2);
    let content = bytes.get(6 + name..)?.first_chunk()?;
    let content = usize::try_from(u32::from_be_bytes(*content)).ok()?;
    let length = (6 + name + 4).checked_add(content.checked_next_multiple_of(2)?)?;
    Some(([high, low], length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource_of(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let filling = &[0][..content.len() % 2];
        [
            &b"8BIM\x04"[..],
            &[number],
            b"\x03abc",
            &length,
            content,
            filling,
        ]
        .concat()
    }

    fn written(parts: &[&[u8]]) -> Vec<u8> {
        let payloads: Vec<_> = parts.iter().map(|part| [NAME, part].concat()).collect();
        let segments = payloads.iter().map(|payload| Segment {
            marker: PHOTOSHOP,
            payload,
        });
        let mut file = Vec::new();
        write_iptc(&segments.collect::<Vec<_>>(), &mut file);
        file
    }

    #[test]
    fn captions_are_kept_and_thumbnails_left_behind() {
        let (thumbnail, caption) = (resource_of(12, b"small"), resource_of(4, b"A hand!"));
        let all = [thumbnail.as_slice(), &caption].concat();
        let mut expected = Vec::new();
        write(PHOTOSHOP, &[NAME, &caption].concat(), &mut expected);
        assert_eq!(written(&[&all]), expected);
        assert_eq!(written(&[&all[..20], &all[20..]]), expected, "in two parts");
        assert_eq!(written(&[&thumbnail]), b"");
    }

    #[test]
    fn long_captions_take_several_segments() {
        let caption = resource_of(4, &vec![7; 100_000]);
        let file = written(&[&caption[..50_000], &caption[50_000..]]);
        assert_eq!(file.len(), caption.len() + 2 * (4 + NAME.len()));
    }

    #[test]
    fn any_resources_are_read() {
        for broken in [
            &b"8BIM\x04\x04\xff"[..],
            b"8BIM\x04\x04\0\0\xff\xff\xff\xff",
            b"8BIM",
            b"",
        ] {
            let _ = written(&[broken]);
        }
    }
}
