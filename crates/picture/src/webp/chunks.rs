//! The chunks of a WebP file, and the numbers in them.

use super::{CHUNK_HEADER, FILE_HEADER};

pub(super) fn canvas(data: &[u8]) -> Option<(u32, u32)> {
    Some((short(data, 4)? + 1, short(data, 7)? + 1))
}

/// Offset and size of a frame, the former in pairs of pixels, the latter less one; and its chunks.
pub(super) fn frame_header(frame: &[u8]) -> Option<([u32; 4], &[u8])> {
    let numbers = [
        short(frame, 0)?,
        short(frame, 3)?,
        short(frame, 6)?,
        short(frame, 9)?,
    ];
    Some((numbers, frame.get(16..)?))
}

/// Width and height of lossy pixels: behind the tag of the frame and the start code, without the
/// bits that say how to enlarge them.
pub(super) fn lossy_size(data: &[u8]) -> Option<[u16; 2]> {
    let &[a, b, c, d] = data.get(6..)?.first_chunk()?;
    Some([[a, b], [c, d]].map(|side| u16::from_le_bytes(side) & 0x3fff))
}

/// A number of three bytes.
fn short(data: &[u8], at: usize) -> Option<u32> {
    let &[a, b, c] = data.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

pub(super) fn chunks(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let kind = *rest.first_chunk()?;
        let length = usize::try_from(number(rest, 4)?).ok()?;
        let data = rest.get(CHUNK_HEADER..)?.get(..length)?;
        rest = rest
            .get(CHUNK_HEADER + length + length % 2..)
            .unwrap_or_default();
        Some((kind, data))
    })
}

pub(super) fn write_chunk(kind: [u8; 4], data: &[u8], to: &mut Vec<u8>) {
    to.extend(kind);
    to.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    to.extend(data);
    to.resize(to.len().next_multiple_of(2), 0);
}

/// The file up to the end that it states, if each of its chunks lies within.
pub(super) fn within(file: &[u8]) -> Option<&[u8]> {
    let end = usize::try_from(number(file, 4)?).ok()?.checked_add(8)?;
    let file = file.get(..end)?;
    let mut at = FILE_HEADER;
    while at < end {
        let length = usize::try_from(number(file, at + 4)?).ok()?;
        let next = at.checked_add(8)?.checked_add(length)?;
        if next > end {
            return None;
        }
        at = next + length % 2; // The last one's padding is often missing.
    }
    Some(file)
}

pub(super) fn number(file: &[u8], at: usize) -> Option<u32> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(claim: u32, chunks: &[(u32, usize)]) -> Vec<u8> {
        let mut file = [b"RIFF".as_slice(), &claim.to_le_bytes(), b"WEBP"].concat();
        for &(claim, length) in chunks {
            file.extend(b"VP8 ");
            file.extend(claim.to_le_bytes());
            file.resize(file.len() + length, 0);
        }
        file
    }

    #[test]
    fn claims_are_held_against_the_length() {
        let cases = [
            ("one chunk", file(16, &[(4, 4)]), Some(24)),
            (
                "two, one of them odd",
                file(26, &[(3, 4), (2, 2)]),
                Some(34),
            ),
            ("without the last padding", file(15, &[(3, 3)]), Some(23)),
            ("with an appendix", file(16, &[(4, 99)]), Some(24)),
            ("a chunk too long", file(16, &[(5, 4)]), None),
            (
                "a chunk as long as can be",
                file(16, &[(u32::MAX, 4)]),
                None,
            ),
            ("half a chunk header", file(15, &[(4, 4)]), None),
            ("longer than it is", file(17, &[(4, 4)]), None),
            ("as long as can be", file(u32::MAX, &[(4, 4)]), None),
            ("nothing", vec![], None),
        ];
        for (name, file, expected) in cases {
            assert_eq!(within(&file).map(<[u8]>::len), expected, "{name}");
        }
    }
}
