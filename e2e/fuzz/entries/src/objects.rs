//! Responses of OSS: documents, heads, and metadata, whether this project wrote it or another
//! program.

use face_recognition::record::{Record, is_result};
use http::{Response, StatusCode};
use oss::document;

use crate::http_text::HttpText;

/// Longest text of a refusal in a log.
const MAX_TEXT: usize = 4096;

/// Reads an answer in every way there is.
pub(crate) fn answers(input: &[u8]) {
    let written = HttpText::read(input);
    for body in [input, &written.body] {
        if let Some(page) = document::listing(body) {
            let listed = page.objects.len() + page.prefixes.len() + page.unaddressable.len();
            assert!(listed <= body.len(), "more entries than bytes");
            assert_ne!(page.next.as_deref(), Some(""), "a page after nothing");
        }
        let _ = document::deleted(body);
        let _ = document::is_bucket_info(body);
        refused(&written, body);
    }
}

fn refused(written: &HttpText, body: &[u8]) {
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = StatusCode::FORBIDDEN;
    head.headers.clone_from(&written.parts.headers);
    let refusal = document::refusal(&head, body);
    let text = refusal.to_string();
    assert!(text.len() <= MAX_TEXT, "{} bytes", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// Reads the head of a result, and the record on it.
pub(crate) fn record(input: &[u8]) {
    let written = HttpText::read(input);
    let Some(mut meta) = document::object_meta(&written.parts.headers, 1) else {
        return;
    };
    let Some(record) = Record::read(&meta) else {
        return;
    };
    let Ok(metadata) = record.metadata() else {
        return;
    };
    let is_kept = metadata.get("analysis").is_some();
    meta.metadata = metadata;
    assert!(is_result(&meta), "the mark is gone");
    let again = Record::read(&meta);
    assert!(
        again.is_some(),
        "what was written cannot be read: {record:?}"
    );
    if is_kept && let Some(again) = again {
        assert_eq!(again, record, "the record changed");
    }
}
