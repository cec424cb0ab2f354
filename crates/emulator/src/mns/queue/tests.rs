use proptest::prelude::*;

use super::*;
use crate::mns::message::{Body, DEFAULT_PRIORITY};

const START: Millis = Millis(1_714_979_289_000);

/// A queue with a clock of its own, so that a test reads like a story.
struct TestQueue {
    queue: Queue,
    now: Millis,
}

impl TestQueue {
    fn new(attributes: QueueAttributes) -> Self {
        Self {
            queue: Queue::new(ResourceId(7), attributes, START),
            now: START,
        }
    }

    fn wait(&mut self, seconds: u32) {
        self.now = self.now.plus_seconds(seconds);
    }

    fn send(&mut self, text: &str) -> QueuedMessage {
        self.send_as(text, None, DEFAULT_PRIORITY)
    }

    fn send_as(&mut self, text: &str, delay_seconds: Option<u32>, priority: u8) -> QueuedMessage {
        let draft = Draft {
            delay_seconds,
            priority,
            ..Draft::plain(Body::new(text))
        };
        let change = self.queue.plan_send(vec![draft], self.now);
        self.queue.apply(change, self.now).remove(0)
    }

    fn receive(&mut self, most: usize) -> Vec<QueuedMessage> {
        self.receive_then(most, AfterReceive::Hide)
    }

    fn receive_then(&mut self, most: usize, then: AfterReceive) -> Vec<QueuedMessage> {
        let change = self.queue.plan_receive(most, then, self.now);
        self.queue.apply(change, self.now)
    }

    fn receive_texts(&mut self, most: usize) -> Vec<String> {
        self.receive(most)
            .iter()
            .map(|held| held.message.body.text().to_owned())
            .collect()
    }

    fn delete(&mut self, handle: ReceiptHandle) -> Result<(), Stale> {
        let (mut outcomes, change) = self.queue.plan_delete(&[handle], self.now);
        self.queue.apply(change, self.now);
        outcomes.remove(0)
    }

    fn change_visibility(
        &mut self,
        handle: ReceiptHandle,
        seconds: u32,
    ) -> Result<QueuedMessage, Stale> {
        let change = self.queue.plan_visibility(handle, seconds, self.now)?;
        Ok(self.queue.apply(change, self.now).remove(0))
    }

    fn counts(&mut self) -> (usize, usize, usize) {
        let Counts {
            active,
            inactive,
            delayed,
        } = self.queue.counts(self.now);
        (active, inactive, delayed)
    }
}

fn story() -> TestQueue {
    TestQueue::new(QueueAttributes::default())
}

#[test]
fn a_delayed_message_appears_when_its_delay_ends() {
    let mut story = TestQueue::new(QueueAttributes {
        delay_seconds: 5,
        ..Default::default()
    });
    story.send("queue's delay");
    story.send_as("own delay", Some(1), DEFAULT_PRIORITY);
    story.send_as("no delay", Some(0), DEFAULT_PRIORITY);
    assert_eq!(story.counts(), (1, 0, 2));
    assert_eq!(story.receive_texts(16), ["no delay"]);
    story.wait(1);
    assert_eq!(story.receive_texts(16), ["own delay"]);
    story.wait(4);
    assert_eq!(story.receive_texts(16), ["queue's delay"]);
}

#[test]
fn the_handle_of_a_delayed_message_works_until_it_appears() {
    let mut story = story();
    let first = story.send_as("first", Some(10), DEFAULT_PRIORITY);
    let second = story.send_as("second", Some(10), DEFAULT_PRIORITY);
    assert_eq!(story.delete(first.receipt_handle()), Ok(()));
    story.wait(10);
    assert_eq!(story.delete(second.receipt_handle()), Err(Stale::Expired));
    assert_eq!(story.receive_texts(16), ["second"]);
}

#[test]
fn a_message_that_keeps_coming_back_holds_up_nobody() {
    let mut story = story();
    story.send("poison");
    story.receive(1);
    story.wait(10);
    story.send("good");
    story.wait(20);
    assert_eq!(story.receive_texts(1), ["good"]);
    assert_eq!(story.receive_texts(1), ["poison"]);
}

