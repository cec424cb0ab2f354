//! XMP: passed on as it is true of the result.

const ORIENTATION: &[u8] = b"tiff:Orientation";

/// The same packet for a picture that is upright. `None` if it holds a thumbnail, which shows no
/// marks: the whole packet is left behind.
pub(crate) fn upright(packet: &[u8]) -> Option<Vec<u8>> {
    if find(packet, b"xmpGImg:image").is_some() {
        return None;
    }
    let mut packet = packet.to_vec();
    let mut at = 0;
    while let Some(found) = find(&packet[at..], ORIENTATION) {
        at += found + ORIENTATION.len();
        // As an attribute or as an element.
        if let [b'=', b'"' | b'\'', value @ b'2'..=b'8', ..] | [b'>', value @ b'2'..=b'8', ..] =
            &mut packet[at..]
        {
            *value = b'1';
        }
    }
    Some(packet)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let made = upright(before.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(made).unwrap(), after);
        }
    }

    #[test]
    fn thumbnails_are_not_passed_on() {
        assert_eq!(upright(b"<xmpGImg:image>/9j/4AAQ</xmpGImg:image>"), None);
    }
}
