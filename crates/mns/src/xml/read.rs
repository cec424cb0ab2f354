//! A pull reader that walks a document once, element by element.
//!
//! Namespaces and attributes are ignored, because servers and SDKs disagree about them. Unknown
//! elements are skipped.

use std::borrow::Cow;

use memchr::memchr2;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use thiserror::Error;

use transport::BoxError;

/// MNS nests three deep. A document that nests much deeper is not from MNS, and costs memory.
const MAX_DEPTH: usize = 16;

/// How much of a value or a name an error repeats, in characters.
const SHOWN_CHARS: usize = 64;
/// How much of the XML reader's message an error repeats, in characters: it quotes names.
const SHOWN_COMPLAINT_CHARS: usize = 200;

/// Why a document is not one that MNS sends. Always permanent for that document.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The bytes are not UTF-8.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// The document breaks the rules of XML.
    #[error("the document is not well-formed XML")]
    IllFormed {
        /// The XML reader's message.
        #[source]
        source: BoxError,
    },
    /// The document is not the JSON that was expected.
    #[error("the document is not the JSON of such an answer")]
    Json {
        /// The JSON reader's message.
        #[source]
        source: BoxError,
    },
    /// The document ends inside an element.
    #[error("the document ends too early")]
    Truncated,
    /// The document brings its own document type, which could define entities.
    #[error("the document has a document type declaration")]
    DocumentType,
    /// A reference to an entity that XML does not define.
    #[error("the document refers to the entity `{name}`")]
    UnknownEntity {
        /// Name of the entity.
        name: String,
    },
    /// Elements are nested deeper than any document of MNS.
    #[error("the document nests more than {MAX_DEPTH} elements")]
    TooDeep,
    /// The document is well-formed but another one was expected.
    #[error("the root element is `{found}`")]
    UnexpectedRoot {
        /// Name of the root element.
        found: String,
    },
    /// An element that gives the document its meaning is absent.
    #[error("the element `{element}` is missing")]
    Missing {
        /// Name of the element.
        element: &'static str,
    },
    /// An element holds a value that it cannot have.
    #[error("the element `{element}` holds `{value}`")]
    Value {
        /// Name of the element.
        element: &'static str,
        /// What it holds.
        value: String,
    },
}

impl ParseError {
    pub(crate) fn unexpected_root(found: &str) -> Self {
        Self::UnexpectedRoot {
            found: shortened(found),
        }
    }

    pub(crate) fn value(element: &'static str, value: &str) -> Self {
        Self::Value {
            element,
            value: shortened(value),
        }
    }
}

impl From<quick_xml::Error> for ParseError {
    fn from(source: quick_xml::Error) -> Self {
        Self::IllFormed {
            source: printable(&source.to_string(), SHOWN_COMPLAINT_CHARS).into(),
        }
    }
}

impl From<serde_json::Error> for ParseError {
    fn from(source: serde_json::Error) -> Self {
        Self::Json {
            source: printable(&source.to_string(), SHOWN_COMPLAINT_CHARS).into(),
        }
    }
}

fn shortened(text: &str) -> String {
    printable(text, SHOWN_CHARS)
}

fn printable(text: &str, most: usize) -> String {
    let printable = text.chars().filter(|character| !character.is_control());
    printable.take(most).collect()
}

/// Which faults a reader tolerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leniency {
    /// Well-formed documents only.
    Strict,
    /// End tags with a wrong name, and a bare `&`: both occur in published samples.
    Lenient,
    /// References to nothing, which become [`SPOILED`]: they are in a message's body, and the
    /// messages beside it are none the worse for it.
    Salvaging,
}

/// Stands for what is no character. Unicode promises never to make it one.
pub(crate) const SPOILED: char = '\u{10FFFE}';

/// A document being read. Borrowed text lives as long as the bytes.
pub(crate) struct Document<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    leniency: Leniency,
    depth: usize,
    /// Whether the reader is behind a tag, where the next tag may follow.
    behind_tag: bool,
    /// The text of the child just started, if all of that is read already.
    leaf: Option<&'a str>,
}

/// The start of an element.
pub(crate) struct Name<'a>(BytesStart<'a>);

