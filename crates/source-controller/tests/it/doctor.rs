//! The doctor, against a cloud where everything works and where something does not.

use clap::Parser as _;
use serde_json::json;
use source_controller::doctor::{CheckResult, DoctorArgs, DoctorReport};

use crate::support::cloud::KEY_SECRET;
use crate::support::fixture::{SECRET, World};

/// What the doctor says of the source in a world.
async fn examine(world: &World, more: &[&str]) -> DoctorReport {
    let oss = format!("http://{}", world.cloud.oss);
    let open_api = world.cloud.open_api.to_string();
    let words = [
        "doctor",
        "shop/photos",
        "--oss-endpoint",
        &oss,
        "--oss-addressing",
        "path",
        "--mns-open-endpoint",
        &open_api,
        "--allow-private-endpoints",
        "127.0.0.0/8",
    ];
    let args = DoctorArgs::parse_from(words.iter().chain(more));
    args.examine(world.cluster.client()).await.unwrap()
}

/// As a table, without what differs from run to run.
fn shown(world: &World, report: &DoctorReport) -> String {
    let text = report
        .to_string()
        .replace(&world.cloud.url, "http://mns.test")
        .replace(&world.cloud.open_api.to_string(), "http://mns-open.test")
        .replace(&World::queue_name(), "QUEUE");
    let without_ids = text.split("mnsoss-doctor-").enumerate();
    let without_ids = without_ids.map(|(index, part)| match index {
        0 => part.to_owned(),
        _ => format!("mnsoss-doctor-ID{}", &part[32..]),
    });
    let text = without_ids.collect::<String>();
    match text.find("request `") {
        None => text,
        Some(_) => mask_requests(&text),
    }
}

/// Hides the ids of requests.
fn mask_requests(text: &str) -> String {
    let parts = text.split("request `").enumerate();
    let parts = parts.map(|(index, part)| match part.split_once('`') {
        Some((_, rest)) if index > 0 => format!("request `ID`{rest}"),
        _ => part.to_owned(),
    });
    parts.collect()
}

