use std::sync::Arc;

use tokio::task::JoinHandle;

use super::*;
use crate::mns::fixture::{START_SECOND, shared};
use crate::mns::handle::ResourceId;
use crate::mns::message::Body;

/// A queue, and the tasks that wait for its messages.
struct Scene {
    shared: Arc<Shared>,
    cell: Arc<QueueCell>,
    closing: CancellationToken,
}

type Received = Result<Vec<String>, Code>;

impl Scene {
    fn new() -> Self {
        let shared = shared();
        let queue = Queue::new(ResourceId(1), QueueAttributes::default(), now(&shared));
        let cell = Arc::new(QueueCell::new(Name::from("q".to_owned()), queue));
        let closing = CancellationToken::new();
        Self {
            shared,
            cell,
            closing,
        }
    }

    fn send(&self, text: &str, delay_seconds: u32) {
        let draft = Draft {
            delay_seconds: Some(delay_seconds),
            ..Draft::plain(Body::new(text))
        };
        self.cell.send(&self.shared, vec![draft]).unwrap();
    }

    /// Starts a receive and lets it come to the point where it waits.
    async fn receive(&self, wait_seconds: u32) -> JoinHandle<Received> {
        let (shared, cell) = (Arc::clone(&self.shared), Arc::clone(&self.cell));
        let ask = Receive {
            most: 1,
            wait_seconds: Some(wait_seconds),
            then: AfterReceive::Hide,
        };
        let closing = self.closing.clone();
        let task = tokio::spawn(async move { texts(cell.receive(&shared, ask, &closing).await) });
        tokio::task::yield_now().await;
        task
    }

    fn handle(&self) -> ReceiptHandle {
        let ask = Receive {
            most: 1,
            wait_seconds: Some(0),
            then: AfterReceive::Hide,
        };
        self.cell.try_receive(&self.shared, ask).unwrap().0[0].receipt_handle()
    }

    fn since_start(&self) -> u64 {
        now(&self.shared).0 - START_SECOND * 1000
    }
}

