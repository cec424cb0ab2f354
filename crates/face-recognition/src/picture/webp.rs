//! Holds a WebP file's claims about its own parts against its length. The decoder would set
//! aside what a part claims to have, up to four gigabytes, before it reads any of it.

/// The file up to the end that it states, if each of its chunks lies within.
pub(super) fn within(file: &[u8]) -> Option<&[u8]> {
    let end = usize::try_from(number(file, 4)?).ok()?.checked_add(8)?;
    let file = file.get(..end)?;
    let mut at = 12;
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

fn number(file: &[u8], at: usize) -> Option<u32> {
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

    proptest::proptest! {
        #[test]
        fn any_bytes_are_judged(bytes: Vec<u8>) {
            let _ = within(&bytes);
        }
    }
}
