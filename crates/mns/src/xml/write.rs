//! Writing a request body.
//!
//! Escapes markup, and carriage returns, which a reader would otherwise turn into
//! line feeds. Characters that XML 1.0 has no way to carry, not even escaped, are an error.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use bytes::Bytes;
use thiserror::Error;

const NAMESPACE: &str = "http://mns.aliyuncs.com/doc/v1/";

/// A text holds a character that XML 1.0 cannot carry; encode it, in base64 say. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the text holds U+{:04X} at byte {offset}, which XML cannot carry", u32::from(*character))]
pub struct ForbiddenCharacter {
    /// The character.
    pub character: char,
    /// Where it is in the text, in bytes.
    pub offset: usize,
}

/// The text as element content; borrowed when nothing needs escaping.
fn escape(text: &str) -> Result<Cow<'_, str>, ForbiddenCharacter> {
    let mut escaped = String::new();
    let mut copied = 0;
    for (offset, character) in text.char_indices() {
        let Some(replacement) = replacement(character, offset)? else {
            continue;
        };
        escaped.push_str(&text[copied..offset]);
        escaped.push_str(replacement);
        copied = offset + character.len_utf8();
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(text));
    }
    escaped.push_str(&text[copied..]);
    Ok(Cow::Owned(escaped))
}

/// The escape of a character, if it needs one (XML 1.0, production 2).
fn replacement(character: char, offset: usize) -> Result<Option<&'static str>, ForbiddenCharacter> {
    match character {
        '&' => Ok(Some("&amp;")),
        '<' => Ok(Some("&lt;")),
        '>' => Ok(Some("&gt;")),
        '\r' => Ok(Some("&#13;")),
        '\t' | '\n' => Ok(None),
        '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => Err(ForbiddenCharacter { character, offset }),
        _ => Ok(None),
    }
}

/// A request body with the root element `root`.
pub(crate) fn body(
    root: &str,
    content: impl FnOnce(&mut Elements) -> Result<(), ForbiddenCharacter>,
) -> Result<Bytes, ForbiddenCharacter> {
    let head = format!(r#"<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{NAMESPACE}">"#);
    let mut elements = Elements(head);
    content(&mut elements)?;
    elements.close(root);
    Ok(Bytes::from(elements.0))
}

/// The inside of an element being written.
pub(crate) struct Elements(String);

impl Elements {
    /// Adds an element with text.
    pub(crate) fn text(&mut self, name: &str, text: &str) -> Result<(), ForbiddenCharacter> {
        let text = escape(text)?;
        self.plain(name, text);
        Ok(())
    }

    /// Adds an element whose text is known to need no escaping, if there is a value.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.plain(name, value);
        }
    }

    /// Adds an element with elements inside.
    pub(crate) fn nested(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut Self) -> Result<(), ForbiddenCharacter>,
    ) -> Result<(), ForbiddenCharacter> {
        self.open(name);
        content(self)?;
        self.close(name);
        Ok(())
    }

    fn plain(&mut self, name: &str, value: impl Display) {
        self.open(name);
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{value}");
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        self.0.extend(["<", name, ">"]);
    }

    fn close(&mut self, name: &str) {
        self.0.extend(["</", name, ">"]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::{Document, Leniency};

    fn read_back(text: &str) -> String {
        let document = body("Message", |elements| elements.text("MessageBody", text)).unwrap();
        let (mut reader, root) = Document::open(&document, Leniency::Strict).unwrap();
        assert_eq!(root.local(), "Message");
        let mut found = None;
        reader
            .children(|reader, _name| {
                found = Some(reader.text()?.into_owned());
                Ok::<_, crate::xml::ParseError>(())
            })
            .unwrap();
        found.unwrap()
    }

    #[test]
    fn markup_and_line_ends_survive() {
        for text in [
            "",
            " ",
            "a<b>&c;]]>",
            "\r\n\t",
            "\r",
            "&#13;",
            "<![CDATA[x]]>",
            "人脸 \u{1F600} \u{85}",
        ] {
            assert_eq!(read_back(text), text, "{text:?}");
        }
    }

    #[test]
    fn character_that_xml_cannot_carry_is_named() {
        for (text, character, offset) in [
            ("a\0", '\0', 1),
            ("é\x1B", '\x1B', 2),
            ("\u{FFFF}", '\u{FFFF}', 0),
        ] {
            assert_eq!(
                escape(text),
                Err(ForbiddenCharacter { character, offset }),
                "{text:?}"
            );
        }
        let shown = escape("a\x01").unwrap_err().to_string();
        assert_eq!(
            shown,
            "the text holds U+0001 at byte 1, which XML cannot carry"
        );
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(
            escape("eyJldmVudHMiOltdfQ=="),
            Ok(Cow::Borrowed(_))
        ));
    }

    proptest! {
        #[test]
        fn any_text_survives_or_is_refused(text in any::<String>()) {
            match escape(&text) {
                Ok(_) => prop_assert_eq!(read_back(&text), text),
                Err(refusal) => prop_assert!(text[refusal.offset..].starts_with(refusal.character)),
            }
        }
    }
}
