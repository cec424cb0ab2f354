//! Objects, one by one and in lists.

use fake_api_server::FakeApiServer;
use http::Method;
use serde_json::{Value, json};

use crate::{APPLY, JSON, LIST, MERGE, WIDGET, call, get};

#[tokio::test]
async fn writes_move_versions_and_those_of_the_spec_generations() {
    let server = FakeApiServer::new();
    let moved = |object: &Value| {
        let metadata = &object["metadata"];
        let version = metadata["resourceVersion"].as_str().unwrap().to_owned();
        (version, metadata["generation"].as_i64().unwrap())
    };
    let widget = json!({"metadata": {"name": "a"}, "spec": {"x": 1, "y": 2}});
    let (status, made) = call(&server, Method::POST, LIST, JSON, widget.clone()).await;
    assert_eq!((status, moved(&made)), (201, ("1".to_owned(), 1)));
    let (status, _) = call(&server, Method::POST, LIST, JSON, widget).await;
    assert_eq!(status, 409, "it is there");

    let patch = json!({"spec": {"x": 3, "y": null}});
    let (_, patched) = call(&server, Method::PATCH, WIDGET, MERGE, patch.clone()).await;
    assert_eq!(moved(&patched), ("2".to_owned(), 2));
    assert_eq!(patched["spec"], json!({"x": 3}));
    let (_, same) = call(
        &server,
        Method::PATCH,
        WIDGET,
        APPLY,
        json!({"spec": {"x": 3}}),
    )
    .await;
    assert_eq!(same, patched, "nothing changed");

    let (uri, status) = (format!("{WIDGET}/status"), json!({"status": {"z": 1}}));
    let (_, told) = call(&server, Method::PATCH, &uri, APPLY, status).await;
    assert_eq!(moved(&told), ("3".to_owned(), 2));
    let uri = format!("{WIDGET}?dryRun=All");
    let (_, dry) = call(
        &server,
        Method::PATCH,
        &uri,
        APPLY,
        json!({"spec": {"x": 4}}),
    )
    .await;
    assert_eq!(dry["spec"]["x"], 4);
    assert_eq!(get(&server, WIDGET).await, (200, told));
}

#[tokio::test]
async fn write_about_an_older_version_is_refused() {
    let server = FakeApiServer::new();
    server.put(WIDGET, json!({"spec": 1}));
    let old = json!({"metadata": {"resourceVersion": "1"}, "spec": 2});
    for method in [Method::PUT, Method::PATCH] {
        let first = call(&server, method.clone(), WIDGET, MERGE, old.clone()).await;
        let status = if method == Method::PUT { 200 } else { 409 };
        assert_eq!(first.0, status, "{method}");
    }
}

#[tokio::test]
async fn finalizers_hold_an_object_until_the_last_is_gone() {
    let server = FakeApiServer::new();
    server.put(WIDGET, json!({"metadata": {"finalizers": ["a/b"]}}));
    let (_, held) = call(&server, Method::DELETE, WIDGET, JSON, Value::Null).await;
    assert!(held["metadata"]["deletionTimestamp"].is_string());
    let patch = json!({"metadata": {"finalizers": []}});
    call(&server, Method::PATCH, WIDGET, MERGE, patch).await;
    assert_eq!(get(&server, WIDGET).await.0, 404);
}

#[tokio::test]
async fn deletion_of_another_object_of_the_name_is_refused() {
    let server = FakeApiServer::new();
    server.put(WIDGET, json!({"metadata": {"uid": "u"}}));
    let options = |uid: &str| json!({"preconditions": {"uid": uid}});
    for (uid, status) in [("other", 409), ("u", 200), ("u", 404)] {
        let deleted = call(&server, Method::DELETE, WIDGET, JSON, options(uid)).await;
        assert_eq!(deleted.0, status, "{uid}");
    }
}

