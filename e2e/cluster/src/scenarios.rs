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

/// Whom a scenario shares the cluster with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    /// Any number of others.
    Others,
    /// Nobody: it disturbs the controller, or measures it.
    Alone,
}

/// One test.
pub(crate) struct Scenario {
    /// A sentence.
    pub(crate) name: &'static str,
    company: Company,
    run: Run,
}

impl Scenario {
    /// Runs when its company allows it.
    ///
    /// # Errors
    /// When the cluster lacks something, or does not do what the name says.
    pub(crate) async fn run(&self, world: Arc<World>) -> Result<()> {
        match self.company {
            Company::Others => {
                let _peace = world.peace.read().await;
                (self.run)(&world).await
            }
            Company::Alone => {
                let _peace = world.peace.write().await;
                (self.run)(&world).await
            }
        }
    }
}

/// Names each function's scenario after it.
macro_rules! scenarios {
    ($($company:ident: $module:ident::$name:ident,)*) => {
        vec![$(Scenario {
            name: stringify!($name),
            company: Company::$company,
            run: |world| Box::pin($module::$name(world)),
        },)*]
    };
}

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    scenarios![
        Others: acceptance::the_original_manifest_is_taken_as_it_is_and_becomes_ready,
        Others: acceptance::bad_sources_are_refused_with_words_that_help,
        Others: acceptance::sources_are_found_as_sources,
        Others: reconcile::a_source_becomes_ready_and_subscribes_its_queue,
        Others: reconcile::a_sink_that_appears_late_makes_its_source_ready,
        Others: reconcile::a_rotated_secret_takes_effect,
        Others: reconcile::a_wrong_secret_is_told_and_can_be_corrected,
        Others: reconcile::a_renamed_topic_moves_the_subscription,
        Others: reconcile::a_queue_that_somebody_deleted_is_made_again,
        Others: reconcile::an_adapter_that_somebody_changed_is_put_right,
        Others: reconcile::scaling_a_source_scales_its_adapter,
        Others: identity::a_sink_that_expects_tokens_gives_its_source_an_identity,
        Others: identity::a_trust_bundle_reaches_an_adapter_that_runs,
        Others: deletion::a_deleted_source_leaves_nothing_in_mns,
        Others: deletion::a_source_whose_secret_went_first_leaves_nothing_in_mns,
        Others: deletion::a_namespace_goes_with_its_sources,
        Alone: controller::a_restart_in_the_middle_loses_no_source,
        Others: disruption::a_restarted_adapter_keeps_its_source_ready,
        Others: disruption::two_consumers_are_evicted_one_at_a_time,
        Alone: disruption::a_restarted_controller_goes_on_at_once,
        Alone: disruption::evicted_controllers_are_replaced,
        Alone: controller::a_quiet_minute_changes_nothing,
        Alone: many::many_sources_are_not_held_up_by_a_broken_one,
        Others: pipeline::a_photo_comes_back_through_the_broker,
    ]
}