#[test]
fn handles_of_other_queues_and_of_the_future_are_foreign() {
    let mut story = story();
    story.send("a");
    let handle = story.receive(1)[0].receipt_handle();
    let other = ReceiptHandle {
        queue: ResourceId(8),
        ..handle
    };
    let future = ReceiptHandle {
        sequence: handle.sequence + 1,
        ..handle
    };
    assert_eq!(story.delete(other), Err(Stale::Foreign));
    assert_eq!(story.delete(future), Err(Stale::Foreign));
    assert_eq!(story.delete(handle), Ok(()));
}

#[test]
fn retention_ends_messages_in_every_state() {
    let mut story = TestQueue::new(QueueAttributes {
        message_retention_period_seconds: 60,
        ..Default::default()
    });
    story.send("visible");
    story.send_as("delayed", Some(3600), DEFAULT_PRIORITY);
    story.wait(1);
    story.send("younger");
    let handle = story.receive(1)[0].receipt_handle();
    story.change_visibility(handle, 3600).unwrap();
    assert_eq!(story.counts(), (1, 1, 1));
    story.wait(59);
    assert_eq!(story.counts(), (1, 0, 0));
    story.wait(1);
    assert_eq!(story.counts(), (0, 0, 0));
    assert_eq!(story.queue.messages().count(), 0);
}

#[test]
fn a_queue_that_nobody_reads_does_not_grow_for_ever() {
    let attributes = QueueAttributes {
        message_retention_period_seconds: 60,
        ..Default::default()
    };
    let mut story = TestQueue::new(attributes);
    for _ in 0..200 {
        story.send("a");
        story.wait(1);
    }
    assert_eq!(story.queue.messages().count(), 60);
}

#[test]
fn a_handle_twice_in_one_batch_deletes_once() {
    let mut story = story();
    story.send("a");
    let handle = story.receive(1)[0].receipt_handle();
    let (outcomes, change) = story.queue.plan_delete(&[handle, handle], story.now);
    assert_eq!(outcomes, [Ok(()), Err(Stale::Expired)]);
    assert_eq!(change, Change::Deleted(vec![handle.sequence]));
}

#[test]
fn replayed_changes_make_the_same_queue() {
    let mut story = story();
    let mut replayed = Queue::new(ResourceId(7), QueueAttributes::default(), START);
    let mut changes = Vec::new();
    changes.push(
        story
            .queue
            .plan_send(vec![Draft::plain(Body::new("a")); 3], story.now),
    );
    story.queue.apply(changes[0].clone(), story.now);
    changes.push(story.queue.plan_receive(2, AfterReceive::Hide, story.now));
    let handle = story.queue.apply(changes[1].clone(), story.now)[0].receipt_handle();
    changes.push(story.queue.plan_delete(&[handle], story.now).1);
    story.queue.apply(changes[2].clone(), story.now);
    for change in changes {
        let json = serde_json::to_string(&change).unwrap();
        replayed.apply(serde_json::from_str(&json).unwrap(), Millis::default());
    }
    assert_eq!(replayed.counts(story.now), story.queue.counts(story.now));
    assert!(replayed.messages().eq(story.queue.messages()));
    assert_eq!(replayed.next_sequence(), story.queue.next_sequence());
}

/// A queue written for clarity alone: one list, searched from end to end.
#[derive(Default)]
struct Naive(Vec<NaiveMessage>);

struct NaiveMessage {
    sequence: Sequence,
    priority: u8,
    enqueued: Millis,
    visible_at: Millis,
    dequeue_count: u32,
    generation: u32,
}

impl Naive {
    fn expire(&mut self, now: Millis) {
        let period = QueueAttributes::default().message_retention_period_seconds;
        self.0
            .retain(|message| message.enqueued.plus_seconds(period) > now);
    }

    fn receive(&mut self, most: usize, hide_seconds: u32, now: Millis) -> Vec<(Sequence, u32)> {
        let mut visible: Vec<_> = self
            .0
            .iter_mut()
            .filter(|it| it.visible_at <= now)
            .collect();
        visible.sort_by_key(|it| (it.priority, it.visible_at, it.sequence));
        let taken = visible.into_iter().take(most).map(|message| {
            message.visible_at = now.plus_seconds(hide_seconds);
            message.dequeue_count += 1;
            message.generation += 1;
            (message.sequence, message.dequeue_count)
        });
        taken.collect()
    }

