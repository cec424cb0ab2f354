//! A file, and what is answered to it.

/// A file, and the status and reason that its event is answered with.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) file: Vec<u8>,
    pub(super) expected: (u16, &'static str),
}

pub(super) const FINE: (u16, &str) = (200, "");
pub(super) const TOO_MANY: (u16, &str) = (413, "too_many_pixels");
pub(super) const CORRUPT: (u16, &str) = (422, "corrupt");
pub(super) const NONE: (u16, &str) = (422, "not_a_picture");
pub(super) const CUT: (u16, &str) = (422, "truncated");
pub(super) const EMPTY: (u16, &str) = (422, "empty_picture");
pub(super) const FOREIGN: (u16, &str) = (415, "unsupported_format");
pub(super) const ANIMATED: (u16, &str) = (415, "animated");

pub(super) fn case(
    name: &'static str,
    file: impl Into<Vec<u8>>,
    expected: (u16, &'static str),
) -> Case {
    Case {
        name,
        file: file.into(),
        expected,
    }
}