fn texts(received: Result<Vec<QueuedMessage>, QueueError>) -> Received {
    match received {
        Ok(held) => Ok(held
            .iter()
            .map(|held| held.message.body.text().to_owned())
            .collect()),
        Err(QueueError::Refused(refusal)) => Err(refusal.code),
        Err(QueueError::Journal(error)) => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_is_reported_after_the_wait() {
    let scene = Scene::new();
    let receive = scene.receive(20).await;
    assert_eq!(receive.await.unwrap(), Err(Code::MessageNotExist));
    assert_eq!(scene.since_start(), 20_000);
}

#[tokio::test(start_paused = true)]
async fn a_message_ends_the_wait_of_one_receiver_at_once() {
    let scene = Scene::new();
    let (first, second) = (scene.receive(20).await, scene.receive(20).await);
    scene.send("a", 0);
    assert_eq!(first.await.unwrap(), Ok(vec!["a".to_owned()]));
    assert_eq!(scene.since_start(), 0);
    assert_eq!(second.await.unwrap(), Err(Code::MessageNotExist));
    assert_eq!(scene.since_start(), 20_000);
}

#[tokio::test(start_paused = true)]
async fn each_message_of_a_batch_wakes_a_receiver() {
    let scene = Scene::new();
    let waiting = [
        scene.receive(20).await,
        scene.receive(20).await,
        scene.receive(20).await,
    ];
    let drafts = ["a", "b", "c"].map(|text| Draft::plain(Body::new(text)));
    scene.cell.send(&scene.shared, drafts.to_vec()).unwrap();
    for receive in waiting {
        assert!(receive.await.unwrap().is_ok());
    }
    assert_eq!(scene.since_start(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_reaches_those_who_waited_before_it_was_sent() {
    let scene = Scene::new();
    let (first, second) = (scene.receive(20).await, scene.receive(20).await);
    scene.send("late", 7);
    scene.send("later", 9);
    assert_eq!(first.await.unwrap(), Ok(vec!["late".to_owned()]));
    assert_eq!(scene.since_start(), 7_000);
    assert_eq!(second.await.unwrap(), Ok(vec!["later".to_owned()]));
    assert_eq!(scene.since_start(), 9_000);
}

#[tokio::test(start_paused = true)]
async fn a_shortened_visibility_timeout_wakes_a_receiver_in_time() {
    let scene = Scene::new();
    scene.send("a", 0);
    let handle = scene.handle();
    let receive = scene.receive(20).await;
    scene
        .cell
        .change_visibility(&scene.shared, handle, 3)
        .unwrap();
    assert_eq!(receive.await.unwrap(), Ok(vec!["a".to_owned()]));
    assert_eq!(scene.since_start(), 3_000);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_gave_up_takes_no_message_with_it() {
    let scene = Scene::new();
    let (gone, waiting) = (scene.receive(20).await, scene.receive(20).await);
    scene.send("a", 0);
    // The first waiter was woken, but leaves before it could look.
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(waiting.await.unwrap(), Ok(vec!["a".to_owned()]));
    assert_eq!(scene.since_start(), 0);
}

#[tokio::test(start_paused = true)]
async fn deleting_the_queue_ends_the_wait() {
    let scene = Scene::new();
    let receive = scene.receive(20).await;
    scene.cell.end();
    assert_eq!(receive.await.unwrap(), Err(Code::QueueNotExist));
    assert_eq!(scene.since_start(), 0);
    let draft = Draft::plain(Body::new("a"));
    assert_eq!(
        texts(scene.cell.send(&scene.shared, vec![draft])),
        Err(Code::QueueNotExist)
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_service_ends_the_wait() {
    let scene = Scene::new();
    let receive = scene.receive(20).await;
    scene.closing.cancel();
    assert_eq!(receive.await.unwrap(), Err(Code::MessageNotExist));
    assert_eq!(scene.since_start(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_the_queue_holds_where_the_call_names_none() {
    let scene = Scene::new();
    let waiting = |attributes: &QueueAttributes| QueueAttributes {
        polling_wait_seconds: 4,
        ..attributes.clone()
    };
    scene.cell.set_attributes(&scene.shared, waiting).unwrap();
    let ask = Receive {
        most: 1,
        wait_seconds: None,
        then: AfterReceive::Hide,
    };
    let received = scene.cell.receive(&scene.shared, ask, &scene.closing).await;
    assert_eq!(texts(received), Err(Code::MessageNotExist));
    assert_eq!(scene.since_start(), 4_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_and_receivers_lose_nothing_and_see_nothing_twice() {
    const MESSAGES: usize = 2_000;
    let scene = Scene::new();
    let ask = Receive {
        most: 4,
        wait_seconds: Some(30),
        then: AfterReceive::Hide,
    };
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (shared, cell, sender) = (scene.shared.clone(), scene.cell.clone(), sender.clone());
        tasks.spawn(async move {
            while let Ok(held) = cell.receive(&shared, ask, &CancellationToken::new()).await {
                let handles: Vec<_> = held.iter().map(QueuedMessage::receipt_handle).collect();
                assert!(
                    cell.delete(&shared, &handles)
                        .unwrap()
                        .iter()
                        .all(Result::is_ok)
                );
                for held in held {
                    sender.send(held.sequence).unwrap();
                }
            }
        });
    }
    for _ in 0..MESSAGES {
        scene.send("x", 0);
        tokio::task::yield_now().await;
    }
    let mut sequences = Vec::new();
    while sequences.len() < MESSAGES {
        let next = tokio::time::timeout(Duration::from_mins(1), seen.recv());
        sequences.push(next.await.expect("a message is missing").unwrap());
    }
    scene.cell.end();
    while tasks.join_next().await.is_some() {}
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), MESSAGES);
    assert!(seen.try_recv().is_err(), "a message was received twice");
}