#[tokio::test]
async fn lists_are_of_one_namespace_or_all_and_by_label() {
    let server = FakeApiServer::new();
    for (namespace, name, color) in [
        ("shop", "a", "red"),
        ("shop", "b", "blue"),
        ("x", "c", "red"),
    ] {
        let path = format!("/apis/example.com/v1/namespaces/{namespace}/widgets/{name}");
        server.put(
            &path,
            json!({"metadata": {"name": name, "labels": {"color": color}}}),
        );
    }
    let table = [
        (LIST, "a b"),
        ("/apis/example.com/v1/widgets", "a b c"),
        (
            "/apis/example.com/v1/widgets?labelSelector=color%3Dred",
            "a c",
        ),
        ("/apis/example.com/v2/widgets", ""),
    ];
    for (uri, expected) in table {
        let (_, list) = get(&server, uri).await;
        let items = list["items"].as_array().unwrap().iter();
        let names: Vec<_> = items
            .map(|it| it["metadata"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.join(" "), expected, "{uri}");
    }
}

#[tokio::test]
async fn what_is_not_played_is_refused() {
    let server = FakeApiServer::new();
    server.put(WIDGET, json!({}));
    let asked = |query: &str| format!("{LIST}?{query}");
    for uri in [
        asked("fieldSelector=metadata.name%3Da"),
        asked("labelSelector=a%21%3Db"),
        asked("labelSelector=a+in+%28b%29"),
        asked("watch=1&sendInitialEvents=true"),
    ] {
        assert_eq!(get(&server, &uri).await.0, 400, "{uri}");
    }
    let patch = "application/json-patch+json";
    let (status, _) = call(&server, Method::PATCH, WIDGET, patch, json!([])).await;
    assert_eq!(status, 415);
}

#[tokio::test]
async fn failures_come_when_asked_for_and_calls_are_remembered() {
    let server = FakeApiServer::new();
    server.fail(Method::GET, LIST, 503, "ServiceUnavailable");
    assert_eq!(get(&server, LIST).await.0, 503);
    server.heal();
    assert_eq!(get(&server, LIST).await.0, 200);
    get(&server, "/apis").await;
    call(
        &server,
        Method::PATCH,
        &format!("{WIDGET}/status"),
        APPLY,
        json!({}),
    )
    .await;
    let calls = server.calls();
    let calls: Vec<_> = calls
        .iter()
        .map(|it| format!("{} {}", it.verb(), it.resource()))
        .collect();
    let expected = [
        "list widgets",
        "list widgets",
        "get discovery",
        "patch widgets/status",
    ];
    assert_eq!(calls, expected);
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn other_processes_get_the_same_answers() {
    let server = FakeApiServer::new();
    server.put(WIDGET, json!({"spec": 1}));
    let socket = server.listen().await.unwrap();
    let client = service::http_client(&service::ConnectOptions::default()).unwrap();
    let url = format!("{}{WIDGET}", socket.url());
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let text = answer.text().await.unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["spec"], 1);
    assert_eq!(
        socket.kubeconfig("home")["clusters"][0]["cluster"]["server"],
        socket.url()
    );
}

#[tokio::test]
async fn an_apply_takes_away_what_its_manager_leaves_out() {
    let server = FakeApiServer::new();
    server.put(WIDGET, json!({"metadata": {"name": "a"}, "spec": {"z": 0}}));
    let apply = async |manager: &str, spec: Value| {
        let uri = format!("{WIDGET}?fieldManager={manager}");
        call(&server, Method::PATCH, &uri, APPLY, json!({"spec": spec})).await;
        get(&server, WIDGET).await.1["spec"].clone()
    };
    apply("one", json!({"x": 1, "y": {"a": 1, "b": 2}})).await;
    apply("two", json!({"w": 1})).await;
    let spec = apply("one", json!({"y": {"b": 3}})).await;
    assert_eq!(spec, json!({"w": 1, "y": {"b": 3}, "z": 0}));
}
