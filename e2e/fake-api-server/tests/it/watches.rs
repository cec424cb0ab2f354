//! Watches.

use std::time::Duration;

use fake_api_server::{Answer, FakeApiServer};
use http::{Method, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{JSON, LIST, WIDGET, ask, get};

async fn watch(server: &FakeApiServer, query: &str) -> Response<Answer> {
    let uri = format!("{LIST}?watch=1&{query}");
    ask(server, Method::GET, &uri, JSON, Value::Null).await
}

/// The next lines, as type and name.
async fn next(watch: &mut Response<Answer>) -> String {
    let frame = watch.body_mut().frame();
    let frame = timeout(Duration::from_mins(1), frame).await.expect("news");
    let Some(Ok(frame)) = frame else {
        return "end".to_owned();
    };
    let lines = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
    let line = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let name = event["object"]["metadata"]["name"].as_str();
        let reason = event["object"]["reason"].as_str();
        let what = name.or(reason).unwrap_or_default();
        format!("{} {what}", event["type"].as_str().unwrap())
    };
    lines.lines().map(line).collect::<Vec<_>>().join(", ")
}

fn put(server: &FakeApiServer, name: &str, label: &str) {
    let widget = json!({"metadata": {"name": name, "labels": {"is": label}}});
    server.put(&format!("{LIST}/{name}"), widget);
}

#[tokio::test]
async fn nothing_that_happens_after_a_list_is_missed() {
    let server = FakeApiServer::new();
    put(&server, "a", "old");
    put(&server, "b", "new");
    let mut watch = watch(&server, "resourceVersion=1").await;
    assert_eq!(next(&mut watch).await, "ADDED b");
    put(&server, "a", "new");
    assert_eq!(next(&mut watch).await, "MODIFIED a");
    server.remove(WIDGET);
    assert_eq!(next(&mut watch).await, "DELETED a");
}

#[tokio::test]
async fn pages_of_a_list_make_the_whole() {
    let server = FakeApiServer::new();
    for name in ["a", "b", "c"] {
        put(&server, name, "x");
    }
    let page = async |query: &str| {
        let (_, list) = get(&server, &format!("{LIST}?limit=2{query}")).await;
        let items = list["items"].as_array().unwrap();
        let name = |item: &Value| item["metadata"]["name"].as_str().unwrap().to_owned();
        let names: Vec<_> = items.iter().map(name).collect();
        let next = list["metadata"]["continue"].as_str().unwrap().to_owned();
        (
            names.concat(),
            next,
            list["metadata"]["resourceVersion"].clone(),
        )
    };
    let (names, next, version) = page("").await;
    assert_eq!(names, "ab");
    put(&server, "a", "y");
    let last = page(&format!("&continue={next}")).await;
    assert_eq!(last, ("c".to_owned(), String::new(), version));
    let (names, next, _) = page("&resourceVersion=0").await;
    assert_eq!((names.as_str(), next.as_str()), ("abc", ""), "from a cache");
}

#[tokio::test]
async fn watch_from_no_version_begins_with_what_is_there() {
    let server = FakeApiServer::new();
    put(&server, "a", "x");
    let mut watch = watch(&server, "").await;
    assert_eq!(next(&mut watch).await, "ADDED a");
    put(&server, "b", "x");
    assert_eq!(next(&mut watch).await, "ADDED b");
}

#[tokio::test]
async fn others_labels_and_lists_are_none_of_its_concern() {
    let server = FakeApiServer::new();
    let mut watch = watch(&server, "labelSelector=is%3Dred").await;
    put(&server, "a", "blue");
    server.put(
        "/apis/example.com/v1/namespaces/x/widgets/b",
        json!({"metadata": {"labels": {"is": "red"}}}),
    );
    put(&server, "c", "red");
    assert_eq!(next(&mut watch).await, "ADDED c");
}

#[tokio::test(start_paused = true)]
async fn watch_ends_when_it_was_told_to() {
    let server = FakeApiServer::new();
    let mut watch = watch(&server, "timeoutSeconds=7").await;
    assert_eq!(next(&mut watch).await, "end");
}

#[tokio::test]
async fn past_that_is_forgotten_is_told_of() {
    let server = FakeApiServer::new();
    for number in 0..70_000 {
        server.put(WIDGET, json!({"metadata": {"name": "a"}, "spec": number}));
    }
    let mut watch = watch(&server, "resourceVersion=1").await;
    assert_eq!(next(&mut watch).await, "ERROR Expired");
    assert_eq!(next(&mut watch).await, "end");
}
