//! Foreign text, made fit for an error message: one printable line of bounded length.

use std::fmt::{self, Write as _};

/// Prints `text` with control characters escaped, cut after `limit` characters.
pub(crate) struct Shown<'a> {
    pub(crate) text: &'a str,
    pub(crate) limit: usize,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.text.chars().enumerate() {
            if index == self.limit {
                return f.write_char('…');
            }
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_cut_and_kept_on_one_line() {
        let show = |text, limit| Shown { text, limit }.to_string();
        assert_eq!(show("a\r\nb\u{1b}é", 10), r"a\r\nb\u{1b}é");
        assert_eq!(show("äöü", 2), "äö…");
        assert_eq!(show("äöü", 3), "äöü");
    }
}
