//! The `Range` header as OSS takes it: one range, and an invalid one counts for nothing.

use std::ops::Range;

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n` for an object of `size` bytes; `None` for
/// whatever is not one valid range within it.
pub(crate) fn parse(text: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    if size == 0 {
        return None;
    }
    if first.is_empty() {
        let count = number(last)?;
        return (count > 0).then(|| size.saturating_sub(count)..size);
    }
    let first = number(first)?;
    let last = if last.is_empty() {
        size - 1
    } else {
        number(last)?
    };
    (first <= last && last < size).then(|| first..last + 1)
}

fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
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
            ("bytes=-30", Some(0..10)),
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

    proptest! {
        #[test]
        fn a_range_never_leaves_the_object(text in "(bytes=)?[-0-9,+ ]{0,24}", size in any::<u64>()) {
            if let Some(range) = parse(&text, size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