    fn find(&mut self, handle: ReceiptHandle, now: Millis) -> Option<usize> {
        let hidden = |it: &NaiveMessage| it.visible_at > now && it.generation == handle.generation;
        self.0
            .iter()
            .position(|it| it.sequence == handle.sequence && hidden(it))
    }
}

#[derive(Debug, Clone)]
enum Step {
    Send {
        delay: u32,
        priority: u8,
    },
    Receive {
        most: usize,
        duplicate: bool,
    },
    Delete {
        handle: prop::sample::Index,
    },
    Visibility {
        handle: prop::sample::Index,
        seconds: u32,
    },
    Wait {
        millis: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let handle = || any::<prop::sample::Index>();
    prop_oneof![
        3 => (prop_oneof![Just(0), 0..60_u32], 1..=16_u8).prop_map(|(delay, priority)| Step::Send { delay, priority }),
        3 => (1..=16_usize, any::<bool>()).prop_map(|(most, duplicate)| Step::Receive { most, duplicate }),
        2 => handle().prop_map(|handle| Step::Delete { handle }),
        2 => (handle(), 1..100_u32).prop_map(|(handle, seconds)| Step::Visibility { handle, seconds }),
        3 => prop_oneof![0..40_000_u64, Just(345_600_000)].prop_map(|millis| Step::Wait { millis }),
    ]
}

proptest! {
    #[test]
    fn it_behaves_as_the_naive_queue(steps in proptest::collection::vec(step(), 1..120)) {
        let mut story = story();
        let mut naive = Naive::default();
        let mut handles = vec![ReceiptHandle { queue: ResourceId(7), sequence: 1, generation: 9 }];
        for step in steps {
            naive.expire(story.now);
            match step {
                Step::Send { delay, priority } => {
                    let held = story.send_as("x", Some(delay), priority);
                    handles.push(held.receipt_handle());
                    naive.0.push(NaiveMessage {
                        sequence: held.sequence,
                        priority,
                        enqueued: story.now,
                        visible_at: story.now.plus_seconds(delay),
                        dequeue_count: 0,
                        generation: 0,
                    });
                }
                Step::Receive { most, duplicate } => {
                    let then = if duplicate { AfterReceive::StayVisible } else { AfterReceive::Hide };
                    let held = story.receive_then(most, then);
                    handles.extend(held.iter().map(QueuedMessage::receipt_handle));
                    let seen: Vec<_> = held.iter().map(|it| (it.sequence, it.message.delivery.dequeue_count)).collect();
                    prop_assert_eq!(seen, naive.receive(most, if duplicate { 0 } else { 30 }, story.now));
                }
                Step::Delete { handle } => {
                    let handle = *handle.get(&handles);
                    let expected = naive.find(handle, story.now);
                    prop_assert_eq!(story.delete(handle).is_ok(), expected.is_some());
                    expected.map(|index| naive.0.remove(index));
                }
                Step::Visibility { handle, seconds } => {
                    let handle = *handle.get(&handles);
                    let expected = naive.find(handle, story.now);
                    let changed = story.change_visibility(handle, seconds);
                    prop_assert_eq!(changed.is_ok(), expected.is_some());
                    handles.extend(changed.iter().map(QueuedMessage::receipt_handle));
                    if let Some(index) = expected {
                        naive.0[index].visible_at = story.now.plus_seconds(seconds);
                        naive.0[index].generation += 1;
                    }
                }
                Step::Wait { millis } => story.now.0 += millis,
            }
            naive.expire(story.now);
            let active = naive.0.iter().filter(|it| it.visible_at <= story.now).count();
            let delayed = naive.0.iter().filter(|it| it.visible_at > story.now && it.dequeue_count == 0).count();
            prop_assert_eq!(story.counts(), (active, naive.0.len() - active - delayed, delayed));
        }
    }
}
