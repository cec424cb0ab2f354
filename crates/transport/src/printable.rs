//! Text of strangers as it may be printed: on one line, in reading order, nothing hidden.
//!
//! A line end or an escape sequence in an object's key would forge lines of a log or take over
//! the terminal that shows it; characters that turn the direction of writing or have no width
//! would show another text than is there.

use std::fmt::{self, Write as _};

/// Whether a character does something else than to be seen.
#[must_use]
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Prints a text with such characters escaped, `\n` or `\u{202e}`.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a> {
    text: &'a str,
    most_chars: usize,
}

impl<'a> Printable<'a> {
    /// The whole text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self::cut(text, usize::MAX)
    }

    /// The text, cut after `most_chars` characters.
    #[must_use]
    pub fn cut(text: &'a str, most_chars: usize) -> Self {
        Self { text, most_chars }
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.text.chars().enumerate() {
            if index == self.most_chars {
                return f.write_char('…');
            }
            if is_unprintable(character) {
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
    fn what_cannot_be_seen_is_escaped() {
        let table = [
            ("plain", "人脸 😀 a\\b.jpg", "人脸 😀 a\\b.jpg"),
            ("line ends", "a\r\nb", r"a\r\nb"),
            (
                "terminal",
                "\u{1b}[2J\u{9b}1m\u{7f}",
                r"\u{1b}[2J\u{9b}1m\u{7f}",
            ),
            (
                "direction",
                "gpj.\u{202e}a\u{2066}",
                r"gpj.\u{202e}a\u{2066}",
            ),
            ("separators", "a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}"),
            (
                "no width",
                "\u{200b}\u{feff}\u{ad}",
                r"\u{200b}\u{feff}\u{ad}",
            ),
            ("tags", "\u{e0041}", r"\u{e0041}"),
        ];
        for (name, text, expected) in table {
            assert_eq!(Printable::new(text).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn text_is_cut_by_characters() {
        assert_eq!(Printable::cut("äöü", 2).to_string(), "äö…");
        assert_eq!(Printable::cut("äöü", 3).to_string(), "äöü");
    }
}
