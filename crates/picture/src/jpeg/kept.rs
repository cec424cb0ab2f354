//! Which metadata of a file its result keeps, and in which form.
//!
//! What decides how pixels are shown is always kept: resolution, kind of colours, colour profile.
//! Descriptions of the photo are kept as they are true of the result, unless they were stripped.

use super::colour::{adobe_transform, is_jfif};
use super::iptc::{self, write_iptc};
use super::profile::Profile;
use super::segments::{ADOBE, COMMENT, EXIF, ICC_PROFILE, JFIF, PHOTOSHOP, Segment, write};
use super::xmp::{self, write_xmp};
use crate::exif;
use crate::orientation::{Orientation, Pose};

const EXIF_NAME: &[u8] = b"Exif\0\0";

/// Whether a segment decides how pixels are shown.
pub(crate) fn decides_display(segment: &Segment<'_>) -> bool {
    is_jfif(segment)
        || adobe_transform(segment).is_some()
        || begins(segment, ICC_PROFILE, b"ICC_PROFILE\0")
}

/// Whether a segment is of any use: for the result, or to know which way is up.
pub(crate) fn counts(segment: &Segment<'_>) -> bool {
    decides_display(segment)
        || is_exif(segment)
        || begins(segment, EXIF, xmp::NAME)
        || begins(segment, EXIF, xmp::EXTENSION)
        || begins(segment, PHOTOSHOP, iptc::NAME)
        || segment.marker == COMMENT
}

pub(crate) fn is_exif(segment: &Segment<'_>) -> bool {
    begins(segment, EXIF, EXIF_NAME)
}

fn begins(segment: &Segment<'_>, marker: u8, name: &[u8]) -> bool {
    segment.marker == marker && segment.payload.starts_with(name)
}

/// Writes the part of `metadata` that is kept, for a result that lies like this.
pub(crate) fn write_metadata(metadata: &[Segment<'_>], pose: Pose, file: &mut Vec<u8>) {
    for segment in metadata {
        match segment.payload.first_chunk() {
            Some(head) if is_jfif(segment) => write(JFIF, &jfif(*head, pose.is_sideways), file),
            Some(head) if adobe_transform(segment).is_some() => write(ADOBE, head, file),
            _ => {}
        }
    }
    write_descriptions(metadata, pose, file);
    if let Some(profile) = Profile::of(metadata) {
        profile.write(file);
    }
}

/// Writes EXIF, XMP, IPTC and comments.
pub(crate) fn write_descriptions(metadata: &[Segment<'_>], pose: Pose, file: &mut Vec<u8>) {
    write_exif(metadata, pose, file);
    write_xmp(metadata, pose.orientation, file);
    for segment in metadata {
        if segment.marker == COMMENT && !segment.payload.is_empty() {
            write(COMMENT, segment.payload, file);
        }
    }
    write_iptc(metadata, file);
}

/// Writes EXIF. A result that must be turned says so even if it says nothing else.
fn write_exif(metadata: &[Segment<'_>], pose: Pose, file: &mut Vec<u8>) {
    let blocks = metadata.iter().filter(|segment| is_exif(segment));
    let mut kept: Vec<_> = blocks
        .filter_map(|block| exif::passed_on(block.payload, pose))
        .collect();
    if kept.is_empty() && pose.orientation != Orientation::Upright {
        kept.push(exif::orientation_alone(pose.orientation));
    }
    for block in kept {
        write(EXIF, &block, file);
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
            let pose = Pose {
                orientation: Orientation::Upright,
                is_sideways,
            };
            write_metadata(&[segment], pose, &mut result);
            assert_eq!(result[..4], [0xff, 0xe0, 0, 16], "sideways: {is_sideways}");
            assert_eq!(&result[12..16], expected, "sideways: {is_sideways}");
            assert_eq!(result[16..], [0, 0], "sideways: {is_sideways}");
        }
    }
}
