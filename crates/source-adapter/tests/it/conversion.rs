//! Ids, and dead letters, as documents.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use events::AttributesReader as _;
use oss::event::parse;
use proptest::prelude::*;
use source_adapter::config::SinkAddress;
use source_adapter::convert::ids;
use source_adapter::dead_letter::{Cause, unreadable_message};

use crate::running::{document, event};

fn ids_of(message_id: &str, events: &[String]) -> Vec<String> {
    ids(message_id, &parse(document(events).as_bytes()).unwrap())
}

#[test]
fn ids_follow_the_request_where_it_stands_for_one_event() {
    let named = |id: &str, name: &str| event(id, "a.jpg").replace("ObjectCreated:PutObject", name);
    let table = [
        ("alone", vec![event("R", "a.jpg")]),
        (
            "alone, one of several of its request",
            vec![named("R", "ObjectRemoved:DeleteObjects")],
        ),
        ("without a request", vec![event("", "a.jpg")]),
        (
            "several",
            vec![
                event("R", "a.jpg"),
                event("R", "b.jpg"),
                event("S", "a.jpg"),
            ],
        ),
        (
            "the same several times",
            vec![
                event("R", "a.jpg"),
                event("R", "a.jpg"),
                event("R", "a.jpg"),
            ],
        ),
    ];
    let shown: Vec<_> = table
        .iter()
        .map(|(name, events)| format!("{name}: {}", ids_of("M", events).join(" ")))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    alone: R
    alone, one of several of its request: R-4bd9648b1f9f8478
    without a request: M
    several: R-912752643e9a2ec4 R-9e9a42f2bd6a523e S-31a282ab1f010a1e
    the same several times: R-912752643e9a2ec4 R-912752643e9a2ec4-2 R-912752643e9a2ec4-3
    ");
}

#[test]
fn endless_ids_are_replaced_by_their_digest() {
    let endless = "7".repeat(1_000_000);
    let short = |ids: &[String]| ids.iter().all(|id| id.len() < 64);
    let without = [event("", "a.jpg"), event("", "b.jpg")];
    let ids = ids_of(&endless, &without);
    assert!(short(&ids), "{ids:?}");
    assert_ne!(ids[0], ids[1]);
    assert_eq!(
        ids_of(&endless, &without),
        ids,
        "the same at every delivery"
    );
    let asked = ids_of("M", &[event(&endless[..1000], "a.jpg")]);
    assert!(short(&asked), "{asked:?}");
    assert_eq!(ids_of("N", &[event(&endless[..1000], "a.jpg")]), asked);
}

#[test]
fn reason_of_a_dead_letter_is_cut_to_what_knative_keeps() {
    let destination = SinkAddress::parse("http://u:p@sink.example/?token=T").unwrap();
    let cause = Cause::unreadable(&destination, &"x".repeat(5000));
    let letter =
        unreadable_message("M", "acs:mns:cn-shanghai:1:queues/photos", b"{", &cause).unwrap();
    let letter = events::from_http(&letter.headers, letter.body).unwrap();
    let destination = letter.extension("knativeerrordest").unwrap().to_string();
    assert_eq!(destination, "http://sink.example/", "without its secrets");
    let data = letter.extension("knativeerrordata").unwrap().to_string();
    assert_eq!(data.len(), 1024);
    assert_eq!(
        BASE64_STANDARD.decode(data).unwrap(),
        "x".repeat(768).as_bytes()
    );
    assert_eq!(
        letter.subject(),
        Some("acs:mns:cn-shanghai:1:queues/photos")
    );
}

proptest! {
    #[test]
    fn ids_are_distinct_and_stable(keys in proptest::collection::vec("[ab]{1,2}", 1..8)) {
        let events: Vec<_> = keys.iter().map(|key| event("R", key)).collect();
        let ids = ids_of("M", &events);
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        prop_assert_eq!(distinct.len(), events.len());
        prop_assert_eq!(ids_of("N", &events), ids);
    }
}
