//! The colour space of a file. Files do not say; all programs follow the rule of libjpeg.

use super::frame::Component;
use super::segments::{ADOBE, JFIF, Segment};
use crate::colour::Space;
use crate::error::PictureError;

/// Where Adobe's segment names the transform of its colours.
const TRANSFORM_AT: usize = 11;

/// By the number of components, then by JFIF, then by Adobe's segment, then by the names of the
/// components.
pub(crate) fn space(
    components: &[Component],
    metadata: &[Segment<'_>],
) -> Result<Space, PictureError> {
    let adobe = metadata.iter().rev().find_map(adobe_transform);
    match components {
        [_] => Ok(Space::Grey),
        [one, two, three] => Ok(if metadata.iter().any(is_jfif) {
            Space::YCbCr
        } else {
            match (adobe, [one.id, two.id, three.id]) {
                (Some(0), _) | (None, [b'R', b'G', b'B']) => Space::Rgb,
                _ => Space::YCbCr,
            }
        }),
        [_, _, _, _] => Ok(match adobe {
            None | Some(0) => Space::Cmyk,
            Some(_) => Space::Ycck,
        }),
        _ => Err(PictureError::Unsupported {
            what: "multi-band JPEG",
        }),
    }
}

/// Whether this is JFIF's segment; one that is too short is not.
pub(crate) fn is_jfif(segment: &Segment<'_>) -> bool {
    segment.marker == JFIF && segment.payload.len() >= 14 && segment.payload.starts_with(b"JFIF\0")
}

/// The number with which Adobe's segment names a transform; one that is too short is none.
pub(crate) fn adobe_transform(segment: &Segment<'_>) -> Option<u8> {
    let is_adobe = segment.marker == ADOBE && segment.payload.starts_with(b"Adobe");
    let transform = segment.payload.get(TRANSFORM_AT).copied();
    transform.filter(|_| is_adobe)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    const IDS: [u8; 4] = [1, 2, 3, 4];

    /// Behind its marker.
    type Payload<'p> = (u8, &'p [u8]);

    fn found(ids: &[u8], segments: &[Payload<'_>]) -> Space {
        let component = |&id| Component {
            id,
            horizontal: 1,
            vertical: 1,
            table: [1; 64],
        };
        let components: Vec<_> = ids.iter().map(component).collect();
        let segment = |&(marker, payload)| Segment { marker, payload };
        let metadata: Vec<_> = segments.iter().map(segment).collect();
        space(&components, &metadata).unwrap()
    }

    fn adobe(transform: u8) -> Vec<u8> {
        [b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat()
    }

    #[test]
    fn colours_are_decided_as_libjpeg_decides() {
        let [zero, one, two, nine] = [0, 1, 2, 9].map(adobe);
        let jfif = (JFIF, LONG);
        let cases: [(&str, &[u8], &[Payload<'_>], Space); 17] = [
            ("one", &IDS[..1], &[(ADOBE, &zero)], Space::Grey),
            ("numbers", &IDS[..3], &[], Space::YCbCr),
            ("letters", b"RGB", &[], Space::Rgb),
            ("other names", b"abc", &[], Space::YCbCr),
            ("JFIF", &IDS[..3], &[jfif], Space::YCbCr),
            ("JFIF and letters", b"RGB", &[jfif], Space::YCbCr),
            (
                "JFIF and Adobe 0",
                &IDS[..3],
                &[jfif, (ADOBE, &zero)],
                Space::YCbCr,
            ),
            (
                "JFIF and Adobe 2",
                &IDS[..3],
                &[jfif, (ADOBE, &two)],
                Space::YCbCr,
            ),
            (
                "short JFIF",
                &IDS[..3],
                &[(JFIF, &LONG[..13]), (ADOBE, &zero)],
                Space::Rgb,
            ),
            ("Adobe 0", &IDS[..3], &[(ADOBE, &zero)], Space::Rgb),
            (
                "Adobe 1 and letters",
                b"RGB",
                &[(ADOBE, &one)],
                Space::YCbCr,
            ),
            ("Adobe 9", &IDS[..3], &[(ADOBE, &nine)], Space::YCbCr),
            ("short Adobe", b"RGB", &[(ADOBE, &one[..11])], Space::Rgb),
            ("four", &IDS, &[], Space::Cmyk),
            ("four, Adobe 0", &IDS, &[(ADOBE, &zero)], Space::Cmyk),
            ("four, Adobe 2", &IDS, &[jfif, (ADOBE, &two)], Space::Ycck),
            ("four, Adobe 9", &IDS, &[(ADOBE, &nine)], Space::Ycck),
        ];
        for (name, ids, segments, expected) in cases {
            assert_eq!(found(ids, segments), expected, "{name}");
        }
    }
}
