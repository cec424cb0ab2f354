//! The scenarios on a cluster. Each states in its first line what it needs.

mod acceptance;
mod controller;
mod deletion;
mod disruption;
mod identity;
mod many;
mod pipeline;
mod reconcile;

use std::sync::Arc;

use anyhow::Result;
use futures_util::future::BoxFuture;

use crate::world::World;

/// The effect of a scenario on the cluster.
type Run = for<'a> fn(&'a World) -> BoxFuture<'a, Result<()>>;

/// Whether a scenario runs beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parallelism {
    /// Beside any number of others.
    Parallel,
    /// Alone: it disturbs the controller, or measures it.
    Exclusive,
}

/// One test.
pub(crate) struct Scenario {
    /// A sentence.
    pub(crate) name: &'static str,
    parallelism: Parallelism,
    run: Run,
}

impl Scenario {
    /// Runs when no exclusive scenario runs, or alone if it is one.
    ///
    /// # Errors
    /// When the cluster lacks something, or does not do what the name says.
    pub(crate) async fn run(&self, world: Arc<World>) -> Result<()> {
        match self.parallelism {
            Parallelism::Parallel => {
                let _lock = world.exclusive_lock.read().await;
                (self.run)(&world).await
            }
            Parallelism::Exclusive => {
                let _lock = world.exclusive_lock.write().await;
                (self.run)(&world).await
            }
        }
    }
}

/// Names each function's scenario after it.
macro_rules! scenarios {
    ($($parallelism:ident: $module:ident::$name:ident,)*) => {
        vec![$(Scenario {
            name: stringify!($name),
            parallelism: Parallelism::$parallelism,
            run: |world| Box::pin($module::$name(world)),
        },)*]
    };
}

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    scenarios![
        Parallel: acceptance::the_original_manifest_is_taken_as_it_is_and_becomes_ready,
        Parallel: acceptance::bad_sources_are_refused_with_words_that_help,
        Parallel: acceptance::sources_are_found_as_sources,
        Parallel: reconcile::a_source_becomes_ready_and_subscribes_its_queue,
        Parallel: reconcile::a_sink_that_appears_late_makes_its_source_ready,
        Parallel: reconcile::a_rotated_secret_takes_effect,
        Parallel: reconcile::a_wrong_secret_is_told_and_can_be_corrected,
        Parallel: reconcile::a_renamed_topic_moves_the_subscription,
        Parallel: reconcile::a_queue_that_somebody_deleted_is_made_again,
        Parallel: reconcile::an_adapter_that_somebody_changed_is_put_right,
        Parallel: reconcile::scaling_a_source_scales_its_adapter,
        Parallel: identity::a_sink_that_expects_tokens_gives_its_source_an_identity,
        Parallel: identity::a_trust_bundle_reaches_an_adapter_that_runs,
        Parallel: deletion::a_deleted_source_leaves_nothing_in_mns,
        Parallel: deletion::a_source_whose_secret_went_first_leaves_nothing_in_mns,
        Parallel: deletion::a_namespace_goes_with_its_sources,
        Exclusive: controller::a_restart_in_the_middle_loses_no_source,
        Parallel: disruption::a_restarted_adapter_keeps_its_source_ready,
        Parallel: disruption::two_consumers_are_evicted_one_at_a_time,
        Exclusive: disruption::a_restarted_controller_goes_on_at_once,
        Exclusive: disruption::evicted_controllers_are_replaced,
        Exclusive: controller::a_quiet_minute_changes_nothing,
        Exclusive: many::many_sources_are_not_held_up_by_a_broken_one,
        Parallel: pipeline::a_photo_comes_back_through_the_broker,
    ]
}
