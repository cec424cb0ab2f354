//! The controller as a whole, at work on a world.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use source_controller::controller;
use testbed::{Progress, poll_until};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::fixture::{World, context, deployment_path};

/// Far longer than anything here takes, and shorter than the resync interval.
const LONG: Duration = Duration::from_mins(1);

/// Far longer than changes are collected before they are acted on.
const QUIET: Duration = Duration::from_secs(1);

/// A world in which the controller runs.
pub(crate) struct Running {
    pub(crate) world: World,
    stop: CancellationToken,
    controller: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(mut world: World) -> Self {
        let (ctx, inputs) = context(&world.cluster);
        world.ctx = Arc::clone(&ctx);
        let stop = CancellationToken::new();
        let controller = tokio::spawn(controller::run(ctx, inputs, 4, stop.clone()));
        Self {
            world,
            stop,
            controller,
        }
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&World) -> bool) {
        let look = || {
            let observed = || self.world.conditions();
            ready(Ok(Progress::of(holds(&self.world), observed)))
        };
        poll_until(what, LONG, look).await.unwrap();
    }

    /// Waits until the controller has called nothing for a second: nothing that it did itself wakes it
    /// any more.
    pub(crate) async fn until_quiet(&self) {
        let calls = || self.world.cluster.calls().len();
        let mut before = usize::MAX;
        while calls() != before {
            before = calls();
            sleep(QUIET).await;
        }
    }

    pub(crate) async fn until_ready(&self) {
        self.until("an adapter", |world| {
            world.cluster.get(&deployment_path()).is_some()
        })
        .await;
        self.world.run_adapter();
        self.until("ready", |world| world.ready() == "True").await;
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(LONG, self.controller)
            .await
            .expect("it ends")
            .unwrap();
    }
}
