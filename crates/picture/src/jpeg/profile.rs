//! The colour profile, which a file brings in parts of 64 KiB.

use super::segments::{ICC_PROFILE, Segment, write};

/// Profiles longer than this are left out. The largest CMYK profiles have 2 MB.
const MAX_BYTES: usize = 4 << 20;

const NAME: &[u8] = b"ICC_PROFILE\0";

/// The parts of a profile, in order.
#[derive(Debug)]
pub(crate) struct Profile<'f> {
    parts: Vec<&'f [u8]>,
}

impl<'f> Profile<'f> {
    /// The profile in `metadata`, if all of its parts are there, and each once.
    pub(crate) fn of(metadata: &[Segment<'f>]) -> Option<Self> {
        let mut parts: Vec<_> = metadata.iter().filter_map(part).collect();
        parts.sort_by_key(|&(number, ..)| number);
        let count = u8::try_from(parts.len()).ok()?;
        let is_whole = (1..=count)
            .zip(&parts)
            .all(|(expected, &(number, of, _))| number == expected && of == count);
        let size: usize = parts.iter().map(|(.., data)| data.len()).sum();
        (is_whole && (1..=MAX_BYTES).contains(&size)).then(|| Self {
            parts: parts.into_iter().map(|(.., data)| data).collect(),
        })
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.parts.concat()
    }

    /// Writes it as the segments that it came in.
    pub(crate) fn write(&self, file: &mut Vec<u8>) {
        let count = u8::try_from(self.parts.len()).unwrap_or(u8::MAX);
        for (number, part) in (1..=count).zip(&self.parts) {
            let payload = [NAME, &[number, count], part].concat();
            write(ICC_PROFILE, &payload, file);
        }
    }
}

/// The number of a part, how many there are, and its data.
fn part<'f>(segment: &Segment<'f>) -> Option<(u8, u8, &'f [u8])> {
    if segment.marker != ICC_PROFILE {
        return None;
    }
    match segment.payload.strip_prefix(NAME)? {
        &[number, of, ref data @ ..] => Some((number, of, data)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of a part, how many there are, and its data.
    type Part<'p> = (u8, u8, &'p [u8]);

    /// Its name, the parts, and the profile that they make.
    type Case<'p> = (&'p str, &'p [Part<'p>], Option<&'p [u8]>);

    fn found(parts: &[Part<'_>]) -> Option<Vec<u8>> {
        let payloads: Vec<_> = parts
            .iter()
            .map(|&(number, of, data)| [NAME, &[number, of], data].concat())
            .collect();
        let segment = |payload| Segment {
            marker: ICC_PROFILE,
            payload,
        };
        let segments: Vec<_> = payloads.iter().map(|bytes| segment(bytes)).collect();
        Profile::of(&segments).map(|profile| profile.bytes())
    }

    #[test]
    fn profiles_are_whole_or_left_out() {
        let large = vec![0; MAX_BYTES + 1];
        let cases: [Case<'_>; 8] = [
            ("none", &[], None),
            ("one part", &[(1, 1, b"abc")], Some(b"abc")),
            ("two parts", &[(1, 2, b"abc"), (2, 2, b"d")], Some(b"abcd")),
            (
                "the second first",
                &[(2, 2, b"d"), (1, 2, b"abc")],
                Some(b"abcd"),
            ),
            ("a part is missing", &[(1, 2, b"abc")], None),
            (
                "a part comes twice",
                &[(1, 2, b"abc"), (1, 2, b"abc")],
                None,
            ),
            ("numbers begin with 0", &[(0, 1, b"abc")], None),
            ("too large", &[(1, 1, &large)], None),
        ];
        for (name, parts, expected) in cases {
            assert_eq!(found(parts).as_deref(), expected, "{name}");
        }
    }
}
