//! The one writer of log records. Any field can hold untrusted text; it is escaped and cut here
//! and nowhere else.

use std::fmt::Write as _;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use super::LogFormat;
use transport::printable::{Printable, is_unprintable};

/// Maximum length of a line of text.
const MAX_LINE_BYTES: usize = 8 * 1024;
/// Maximum length of a string in a line of JSON. A record holds a handful of strings.
const MAX_STRING_CHARS: usize = 2 * 1024;
/// Stands for what is left out.
const CUT: char = '…';

/// Hands out writers for one record each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines(pub(super) LogFormat);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            format: self.0,
            out: io::stderr(),
        }
    }
}

/// Writes one record, which comes whole and with its line end.
#[derive(Debug)]
pub(super) struct Line<W> {
    format: LogFormat,
    out: W,
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let text = text.trim_end_matches('\n');
        let mut line = match self.format {
            LogFormat::Text => line_of_text(text),
            LogFormat::Json => line_of_json(text),
        };
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn line_of_text(text: &str) -> String {
    let kept = &text[..text.floor_char_boundary(MAX_LINE_BYTES)];
    let mut line = Printable::new(kept).to_string();
    if kept.len() < text.len() {
        line.push(CUT);
    }
    line
}

/// Control characters are escaped in JSON already; outside of strings none of the others occur.
fn line_of_json(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text.chars();
    // Of a string its length so far.
    let mut length: Option<usize> = None;
    while let Some(character) = rest.next() {
        let mut unit = String::from(character);
        if character == '\\' {
            let escaped = rest.next();
            unit.extend(escaped);
            if escaped == Some('u') {
                unit.extend(rest.by_ref().take(4));
            }
        }
        length = match (length, character) {
            (None, '"') => Some(0),
            (Some(_), '"') => None,
            (length, _) => length.map(|length| length.saturating_add(1)),
        };
        match length {
            Some(length) if length > MAX_STRING_CHARS + 1 => {}
            Some(length) if length == MAX_STRING_CHARS + 1 => line.push(CUT),
            _ if is_unprintable(character) => push_escaped(&mut line, character),
            _ => line.push_str(&unit),
        }
    }
    line
}

fn push_escaped(line: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(line, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(format: LogFormat, record: &str) -> String {
        let mut out = Vec::new();
        let mut line = Line {
            format,
            out: &mut out,
        };
        line.write_all(format!("{record}\n").as_bytes()).unwrap();
        let line = String::from_utf8(out).unwrap();
        let line = line.strip_suffix('\n').unwrap();
        assert!(!line.contains(is_unprintable), "{line:?}");
        line.to_owned()
    }

    #[test]
    fn record_in_text_is_one_printable_line() {
        let line = written(
            LogFormat::Text,
            "key=a\n2026 INFO forged\u{1b}[2J\u{202e}\u{2028}",
        );
        assert_eq!(line, r"key=a\n2026 INFO forged\u{1b}[2J\u{202e}\u{2028}");
    }

    #[test]
    fn endless_record_in_text_is_cut() {
        let line = written(LogFormat::Text, &"脸".repeat(1_000_000));
        assert!(line.len() <= MAX_LINE_BYTES + CUT.len_utf8() && line.ends_with(CUT));
        let exact = "x".repeat(MAX_LINE_BYTES);
        assert_eq!(written(LogFormat::Text, &exact), exact);
    }

    #[test]
    fn record_in_json_says_the_same_in_printable_characters() {
        let record = json!({
            "message": "a\n\u{1b}\u{7f}\u{202e}\u{2028}\u{200b}\u{e0041}\"\\人",
            "nested": {"\u{202e}": [1, true, null, "\u{feff}"]},
        });
        let line = written(LogFormat::Json, &record.to_string());
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read, record);
    }

    #[test]
    fn endless_strings_in_json_are_cut_each() {
        for (endless, kept) in [
            ("x".repeat(1_000_000), "x".repeat(MAX_STRING_CHARS)),
            ("\n".repeat(1_000_000), "\n".repeat(MAX_STRING_CHARS)),
            (
                "\u{1b}".repeat(1_000_000),
                "\u{1b}".repeat(MAX_STRING_CHARS),
            ),
        ] {
            let record = json!({"a": endless, "b": "short", "c": endless});
            let line = written(LogFormat::Json, &record.to_string());
            let read: Value = serde_json::from_str(&line).unwrap();
            let cut = format!("{kept}{CUT}");
            assert_eq!(read, json!({"a": cut, "b": "short", "c": cut}));
        }
    }
}