#[tokio::test]
async fn working_source_passes_and_the_probe_is_removed() {
    let world = World::start_ruled().await;
    let bucket = world.cloud.bucket("photos");
    bucket.create().await.unwrap();
    world.settle_ready().await;
    world.cluster.calls();
    let report = examine(&world, &[]).await;
    assert!(!report.has_failures(), "{report}");
    let table = shown(&world, &report);
    let rule = world.status()["eventRules"][0].as_str().unwrap().to_owned();
    insta::assert_snapshot!(table.replace(&rule, "RULE"), @r"
    source        ok        it is ready, and so is its adapter
    scaling       ok        one adapter runs all the time: annotations could have KEDA scale it
    credentials   ok        a key `owner...` for `http://mns.test`
    queue         ok        `QUEUE`, 0 messages wait
    event rule    ok        `RULE` delivers into `QUEUE`
    bucket        ok        `photos` in `cn-shanghai`
    announcement  ok        the upload of `in/mnsoss-doctor-ID` was announced
    ");
    assert_eq!(world.cluster.writes(), [""; 0]);
    let objects = bucket
        .list(&oss::ListRequest::default(), None)
        .await
        .unwrap();
    assert!(objects.objects.is_empty(), "{objects:?}");
}

#[tokio::test]
async fn source_with_a_topic_is_checked_too() {
    let world = World::start().await;
    world.cloud.bucket("photos").create().await.unwrap();
    world.settle_ready().await;
    let report = examine(&world, &["--bucket", "photos"]).await;
    insta::assert_snapshot!(shown(&world, &report), @r"
    source        ok        it is ready, and so is its adapter
    scaling       ok        one adapter runs all the time: annotations could have KEDA scale it
    credentials   ok        a key `owner...` for `http://mns.test`
    queue         ok        `QUEUE`, 0 messages wait
    subscription  ok        `QUEUE` of topic `mns-en-topics-oss-photos-1`
    bucket        ok        `photos` in `cn-shanghai`
    announcement  to do     OSS did not announce the upload of `mnsoss-doctor-ID`: no event rule covers it, or the rule is new; OSS takes up to ten minutes to follow a new rule
    ");
    let report = examine(&world, &[]).await;
    let last = &report.0.last().unwrap().result;
    assert!(matches!(last, CheckResult::Skipped(_)), "{report}");
}

#[tokio::test]
async fn each_missing_resource_is_reported_with_what_to_do() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    let rule = world.status()["eventRules"][0].as_str().unwrap().to_owned();
    let name = rule.parse().unwrap();
    world.cloud.event_rules().delete(&name).await.unwrap();
    let queue = world.cloud.queue(&World::queue_name());
    queue.delete().await.unwrap();
    let report = examine(&world, &[]).await;
    let table = shown(&world, &report);
    insta::assert_snapshot!(table.replace(&rule, "RULE"), @r"
    source        ok        it is ready, and so is its adapter
    scaling       ok        one adapter runs all the time: annotations could have KEDA scale it
    credentials   ok        a key `owner...` for `http://mns.test`
    queue         to do     `QUEUE` does not exist: the controller creates it; `kubectl describe mnsosssource` says why it has not
    event rule    to do     `RULE` does not exist: the condition EventRuleReady of the source says why
    bucket        to do     GetBucketInfo of bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: create the bucket, or correct its name
    announcement  to do     PutObject of `in/mnsoss-doctor-ID` in bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: create the bucket, or correct its name
    ");

    world.cloud.bucket("photos").create().await.unwrap();
    let report = examine(&world, &[]).await;
    let last = report.0.last().unwrap();
    assert_eq!(last.name, "announcement");
    assert!(matches!(last.result, CheckResult::Failed(_)), "{report}");
}

#[tokio::test]
async fn invalid_keys_are_reported() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    world.put_secret("nobody", KEY_SECRET);
    let report = examine(&world, &[]).await;
    let rule = world.status()["eventRules"][0].as_str().unwrap().to_owned();
    insta::assert_snapshot!(shown(&world, &report).replace(&rule, "RULE"), @r"
    source        ok        it is ready, and so is its adapter
    scaling       ok        one adapter runs all the time: annotations could have KEDA scale it
    credentials   ok        a key `nobody...` for `http://mns.test`
    queue         to do     MNS answered `InvalidAccessKeyId` to `GetQueueAttributes` of `queues/QUEUE`
    event rule    to do     MNS answered `InvalidAccessKeyId.NotFound` to `GetEventRule` of `rules/RULE`
    bucket        to do     GetBucketInfo of bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: create the bucket, or correct its name
    announcement  to do     PutObject of `in/mnsoss-doctor-ID` in bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: create the bucket, or correct its name
    ");
    for document in ["{}", "secret"] {
        world.put_secret_text(document);
        let report = examine(&world, &[]).await;
        let last = report.0.last().unwrap();
        assert_eq!(last.name, "credentials", "{report}");
        assert!(report.has_failures());
    }
    world.cluster.remove(SECRET);
    assert!(examine(&world, &[]).await.has_failures());
}

#[tokio::test]
async fn source_that_is_not_ready_says_why() {
    let world = World::start_ruled().await;
    world.edit(|spec| spec["sink"]["ref"]["name"] = json!("nowhere"));
    let report = examine(&world, &[]).await;
    assert!(
        report.0[0].name == "source" && report.has_failures(),
        "{report}"
    );
    world.settle().await;
    let report = examine(&world, &[]).await;
    let CheckResult::Failed(text) = &report.0[0].result else {
        panic!("{report}");
    };
    assert!(text.contains("nowhere"), "{text}");
}

#[test]
fn source_is_named_with_its_namespace() {
    for name in ["photos", "/photos", "shop/"] {
        assert!(
            DoctorArgs::try_parse_from(["doctor", name]).is_err(),
            "{name}"
        );
    }
}