impl Name<'_> {
    /// The name without its namespace prefix.
    pub(crate) fn local(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

/// The next token of a document that matters.
enum Item<'a> {
    Start(Name<'a>),
    /// Text of the document itself.
    Text(Cow<'a, str>),
    /// What a reference stands for.
    Character(char),
    End,
}

impl<'a> Document<'a> {
    /// Starts reading and returns the root element, of which nothing is consumed yet.
    pub(crate) fn open(
        bytes: &'a [u8],
        leniency: Leniency,
    ) -> Result<(Self, Name<'a>), ParseError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ParseError::NotUtf8)?;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = leniency != Leniency::Lenient;
        config.allow_dangling_amp = leniency == Leniency::Lenient;
        let mut document = Self {
            text,
            reader,
            leniency,
            depth: 0,
            behind_tag: false,
            leaf: None,
        };
        loop {
            match document.next()? {
                Item::Start(name) => return Ok((document, name)),
                Item::Text(_) | Item::Character(_) => {}
                Item::End => return Err(ParseError::Truncated),
            }
        }
    }

    /// Calls `child` for each child of the element just started, up to and including its end.
    ///
    /// `child` must consume the element it is given with [`text`](Self::text),
    /// [`skip`](Self::skip) or this method.
    pub(crate) fn children<E: From<ParseError>>(
        &mut self,
        mut child: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.leaf.take().is_some() {
            return Ok(());
        }
        loop {
            if let Some(name) = self.leaf() {
                child(self, name)?;
                continue;
            }
            match self.next()? {
                Item::Start(name) => child(self, name.local())?,
                Item::Text(_) | Item::Character(_) => {}
                Item::End => return Ok(()),
            }
        }
    }

    /// The text of the element just started, exactly: references are resolved, CDATA is taken
    /// literally, line ends and blanks are kept, elements inside are left out. What is borrowed
    /// is a part of the document.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, ParseError> {
        if let Some(text) = self.leaf.take() {
            return Ok(Cow::Borrowed(text));
        }
        let mut gathered = Cow::Borrowed("");
        loop {
            match self.next()? {
                Item::Start(_) => self.skip()?,
                Item::Text(text) => append(&mut gathered, text),
                Item::Character(character) => gathered.to_mut().push(character),
                Item::End => return Ok(gathered),
            }
        }
    }

    /// The text of the element just started, without the white space around it.
    pub(crate) fn trimmed(&mut self) -> Result<Cow<'a, str>, ParseError> {
        Ok(match self.text()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    }

    /// The text of the element just started without the white space around it, if there is any.
    pub(crate) fn value(&mut self) -> Result<Option<String>, ParseError> {
        let text = self.trimmed()?;
        Ok((!text.is_empty()).then(|| text.into_owned()))
    }

    /// Skips the element just started.
    pub(crate) fn skip(&mut self) -> Result<(), ParseError> {
        if self.leaf.take().is_some() {
            return Ok(());
        }
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Takes the next child at once if it is a tag without attributes, text without references, and
    /// the end of that tag, and keeps its text. Nearly all elements are such, and for the reader each
    /// is three events.
    fn leaf(&mut self) -> Option<&'a str> {
        if !self.behind_tag || self.depth >= MAX_DEPTH {
            return None;
        }
        let read = self.text.len().checked_sub(self.reader.get_ref().len())?;
        let (read, rest) = self.text.split_at_checked(read)?;
        if read.ends_with("/>") {
            // The reader is still inside that element.
            return None;
        }
        let rest = rest.trim_ascii_start().strip_prefix('<')?;
        let is_end = |byte: u8| !byte.is_ascii_alphanumeric();
        let (name, rest) = rest.split_at_checked(rest.bytes().position(is_end)?)?;
        let rest = rest.strip_prefix('>')?;
        let (text, rest) = rest.split_at_checked(memchr2(b'<', b'&', rest.as_bytes())?)?;
        let rest = rest.strip_prefix("</")?.strip_prefix(name)?;
        let rest = rest.strip_prefix('>')?;
        if name.is_empty() {
            return None;
        }
        *self.reader.get_mut() = rest.as_bytes();
        self.leaf = Some(text);
        Some(name)
    }

    fn next(&mut self) -> Result<Item<'a>, ParseError> {
        loop {
            let event = self.reader.read_event()?;
            self.behind_tag = matches!(event, Event::Start(_) | Event::End(_));
            return Ok(match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(ParseError::TooDeep);
                    }
                    Item::Start(Name(start))
                }
                Event::End(_) => {
                    self.depth = self.depth.checked_sub(1).ok_or(ParseError::Truncated)?;
                    Item::End
                }
                Event::Text(text) => Item::Text(text.into_inner()),
                Event::CData(text) => Item::Text(text.into_inner()),
                Event::GeneralRef(reference) => match resolve(&reference) {
                    Err(_) if self.leniency == Leniency::Salvaging => Item::Character(SPOILED),
                    character => Item::Character(character?),
                },
                Event::DocType(_) => return Err(ParseError::DocumentType),
                Event::Eof => return Err(ParseError::Truncated),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }
}

/// The character that a reference stands for. All entities that XML defines are one character.
fn resolve(reference: &BytesRef<'_>) -> Result<char, ParseError> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character);
    }
    resolve_xml_entity(reference)
        .and_then(|text| text.chars().next())
        .ok_or_else(|| ParseError::UnknownEntity {
            name: shortened(reference),
        })
}

fn append<'a>(gathered: &mut Cow<'a, str>, text: Cow<'a, str>) {
    if gathered.is_empty() {
        *gathered = text;
    } else {
        gathered.to_mut().push_str(&text);
    }
}
