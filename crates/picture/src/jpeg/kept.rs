//! Which metadata of a file its result keeps, and in which form: the segments that decide how
//! pixels are shown, and no others.

use super::colour::{adobe_transform, is_jfif};
use super::profile::Profile;
use super::segments::{ADOBE, EXIF, ICC_PROFILE, JFIF, Segment, write};

/// Whether a segment is of any use: for the result, or to know which way is up.
pub(crate) fn counts(segment: &Segment<'_>) -> bool {
    let begins =
        |marker, name: &[u8]| segment.marker == marker && segment.payload.starts_with(name);
    is_jfif(segment)
        || adobe_transform(segment).is_some()
        || begins(EXIF, b"Exif\0\0")
        || begins(ICC_PROFILE, b"ICC_PROFILE\0")
}

/// Writes the part of `metadata` that is kept. `is_sideways` if width and height change places.
pub(crate) fn write_metadata(metadata: &[Segment<'_>], is_sideways: bool, file: &mut Vec<u8>) {
    for segment in metadata {
        match segment.payload.first_chunk() {
            Some(head) if is_jfif(segment) => write(JFIF, &jfif(*head, is_sideways), file),
            Some(head) if adobe_transform(segment).is_some() => write(ADOBE, head, file),
            _ => {}
        }
    }
    if let Some(profile) = Profile::of(metadata) {
        profile.write(file);
    }
}

/// The version and the resolution; then there may be a picture in small.
fn jfif(head: [u8; 12], is_sideways: bool) -> [u8; 14] {
    let [j, f, i, f2, zero, major, minor, unit, x1, x0, y1, y0] = head;
    let [x1, x0, y1, y0] = if is_sideways {
        [y1, y0, x1, x0]
    } else {
        [x1, x0, y1, y0]
    };
    [j, f, i, f2, zero, major, minor, unit, x1, x0, y1, y0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_are_turned_and_small_pictures_left_out() {
        let payload = b"JFIF\0\x01\x02\x01\0\x48\0\x60\x09\x09 and a small picture";
        let segment = Segment {
            marker: JFIF,
            payload,
        };
        let cases = [(false, b"\0\x48\0\x60"), (true, b"\0\x60\0\x48")];
        for (is_sideways, expected) in cases {
            let mut result = Vec::new();
            write_metadata(&[segment], is_sideways, &mut result);
            assert_eq!(result[..4], [0xff, 0xe0, 0, 16], "sideways: {is_sideways}");
            assert_eq!(&result[12..16], expected, "sideways: {is_sideways}");
            assert_eq!(result[16..], [0, 0], "sideways: {is_sideways}");
        }
    }
}
