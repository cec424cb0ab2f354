use super::*;
use crate::mns::attributes::TopicAttributes;
use crate::mns::message::{Body, Draft};
use crate::mns::queue::AfterReceive;
use crate::mns::topic::{ContentFormat, Endpoint, NotifyStrategy};

const NOW: Millis = Millis(1_714_979_289_000);

fn name(text: &str) -> Name {
    Name::from(text.to_owned())
}

fn queue_record(id: u64, next_sequence: Sequence) -> Record {
    let mut queue = Queue::new(ResourceId(id), QueueAttributes::default(), NOW);
    queue.skip_sequences_below(next_sequence);
    Record::Queue {
        name: name("q"),
        head: QueueHead::of(&queue),
    }
}

fn sent(id: u64, texts: &[&str]) -> Record {
    let mut queue = Queue::new(ResourceId(id), QueueAttributes::default(), NOW);
    let drafts = texts
        .iter()
        .map(|text| Draft::plain(Body::new(*text)))
        .collect();
    Record::InQueue {
        queue: ResourceId(id),
        change: queue.plan_send(drafts, NOW),
    }
}

fn topic_record() -> Record {
    let topic = Topic::new(ResourceId(9), TopicAttributes::default(), NOW);
    Record::Topic {
        name: name("t"),
        topic,
    }
}

fn subscription_record() -> Record {
    let subscription = Subscription {
        endpoint: Endpoint {
            text: "q".to_owned(),
            queue: Some(name("q")),
        },
        filter_tag: None,
        strategy: NotifyStrategy::Backoff,
        format: ContentFormat::Json,
        created: NOW,
        modified: NOW,
    };
    Record::Subscription {
        topic: name("t"),
        name: name("s"),
        subscription,
    }
}

fn replay(records: Vec<Record>) -> MnsState {
    let mut kept = MnsState::default();
    for record in records {
        let line = serde_json::to_string(&record).unwrap();
        kept.apply(serde_json::from_str(&line).unwrap());
    }
    kept
}

fn texts(kept: &MnsState) -> Vec<String> {
    let messages = kept.queues[&name("q")].messages();
    messages
        .map(|(_, message)| message.body.text().to_owned())
        .collect()
}

#[test]
fn a_snapshot_makes_the_same_state_again() {
    let mut kept = replay(vec![
        queue_record(1, 1),
        sent(1, &["a", "b", "c"]),
        topic_record(),
        subscription_record(),
    ]);
    let queue = kept.queues.get_mut(&name("q")).unwrap();
    let change = queue.plan_receive(1, AfterReceive::Hide, NOW);
    queue.apply(change, NOW);

    let mut again = replay(kept.snapshot());
    assert_eq!(again.topics, kept.topics);
    assert_eq!(again.topics[&name("t")].subscriptions.len(), 1);
    let queues = [&mut kept, &mut again].map(|it| it.queues.get_mut(&name("q")).unwrap());
    let [before, after] = queues;
    assert_eq!(QueueHead::of(before), QueueHead::of(after));
    assert_eq!(before.counts(NOW), after.counts(NOW));
    assert!(before.messages().eq(after.messages()));
}

#[test]
fn a_backlog_is_cut_into_lines() {
    let many = vec!["x"; SNAPSHOT_BATCH * 2 + 1];
    let kept = replay(vec![queue_record(1, 1), sent(1, &many)]);
    let snapshot = kept.snapshot();
    assert_eq!(snapshot.len(), 4);
    assert_eq!(texts(&replay(snapshot)).len(), many.len());
}

#[test]
fn messages_of_a_deleted_queue_do_not_reach_its_successor() {
    let gone = Record::QueueGone { name: name("q") };
    let records = vec![
        queue_record(1, 1),
        sent(1, &["old"]),
        gone,
        queue_record(2, 1),
        sent(1, &["late"]),
        sent(2, &["new"]),
    ];
    assert_eq!(texts(&replay(records)), ["new"]);
}

#[test]
fn new_attributes_keep_the_messages_and_the_numbering() {
    let kept = replay(vec![
        queue_record(1, 1),
        sent(1, &["a"]),
        queue_record(1, 40),
    ]);
    assert_eq!(texts(&kept), ["a"]);
    assert_eq!(kept.queues[&name("q")].next_sequence(), 40);
}

#[test]
fn new_attributes_of_a_topic_keep_its_subscriptions() {
    let kept = replay(vec![topic_record(), subscription_record(), topic_record()]);
    assert_eq!(kept.topics[&name("t")].subscriptions.len(), 1);
    let gone = Record::SubscriptionGone {
        topic: name("t"),
        name: name("s"),
    };
    let kept = replay(vec![topic_record(), subscription_record(), gone]);
    assert!(kept.topics[&name("t")].subscriptions.is_empty());
}
