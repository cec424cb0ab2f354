//! The `Range` header as OSS takes it: one range, and an invalid one counts for nothing.

use std::ops::Range;

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n` for an object of `size` bytes; `None` for
/// whatever is not one valid range within it.
pub(crate) fn parse(text: &str, size: u64) -> Option<Range<u64>> {
    match RangeForm::of(text)? {
        RangeForm::Last(count) => (1..=size).contains(&count).then(|| size - count..size),
        RangeForm::From(first, None) => (first < size).then_some(first..size),
        RangeForm::From(first, Some(last)) => (last < size).then(|| first..last + 1),
    }
}

/// No byte of the object is in the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsatisfiable;

/// Reads the same as RFC 9110 has it, which clients choose by `x-oss-range-behavior: standard`:
/// a range may reach beyond the object. `None` for what is not one range.
///
/// # Errors
/// [`Unsatisfiable`].
pub(crate) fn parse_standard(text: &str, size: u64) -> Result<Option<Range<u64>>, Unsatisfiable> {
    let range = match RangeForm::of(text) {
        None => return Ok(None),
        Some(RangeForm::Last(count)) => size.saturating_sub(count)..size,
        Some(RangeForm::From(first, last)) => {
            first..last.map_or(size, |last| size.min(last.saturating_add(1)))
        }
    };
    if range.is_empty() {
        return Err(Unsatisfiable);
    }
    Ok(Some(range))
}

/// One range, whatever the size of the object.
enum RangeForm {
    /// From one byte up to and including another, or to the end.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

impl RangeForm {
    fn of(text: &str) -> Option<Self> {
        match text.trim().strip_prefix("bytes=")?.split_once('-')? {
            ("", count) => number(count).map(Self::Last),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }
}

/// A number beyond every size is as good as the largest.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_valid_range_is_taken_and_everything_else_is_not() {
        let cases = [
            ("bytes=0-4", Some(0..5)),
            ("bytes=3-", Some(3..10)),
            ("bytes=-3", Some(7..10)),
            ("bytes=-10", Some(0..10)),
            ("bytes=-11", None),
            ("bytes=9-9", Some(9..10)),
            ("bytes=-0", None),
            ("bytes=10-", None),
            ("bytes=0-10", None),
            ("bytes=5-4", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("bytes=0-1,3-4", None),
            ("bytes=0-99999999999999999999", None),
            ("items=0-4", None),
            ("0-4", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, 10), expected, "{text}");
        }
    }

    #[test]
    fn the_standard_cuts_a_range_at_the_end_of_the_object() {
        let cases = [
            ("bytes=0-4", Ok(Some(0..5))),
            ("bytes=5-30", Ok(Some(5..10))),
            ("bytes=0-99999999999999999999", Ok(Some(0..10))),
            ("bytes=-3", Ok(Some(7..10))),
            ("bytes=-30", Ok(Some(0..10))),
            ("bytes=9-", Ok(Some(9..10))),
            ("bytes=-0", Err(Unsatisfiable)),
            ("bytes=10-", Err(Unsatisfiable)),
            ("bytes=10-30", Err(Unsatisfiable)),
            ("bytes=5-4", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("items=0-4", Ok(None)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_standard(text, 10), expected, "{text}");
        }
        assert_eq!(parse_standard("bytes=0-", 0), Err(Unsatisfiable));
        assert_eq!(parse("bytes=0-", 0), None);
        assert_eq!(parse("bytes=-1", 0), None);
    }

    proptest! {
        #[test]
        fn a_range_never_leaves_the_object(text in "(bytes=)?[-0-9,+ ]{0,24}", size in any::<u64>()) {
            let standard = parse_standard(&text, size).unwrap_or_default();
            for range in [parse(&text, size), standard].into_iter().flatten() {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
