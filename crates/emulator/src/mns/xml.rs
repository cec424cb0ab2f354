//! The little XML that MNS speaks: elements, text and one namespace.
//!
//! Reading is strict about well-formedness and indifferent to prefixes and namespaces,
//! because the official SDKs do not agree on the namespace. It knows no document types,
//! no entities but the five of XML, and bounds depth and number of elements, so that a
//! hostile body costs no more than its own length.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// The namespace of everything MNS says.
pub(crate) const NAMESPACE: &str = "http://mns.aliyuncs.com/doc/v1/";

/// The deepest request nests properties in a message in a batch: five levels.
const MAX_DEPTH: usize = 8;
/// Far more than sixteen messages with all their properties need.
const MAX_ELEMENTS: usize = 10_000;

/// One element with what is directly inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Name without prefix.
    pub(crate) name: String,
    /// All text directly inside, unescaped and otherwise exactly as it was sent.
    pub(crate) text: String,
    /// Elements directly inside, in order.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first element of that name directly inside.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first element of that name directly inside.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// The text is not XML, or not XML that MNS would ever be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed XML")]
pub(crate) struct Malformed;

/// Reads a document.
pub(crate) fn parse(document: &[u8]) -> Result<Element, Malformed> {
    let text = std::str::from_utf8(document).map_err(|_| Malformed)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(|_| Malformed)? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.into_inner())?,
            Event::CData(text) => tree.text(&text.into_inner())?,
            Event::GeneralRef(reference) => tree.text(&resolve(&reference)?)?,
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::DocType(_) => return Err(Malformed),
            Event::Eof => return tree.finish(),
        }
    }
}

/// The name of the root element, found without reading the rest; `None` if there is none.
pub(crate) fn root_name(document: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(document).ok()?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => {
                return Some(start.local_name().as_ref().to_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, Malformed> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Malformed)? {
        return Ok(character.to_string());
    }
    let text = quick_xml::escape::resolve_predefined_entity(&reference.borrow().into_inner())
        .ok_or(Malformed)?;
    Ok(text.to_owned())
}

/// The elements that are open, outermost first, and the root once it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Malformed> {
        self.elements += 1;
        let too_much = self.open.len() >= MAX_DEPTH || self.elements > MAX_ELEMENTS;
        let well_formed = start.attributes().all(|attribute| attribute.is_ok());
        if self.root.is_some() || too_much || !well_formed {
            return Err(Malformed);
        }
        let name = start.local_name().as_ref().to_owned();
        self.open.push(Element {
            name,
            ..Element::default()
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Malformed> {
        let element = self.open.pop().ok_or(Malformed)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Malformed> {
        if has(text, may_be_forbidden) && !text.chars().all(is_xml_character) {
            return Err(Malformed);
        }
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.chars().all(char::is_whitespace) => {}
            None => return Err(Malformed),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, Malformed> {
        if self.open.is_empty() {
            self.root.ok_or(Malformed)
        } else {
            Err(Malformed)
        }
    }
}

/// Whether XML 1.0 can carry the character at all, escaped or not.
pub(crate) fn is_xml_character(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a byte can belong to a character that XML cannot carry.
fn may_be_forbidden(byte: u8) -> bool {
    byte < b' ' || byte == 0xef
}

/// Whether there is such a byte. Looks at all of them, because without a way out the compiler takes
/// many at once.
fn has(text: &str, is_such: impl Fn(u8) -> bool) -> bool {
    text.bytes()
        .fold(false, |found, byte| found | is_such(byte))
}

/// Writes a document whose root element is in the MNS namespace.
pub(crate) fn document(root: &str, content: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer {
        text: String::with_capacity(512),
    };
    writer
        .text
        .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.push_all(&["<", root, " xmlns=\"", NAMESPACE, "\">"]);
    content(&mut writer);
    writer.push_all(&["</", root, ">"]);
    writer.text
}

/// Writes what is inside an element.
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    /// An element that holds text only.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.within(name, |writer| writer.text.push_str(&escape(text)));
    }

    /// An element that holds one printed value; the value must need no escaping.
    pub(crate) fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        use std::fmt::Write as _;
        self.within(name, |writer| {
            let _ = write!(writer.text, "{value}");
        });
    }

    /// An element that holds others.
    pub(crate) fn within(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.push_all(&["<", name, ">"]);
        content(self);
        self.push_all(&["</", name, ">"]);
    }

    fn push_all(&mut self, pieces: &[&str]) {
        self.text.extend(pieces.iter().copied());
    }
}

/// Escapes text so that a parser gives it back unchanged. A carriage return is escaped
/// too, because a parser would turn it into a line feed; what XML cannot carry at all
/// becomes U+FFFD.
fn escape(text: &str) -> Cow<'_, str> {
    let is_odd = |byte| may_be_forbidden(byte) || matches!(byte, b'&' | b'<' | b'>');
    if !has(text, is_odd) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            character if is_xml_character(character) => escaped.push(character),
            _ => escaped.push('\u{fffd}'),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests;
