//! Messages that are no good: they are set aside or kept, and stand in nobody's way.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use events::{AttributesReader as _, Event};

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};

const VISIBILITY: Duration = Duration::from_secs(30);

/// Bodies that hold no events, by what is wrong with them.
fn poison() -> Vec<(&'static str, String)> {
    let wrapped = |message: &str| {
        format!("<Notification><TopicName>t</TopicName><Message>{message}</Message></Notification>")
    };
    vec![
        ("empty", String::new()),
        ("blank", " \n".to_owned()),
        ("text", "not an event <&> 人".to_owned()),
        (
            "cut off",
            document(&[event("1", "a.jpg")])[..200].to_owned(),
        ),
        ("base64 cut off", BASE64_STANDARD.encode("{\"events\"")),
        ("invalid base64", "====".to_owned()),
        (
            "base64 of what is not UTF-8",
            BASE64_STANDARD.encode([0xFF, 0xFE, 0x00]),
        ),
        (
            "base64 of base64 of nothing",
            BASE64_STANDARD.encode(BASE64_STANDARD.encode("x")),
        ),
        ("an envelope of text", wrapped("hello")),
        ("an envelope of nothing", wrapped("")),
        (
            "one bad event among good ones",
            document(&[event("1", "a.jpg"), "7".to_owned()]),
        ),
        (
            "too deep",
            format!("{}{}", "{\"a\":".repeat(5000), "}".repeat(5000)),
        ),
        (
            "too many",
            document(&vec!["{\"eventName\":\"a\"}".to_owned(); 2000]),
        ),
        ("as large as a message can be", "x".repeat(64 * 1024)),
        ("nothing but markup", "<".repeat(64 * 1024)),
        (
            "a character that XML refers to in vain",
            format!("{}0;", "&#"),
        ),
    ]
}

fn extension(event: &Event, name: &str) -> String {
    event.extension(name).unwrap().to_string()
}

/// An adapter with every kind of poison before and after one good message.
async fn among_poison(mns: &FakeMns, sink: &FakeSink, more: &[&str]) -> Running {
    for (_, body) in poison() {
        mns.send(body);
    }
    mns.send(document(&[event("GOOD", "a.jpg")]));
    for (_, body) in poison() {
        mns.send(body);
    }
    Running::start(mns, sink, more).await
}

#[tokio::test]
async fn every_kind_of_poison_becomes_a_dead_letter() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let letters = FakeSink::accepting().await;
    let options = ["--delivery-dead-letter-sink", &letters.url()];
    let adapter = among_poison(&mns, &sink, &options).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.ids(), ["GOOD"]);
    assert_eq!(letters.len(), 2 * poison().len());
    for letter in letters.events() {
        assert_eq!(letter.ty(), "mns:Queue:SendMessage");
        assert_eq!(extension(&letter, "knativeerrordest"), sink.url());
        assert_eq!(extension(&letter, "knativeerrorcode"), "400");
        let reason = BASE64_STANDARD.decode(extension(&letter, "knativeerrordata"));
        let reason = String::from_utf8(reason.unwrap()).unwrap();
        assert!(reason.contains("the document"), "{reason}");
    }
    adapter.end().await;
}

#[tokio::test]
async fn poison_without_a_dead_letter_sink_stays_and_stands_in_nobodys_way() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let limits = ["--max-in-flight", "16", "--delivery-backoff-delay", "PT0S"];
    let adapter = among_poison(&mns, &sink, &limits).await;
    let all = 2 * poison().len();
    eventually("only poison is left", || {
        sink.len() == 1 && mns.len() == all
    })
    .await;
    // The second time around it has to wait longer, although the policy knows no delay.
    eventually("second round", || {
        let queue = mns.queue();
        queue
            .messages
            .iter()
            .all(|message| message.dequeue_count == 2)
            && queue.changes.len() == 2 * all
    })
    .await;
    assert_eq!(mns.queue().changes[..all], vec![1; all]);
    assert_eq!(mns.queue().changes[all..], vec![2; all]);
    assert_eq!(sink.ids(), ["GOOD"]);
    adapter.end().await;
}

#[tokio::test]
async fn event_that_silences_the_sink_does_not_keep_its_neighbours_waiting() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|event, _| {
        let is_heavy = event.subject().unwrap().ends_with("/heavy.jpg");
        let after = if is_heavy {
            Duration::from_mins(1)
        } else {
            Duration::ZERO
        };
        Answer::status(202).after(after)
    })
    .await;
    mns.send(document(&[
        event("1", "heavy.jpg"),
        event("2", "light.jpg"),
    ]));
    let adapter = Running::start(&mns, &sink, &["--delivery-timeout", "PT0.2S"]).await;
    let keys = || -> Vec<_> {
        let events = sink.events();
        let keys = events.iter().map(|event| {
            event
                .subject()
                .unwrap()
                .rsplit_once('/')
                .unwrap()
                .1
                .to_owned()
        });
        keys.collect()
    };
    eventually("the neighbour's delivery", || {
        keys().contains(&"light.jpg".to_owned())
    })
    .await;
    assert_eq!(
        keys()[..2],
        ["heavy.jpg", "light.jpg"],
        "one failure, not ten"
    );
    adapter.end().await;
}
