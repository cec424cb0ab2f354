//! The doctor, against a cloud where everything works and where something does not.

use clap::Parser as _;
use serde_json::json;
use source_controller::doctor::{DoctorArgs, Findings, Verdict};

use crate::support::cloud::KEY_SECRET;
use crate::support::fixture::{SECRET, World};

/// What the doctor says of the source in a world.
async fn examine(world: &World, more: &[&str]) -> Findings {
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
fn shown(world: &World, findings: &Findings) -> String {
    let text = findings
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
async fn way_that_works_is_fine_and_the_probe_is_removed() {
    let world = World::start_ruled().await;
    let bucket = world.cloud.bucket("photos");
    bucket.create().await.unwrap();
    world.settle_ready().await;
    world.cluster.calls();
    let findings = examine(&world, &[]).await;
    assert!(findings.is_fine(), "{findings}");
    let table = shown(&world, &findings);
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
async fn way_with_a_topic_is_examined_too() {
    let world = World::start().await;
    world.cloud.bucket("photos").create().await.unwrap();
    world.settle_ready().await;
    let findings = examine(&world, &["--bucket", "photos"]).await;
    insta::assert_snapshot!(shown(&world, &findings), @r"
    source        ok        it is ready, and so is its adapter
    scaling       ok        one adapter runs all the time: annotations could have KEDA scale it
    credentials   ok        a key `owner...` for `http://mns.test`
    queue         ok        `QUEUE`, 0 messages wait
    subscription  ok        `QUEUE` of topic `mns-en-topics-oss-photos-1`
    bucket        ok        `photos` in `cn-shanghai`
    announcement  to do     OSS announced the upload of `mnsoss-doctor-ID` to nobody: no event rule covers it, or it is new; OSS takes up to ten minutes to follow a new rule
    ");
    let findings = examine(&world, &[]).await;
    let last = &findings.0.last().unwrap().verdict;
    assert!(matches!(last, Verdict::Skipped(_)), "{findings}");
}

#[tokio::test]
async fn each_thing_that_is_missing_is_told_with_what_to_do() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    let rule = world.status()["eventRules"][0].as_str().unwrap().to_owned();
    let name = rule.parse().unwrap();
    world.cloud.event_rules().delete(&name).await.unwrap();
    let queue = world.cloud.queue(&World::queue_name());
    queue.delete().await.unwrap();
    let findings = examine(&world, &[]).await;
    let table = shown(&world, &findings);
    insta::assert_snapshot!(table.replace(&rule, "RULE"), @r"
    source        ok        it is ready, and so is its adapter
    scaling       ok        one adapter runs all the time: annotations could have KEDA scale it
    credentials   ok        a key `owner...` for `http://mns.test`
    queue         to do     `QUEUE` does not exist: the controller makes it; `kubectl describe mnsosssource` says why it has not
    event rule    to do     `RULE` does not exist: the condition EventRuleReady of the source says why
    bucket        to do     GetBucketInfo of bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: make the bucket, or correct its name
    announcement  to do     PutObject of `in/mnsoss-doctor-ID` in bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: make the bucket, or correct its name
    ");

    world.cloud.bucket("photos").create().await.unwrap();
    let findings = examine(&world, &[]).await;
    let last = findings.0.last().unwrap();
    assert_eq!(last.what, "announcement");
    assert!(matches!(last.verdict, Verdict::Wrong(_)), "{findings}");
}

#[tokio::test]
async fn bad_keys_are_told() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    world.put_secret("nobody", KEY_SECRET);
    let findings = examine(&world, &[]).await;
    let rule = world.status()["eventRules"][0].as_str().unwrap().to_owned();
    insta::assert_snapshot!(shown(&world, &findings).replace(&rule, "RULE"), @r"
    source        ok        it is ready, and so is its adapter
    scaling       ok        one adapter runs all the time: annotations could have KEDA scale it
    credentials   ok        a key `nobody...` for `http://mns.test`
    queue         to do     MNS answered `InvalidAccessKeyId` to `GetQueueAttributes` of `queues/QUEUE`
    event rule    to do     MNS answered `InvalidAccessKeyId.NotFound` to `GetEventRule` of `rules/RULE`
    bucket        to do     GetBucketInfo of bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: make the bucket, or correct its name
    announcement  to do     PutObject of `in/mnsoss-doctor-ID` in bucket `photos` was refused: status 404, code `NoSuchBucket`, message `The specified bucket does not exist.`, EC `0015-00000101`, request `ID`: make the bucket, or correct its name
    ");
    for document in ["{}", "secret"] {
        world.put_secret_text(document);
        let findings = examine(&world, &[]).await;
        let last = findings.0.last().unwrap();
        assert_eq!(last.what, "credentials", "{findings}");
        assert!(!findings.is_fine());
    }
    world.cluster.remove(SECRET);
    assert!(!examine(&world, &[]).await.is_fine());
}

#[tokio::test]
async fn source_that_is_not_ready_says_why() {
    let world = World::start_ruled().await;
    world.edit(|spec| spec["sink"]["ref"]["name"] = json!("nowhere"));
    let findings = examine(&world, &[]).await;
    assert!(
        findings.0[0].what == "source" && !findings.is_fine(),
        "{findings}"
    );
    world.settle().await;
    let findings = examine(&world, &[]).await;
    let Verdict::Wrong(text) = &findings.0[0].verdict else {
        panic!("{findings}");
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
