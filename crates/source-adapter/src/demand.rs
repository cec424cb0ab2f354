//! How many pollers there is work for.
//!
//! One poller always waits at the queue. A full receive means that more is there, and
//! another poller joins in; an almost empty one sends one away. So a backlog is drained
//! by all of them, and an empty queue costs one long poll at a time.

use tokio::sync::watch;

/// The wanted number of pollers, from one to the most allowed.
#[derive(Debug)]
pub(crate) struct Demand {
    wanted: watch::Sender<usize>,
    most: usize,
}

impl Demand {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            wanted: watch::Sender::new(1),
            most: most.max(1),
        }
    }

    /// Takes note of what a receive brought.
    pub(crate) fn received(&self, count: usize, asked: usize) {
        self.wanted.send_if_modified(|wanted| {
            let before = *wanted;
            if count >= asked {
                *wanted = (before + 1).min(self.most);
            } else if count <= asked / 4 {
                *wanted = (before - 1).max(1);
            }
            *wanted != before
        });
    }

    /// One poller is enough to find out when a broken queue works again.
    pub(crate) fn failed(&self) {
        self.wanted.send_replace(1);
    }

    /// Waits until the poller with this index, counted from 0, has work.
    ///
    /// # Cancel safety
    /// Waiting changes nothing.
    pub(crate) async fn wants(&self, index: usize) {
        // The sender lives in `self`, so the channel cannot close meanwhile.
        let _ = self
            .wanted
            .subscribe()
            .wait_for(|wanted| index < *wanted)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pollers_follow_the_backlog() {
        let demand = Demand::new(3);
        let table = [
            ("start", None, 1),
            ("full", Some(16), 2),
            ("full", Some(16), 3),
            ("full, but no more allowed", Some(16), 3),
            ("half full", Some(8), 3),
            ("almost empty", Some(4), 2),
            ("empty", Some(0), 1),
            ("empty, but one stays", Some(0), 1),
        ];
        for (name, count, expected) in table {
            if let Some(count) = count {
                demand.received(count, 16);
            }
            assert_eq!(*demand.wanted.borrow(), expected, "{name}");
        }
    }

    #[tokio::test]
    async fn waiting_poller_is_woken_by_demand() {
        let demand = std::sync::Arc::new(Demand::new(2));
        demand.wants(0).await;
        let second = tokio::spawn({
            let demand = demand.clone();
            async move { demand.wants(1).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        demand.received(16, 16);
        second.await.unwrap();
    }
}
