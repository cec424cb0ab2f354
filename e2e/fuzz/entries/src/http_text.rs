//! A request as people write it down: request line, headers, a blank line, a body.
//!
//! Lenient, so that a fuzzer's changes to a corpus file still give a request: what cannot be a
//! header is left out, and what cannot be a target is `/`.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

/// More headers than any server takes.
const MAX_HEADERS: usize = 200;

/// A request that was written down.
#[derive(Clone, Debug)]
pub(crate) struct HttpText {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

impl HttpText {
    pub(crate) fn read(text: &[u8]) -> Self {
        let (line, mut rest) = split_line(text);
        let mut words = line.splitn(2, |byte| *byte == b' ');
        let method = words.next().map(Method::from_bytes);
        let target = words.next().map(<[u8]>::trim_ascii).unwrap_or_default();
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = method.and_then(Result::ok).unwrap_or_default();
        parts.uri = Uri::try_from(target).unwrap_or_default();
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            rest = after;
            if line.is_empty() {
                break;
            }
            add(&mut parts.headers, line);
        }
        let body = Bytes::copy_from_slice(rest);
        Self { parts, body }
    }

    /// The text of a header, if it has any.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.parts.headers.get(name);
        value
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .unwrap_or_default()
    }
}

fn add(headers: &mut HeaderMap, line: &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return;
    };
    let name = HeaderName::from_bytes(&line[..colon]);
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
    if let (Ok(name), Ok(value), true) = (name, value, headers.len() < MAX_HEADERS) {
        headers.append(name, value);
    }
}

/// The first line without its end, and what follows it.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = text.iter().position(|byte| *byte == b'\n') else {
        return (text, &[]);
    };
    let line = &text[..end];
    (line.strip_suffix(b"\r").unwrap_or(line), &text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_is_written() {
        let text = b"PUT /b/k?x=1\nHost: h\r\nnot a header\nA: 1\nA: 2\n\nbody\n\n";
        let written = HttpText::read(text);
        assert_eq!(written.parts.method, Method::PUT);
        assert_eq!(written.header("host"), "h");
        assert_eq!(written.parts.headers.get_all("a").iter().count(), 2);
        assert_eq!(written.body.as_ref(), b"body\n\n");
    }

    #[test]
    fn anything_is_a_request() {
        for text in [&b""[..], b"\n", b"\n\n", b" ", b"\xff \xff\n:\n\xff: \xff"] {
            assert_eq!(HttpText::read(text).parts.uri, "/", "{text:?}");
        }
    }
}
