//! Times and waits as strangers write them.

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use signing::time;

/// Reads the text as a time in every form; what is one survives being written.
pub(crate) fn read(input: &[u8]) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(input) {
        headers.insert(RETRY_AFTER, value);
    }
    for now in [Timestamp::UNIX_EPOCH, Timestamp::MAX, Timestamp::MIN] {
        let _ = transport::retry_after(&headers, now);
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    survives(
        time::parse_http_date(text),
        time::http_date,
        time::parse_http_date,
    );
    survives(
        time::parse_iso_basic(text),
        time::iso_basic,
        time::parse_iso_basic,
    );
    survives(
        time::parse_iso_extended(text),
        time::iso_extended,
        time::parse_iso_extended,
    );
    for size in [0, 1, 10, u64::MAX] {
        if let Some(range) = emulator::untrusted::range(text, size) {
            assert!(
                range.start < range.end && range.end <= size,
                "{range:?} of {size}"
            );
        }
    }
}

fn survives(
    time: Option<Timestamp>,
    write: fn(Timestamp) -> String,
    read: fn(&str) -> Option<Timestamp>,
) {
    let Some(time) = time else {
        return;
    };
    // Years below 0 have no such form.
    if time >= Timestamp::UNIX_EPOCH {
        assert_eq!(read(&write(time)), Some(time), "{}", write(time));
    }
}
