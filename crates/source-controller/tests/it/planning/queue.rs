//! What is to be done in MNS.

use std::time::Duration;

use mns::{NotifyContentFormat, NotifyStrategy, QueueStatus, SubscriptionStatus};
use source_controller::account::AccountProblem;
use source_controller::mns::ObservedMns;
use transport::Disposition;

use super::{Case, check, problem};

#[test]
fn queue_and_subscription() {
    check(&[
        ("in order", |_| {}, "nothing"),
        ("no queue", |it| it.mns().queue = None, "QueueCreated"),
        (
            "nothing at all",
            |it| *it.mns() = ObservedMns::default(),
            "QueueCreated, Subscribed",
        ),
        (
            "visibility",
            |it| queue_of(it).visibility_timeout = Some(Duration::from_secs(31)),
            "QueueCorrected",
        ),
        (
            "size",
            |it| queue_of(it).maximum_message_size_bytes = Some(1024),
            "QueueCorrected",
        ),
        (
            "retention beyond today's limits",
            |it| queue_of(it).message_retention = Some(Duration::from_hours(360)),
            "QueueCorrected",
        ),
        (
            "delay",
            |it| queue_of(it).delay = Some(Duration::from_secs(1)),
            "QueueCorrected",
        ),
        (
            "what is the user's choice",
            |it| {
                queue_of(it).logging_enabled = Some(true);
                queue_of(it).polling_wait = Some(Duration::from_secs(30));
            },
            "nothing",
        ),
        (
            "attributes that are not mentioned",
            |it| it.mns().queue = Some(QueueStatus::default()),
            "nothing",
        ),
        (
            "no subscription",
            |it| it.mns().subscription = None,
            "Subscribed",
        ),
        (
            "subscription to elsewhere",
            |it| subscription_of(it).endpoint = "http://elsewhere.test/".to_owned(),
            "SubscriptionCorrected",
        ),
        (
            "another form",
            |it| subscription_of(it).notify_content_format = Some(NotifyContentFormat::Xml),
            "SubscriptionCorrected",
        ),
        (
            "a filter",
            |it| subscription_of(it).filter_tag = Some("some".to_owned()),
            "SubscriptionCorrected",
        ),
        (
            "no filter",
            |it| subscription_of(it).filter_tag = Some(String::new()),
            "nothing",
        ),
        (
            "another strategy",
            |it| subscription_of(it).notify_strategy = Some(NotifyStrategy::BackoffRetry),
            "SubscriptionCorrected",
        ),
        (
            "MNS does not answer",
            |it| it.observed.mns = Some(Err(problem(Disposition::Retry))),
            "Some at Queue",
        ),
        (
            "no Secret",
            |it| {
                it.observed.account = Err(AccountProblem::NoSecret("s".to_owned()));
                it.observed.mns = None;
            },
            "nothing",
        ),
        (
            "an endpoint without account",
            |it| it.observed.account = Ok("http://emulator:9324".parse().unwrap()),
            "EndpointIncomplete at Subscription, update deployment",
        ),
    ]);
}

#[test]
fn given_queue() {
    check(&[
        (
            "new",
            |it| {
                give_queue(it);
                it.source.status = None;
                it.mns().subscription = None;
            },
            "update deployment",
        ),
        (
            "missing",
            |it| {
                give_queue(it);
                it.source.status = None;
                *it.mns() = ObservedMns::default();
            },
            "QueueNotFound at Queue, update deployment",
        ),
        (
            "with other attributes",
            |it| {
                give_queue(it);
                it.source.status = None;
                queue_of(it).visibility_timeout = Some(Duration::from_secs(1));
            },
            "update deployment",
        ),
    ]);
}

#[test]
fn what_is_no_longer_used() {
    check(&[
        (
            "another topic",
            |it| {
                it.source.spec.topic = Some("other".to_owned());
                it.mns().subscription = None;
            },
            "remove subscription `Q` of topic `mns-en-topics-oss-photos-1` at `https://1234567890123456.mns.cn-shanghai.aliyuncs.com`, Subscribed",
        ),
        (
            "another topic, retained",
            |it| {
                it.source.spec.topic = Some("other".to_owned());
                it.source.spec.deletion_policy = Some(source_api::DeletionPolicy::Retain);
                it.mns().subscription = None;
            },
            "Subscribed",
        ),
        (
            "a given queue in place of a topic",
            |it| {
                give_queue(it);
                it.observed.deployment = Some(it.desired());
            },
            "remove subscription `Q` of topic `mns-en-topics-oss-photos-1`, queue `Q` at `https://1234567890123456.mns.cn-shanghai.aliyuncs.com`",
        ),
        (
            "a status that names somebody else's queue",
            |it| {
                give_queue(it);
                it.observed.deployment = Some(it.desired());
                let status = it.source.status.as_mut().unwrap();
                status.queue = Some("theirs".to_owned());
                status.subscription = Some("theirs".to_owned());
            },
            "nothing",
        ),
        (
            "a status that names another source's queue",
            |it| {
                give_queue(it);
                it.observed.deployment = Some(it.desired());
                let other = source_api::names::queue("shop", "photos", "another-uid");
                let status = it.source.status.as_mut().unwrap();
                status.queue = Some(other.clone());
                status.subscription = Some(other);
            },
            "nothing",
        ),
        (
            "another host name of the same account",
            |it| {
                let internal = "http://1234567890123456.mns.cn-shanghai-internal.aliyuncs.com";
                it.observed.account = Ok(internal.parse().unwrap());
                it.observed.deployment = Some(it.desired());
            },
            "nothing",
        ),
        (
            "another region",
            |it| {
                let there = "https://1234567890123456.mns.cn-beijing.aliyuncs.com";
                it.observed.account = Ok(there.parse().unwrap());
                it.observed.deployment = Some(it.desired());
                *it.mns() = ObservedMns::default();
            },
            "remove subscription `Q` of topic `mns-en-topics-oss-photos-1`, queue `Q` at `https://1234567890123456.mns.cn-shanghai.aliyuncs.com`, QueueCreated, Subscribed",
        ),
        (
            "no Secret: nothing can be removed now",
            |it| {
                it.source.spec.topic = Some("other".to_owned());
                it.observed.account = Err(AccountProblem::NoSecret("s".to_owned()));
                it.observed.mns = None;
            },
            "nothing",
        ),
        (
            "a topic that can be none",
            |it| it.source.spec.topic = Some("no topic".to_owned()),
            "nothing",
        ),
    ]);
}

fn queue_of(case: &mut Case) -> &mut QueueStatus {
    case.mns().queue.as_mut().unwrap()
}

fn subscription_of(case: &mut Case) -> &mut SubscriptionStatus {
    case.mns().subscription.as_mut().unwrap()
}

fn give_queue(case: &mut Case) {
    case.source.spec.topic = None;
    case.source.spec.queue = Some("theirs".to_owned());
}
