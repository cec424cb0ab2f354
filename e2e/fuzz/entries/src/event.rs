//! The event document, and a queue message on its way through the adapter.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use events::{AttributesReader as _, data_bytes};
use oss::event::{Event, MAX_DOCUMENT_BYTES, MAX_EVENTS, parse};
use source_adapter::Config;
use source_adapter::convert::{Converter, ids};
use source_adapter::trace::Sampling;
use url::Url;

use crate::telling::is_one_short_line;

/// Reads a document, and each of its events alone.
pub(crate) fn document(input: &[u8]) {
    let read = parse(input);
    if input.len() > MAX_DOCUMENT_BYTES {
        assert!(read.is_err(), "a document beyond the limit was read");
    }
    let events = match read {
        Ok(events) => events,
        Err(error) => return is_one_short_line(&error),
    };
    assert!(events.len() <= MAX_EVENTS, "{} events", events.len());
    let encoded = BASE64_STANDARD.encode(input);
    if encoded.len() <= MAX_DOCUMENT_BYTES
        && let Ok(decoded) = parse(encoded.as_bytes())
    {
        assert_eq!(decoded, events, "base64 around it changes a document");
    }
    for event in &events {
        alone(event);
    }
}

/// An event's own document holds exactly this event.
fn alone(event: &Event) {
    let document = event.document();
    if document.len() <= MAX_DOCUMENT_BYTES {
        let again = parse(document.as_bytes());
        // An event may have a list called `events` inside, which then counts.
        if let Ok([again]) = again.as_deref() {
            assert_eq!(again.raw(), event.raw(), "an event changed on its own");
        }
    }
    let beside = format!(r#"{{"events":[{}],"beside":0}}"#, event.raw());
    if beside.len() <= MAX_DOCUMENT_BYTES {
        let (plain, beside) = (parse(document.as_bytes()), parse(beside.as_bytes()));
        assert_eq!(
            plain.ok(),
            beside.ok(),
            "a field beside the list changes an event"
        );
    }
    let address = event.address();
    if let Err(error) = &address {
        is_one_short_line(error);
    }
    if let Ok(address) = address {
        let path = format!("/{}", address.key.path_encoded());
        let url = format!(
            "https://{}.oss-{}.example{path}",
            address.bucket, address.region
        );
        let url = Url::parse(&url);
        assert!(url.is_ok(), "no URL can be made of `{address:?}`");
        if let Ok(url) = url {
            let host = format!("{}.oss-{}.example", address.bucket, address.region);
            assert_eq!(url.host_str(), Some(host.as_str()), "another host");
            assert_eq!(url.path(), path, "another path");
        }
    }
}

/// A converter to binary mode and one to structured mode.
static CONVERTERS: LazyLock<Vec<Converter>> = LazyLock::new(|| {
    ["binary", "json"]
        .into_iter()
        .filter_map(converter)
        .collect()
});

fn converter(format: &str) -> Option<Converter> {
    let format = format!("--delivery-format={format}");
    let given = [
        "source-adapter",
        "--sink=http://sink.example/",
        "--mns-queue=photos",
        "--access-token-file=token",
        &format,
    ];
    let config: Config = service::settings::parse_from(given, |_| None).ok()?;
    let sampling = Sampling::of(&config.traces.observability_config);
    Some(Converter::new(&config.sink, sampling))
}

/// Takes a queue message as far as the request to the sink.
pub(crate) fn message(input: &[u8]) {
    let found = match parse(input) {
        Ok(found) => found,
        Err(error) => return is_one_short_line(&error),
    };
    let names = ids("5F290C926D472878-2-14D9529A8FA-200000001", &found);
    assert_eq!(names.len(), found.len(), "as many ids as events");
    let mut distinct: Vec<_> = names.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len(), "two events share an id");
    assert_eq!(CONVERTERS.len(), 2, "the adapter refuses our settings");
    for converter in CONVERTERS.iter() {
        for (id, event) in names.iter().zip(&found) {
            deliver(converter, id, event);
        }
    }
}

/// The sink reads the event that the adapter sent.
fn deliver(converter: &Converter, id: &str, event: &Event) {
    let Ok(outgoing) = converter.convert(id.to_owned(), event) else {
        return;
    };
    let message = outgoing.message;
    let read = events::from_http(&message.headers, message.body);
    assert!(read.is_ok(), "the sink cannot read it: {read:?}");
    let Ok(read) = read else {
        return;
    };
    assert_eq!(read.id(), id, "the id changed");
    assert_eq!(read.subject(), event.subject(), "the subject changed");
    assert_eq!(read.ty(), event.name.cloud_event_type(), "the type changed");
    let data = data_bytes(&read).unwrap_or_default();
    // On its own, an event that came without a list is a few bytes longer.
    if data.len() <= MAX_DOCUMENT_BYTES {
        assert!(parse(&data).is_ok(), "the sink cannot read the data");
    }
}
