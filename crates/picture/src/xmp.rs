//! XMP: passed on as it is true of the result.

use std::borrow::Cow;

use crate::orientation::Orientation;

const ORIENTATION: &[u8] = b"tiff:Orientation";

/// What holds another picture, which shows no marks: a thumbnail, or the photo as it was before a
/// camera worked on it.
const PICTURES: [&[u8]; 2] = [b"xmpGImg:image", b"GImage:Data"];

/// The element of thumbnails, from its beginning to its end.
const THUMBNAILS: [&[u8]; 2] = [b"<xmp:Thumbnails", b"</xmp:Thumbnails>"];

/// The same packet for a result with this orientation, without thumbnails. `None` if it still
/// holds a picture: the whole packet is left behind.
pub(crate) fn passed_on(packet: &[u8], orientation: Orientation) -> Option<Vec<u8>> {
    let mut packet = without_thumbnails(packet).into_owned();
    if holds_picture(&packet) {
        return None;
    }
    let mut at = 0;
    while let Some(found) = find(&packet[at..], ORIENTATION) {
        at += found + ORIENTATION.len();
        // As an attribute or as an element.
        if let [b'=', b'"' | b'\'', value @ b'1'..=b'8', ..] | [b'>', value @ b'1'..=b'8', ..] =
            &mut packet[at..]
        {
            *value = b'0' + orientation.to_exif();
        }
    }
    Some(packet)
}

/// Whether there is a picture in a packet, or in the extension of one.
pub(crate) fn holds_picture(packet: &[u8]) -> bool {
    PICTURES.iter().any(|name| find(packet, name).is_some())
}

fn without_thumbnails(packet: &[u8]) -> Cow<'_, [u8]> {
    let cut = || {
        let start = find(packet, THUMBNAILS[0])?;
        let end = start + find(&packet[start..], THUMBNAILS[1])? + THUMBNAILS[1].len();
        Some([&packet[..start], &packet[end..]].concat())
    };
    cut().map_or(Cow::Borrowed(packet), Cow::Owned)
}

/// Where `what` begins in `text`.
pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(packet: &str, orientation: Orientation) -> Option<String> {
        let made = passed_on(packet.as_bytes(), orientation)?;
        Some(String::from_utf8(made).unwrap())
    }

    #[test]
    fn only_the_orientation_is_changed() {
        for (before, after) in [
            ("<a tiff:Orientation=\"6\"/>", "<a tiff:Orientation=\"1\"/>"),
            (
                "<a tiff:Orientation='8' b='8'/>",
                "<a tiff:Orientation='1' b='8'/>",
            ),
            (
                "<tiff:Orientation>3</tiff:Orientation>",
                "<tiff:Orientation>1</tiff:Orientation>",
            ),
            ("<a tiff:Orientation", "<a tiff:Orientation"),
            ("", ""),
        ] {
            assert_eq!(made(before, Orientation::Upright).unwrap(), after);
        }
        let stored = "<a tiff:Orientation=\"6\"/>";
        assert_eq!(made(stored, Orientation::Clockwise).unwrap(), stored);
    }

    #[test]
    fn thumbnails_are_cut_out() {
        let thumbnails = "<xmp:Thumbnails><rdf:Alt><rdf:li xmpGImg:image=\"/9j/4AAQ\"/></rdf:Alt>\
                          </xmp:Thumbnails>";
        let packet = format!("<x><dc:creator>A hand</dc:creator>{thumbnails}</x>");
        let expected = "<x><dc:creator>A hand</dc:creator></x>";
        assert_eq!(made(&packet, Orientation::Upright).unwrap(), expected);
    }

    #[test]
    fn other_pictures_are_not_passed_on() {
        for packet in [
            "<xmpGImg:image>/9j/4AAQ</xmpGImg:image>",
            "<x GImage:Data=\"/9j/4AAQ\"/>",
            "<xmp:Thumbnails xmpGImg:image=\"/9j/4AAQ",
        ] {
            assert_eq!(made(packet, Orientation::Upright), None, "{packet}");
        }
    }
}
