//! The admin API over sockets.

use emulator::settings::Settings;
use serde_json::json;

use crate::oss::caller::Caller;
use crate::running::{Running, settings};

#[tokio::test]
async fn rules_are_put_shown_and_deleted() {
    let running = Running::start().await;
    let admin = running.admin();
    let rule = json!({"bucket": "photos", "prefix": "in/", "events": ["ObjectCreated:PutObject"]});
    let (status, shown) = admin.call("PUT /rules/faces", Some(rule.clone())).await;
    assert_eq!(
        (status, &shown["TopicName"]),
        (200, &json!("mns-en-topics-oss-faces-1"))
    );
    assert_eq!(
        admin.call("GET /rules/faces", None).await,
        (200, shown.clone())
    );
    assert_eq!(
        admin.call("GET /rules", None).await,
        (200, json!({"faces": shown}))
    );
    let (status, refused) = admin.call("PUT /rules/other", Some(rule)).await;
    assert_eq!(status, 409);
    let expected = "rule `faces` already covers `ObjectCreated:PutObject` of some of these objects";
    assert_eq!(refused["error"], expected);
    assert_eq!(admin.call("DELETE /rules/faces", None).await.0, 204);
    assert_eq!(admin.call("DELETE /rules/faces", None).await.0, 404);
    assert_eq!(admin.call("GET /rules/faces", None).await.0, 404);
}

#[tokio::test]
async fn faults_are_added_shown_and_ended() {
    let running = Running::start().await;
    let admin = running.admin();
    let fault =
        json!({"service": "mns", "operation": "*", "kind": "latency", "latency_ms": 5, "times": 3});
    let (status, first) = admin.call("POST /faults", Some(fault.clone())).await;
    assert_eq!(
        (status, &first["id"], &first["struck"]),
        (200, &json!(1), &json!(0))
    );
    admin.call("POST /faults", Some(fault)).await;
    assert_eq!(
        admin
            .call("GET /faults", None)
            .await
            .1
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(admin.call("DELETE /faults/1", None).await.0, 204);
    assert_eq!(admin.call("DELETE /faults/1", None).await.0, 404);
    assert_eq!(admin.call("DELETE /faults/one", None).await.0, 404);
    assert_eq!(admin.call("DELETE /faults", None).await.0, 204);
    assert_eq!(admin.call("GET /faults", None).await, (200, json!([])));
}

#[tokio::test]
async fn limits_are_set_shown_and_lifted() {
    let running = Running::start().await;
    let admin = running.admin();
    let off = json!({"queue": null, "topic": null, "mns": null, "bucket": null});
    assert_eq!(admin.call("GET /limits", None).await, (200, off.clone()));
    let limits = json!({"queue": 5000, "topic": 2000, "mns": 20000, "bucket": 10000});
    let set = admin.call("PUT /limits", Some(limits.clone())).await;
    assert_eq!(set, (200, limits.clone()));
    assert_eq!(admin.call("GET /limits", None).await, (200, limits));
    let unknown = admin.call("PUT /limits", Some(json!({"face": 2}))).await;
    assert_eq!(unknown.0, 400);
    assert_eq!(admin.call("DELETE /limits", None).await.0, 204);
    assert_eq!(admin.call("GET /limits", None).await, (200, off));
}

#[tokio::test]
async fn credentials_come_and_go_and_their_secrets_stay_in() {
    let running = Running::start().await;
    let admin = running.admin();
    let temporary = json!({
        "access_key_secret": "marker-secret",
        "security_token": "marker-token",
        "expires": "2999-01-01T00:00:00Z",
    });
    assert_eq!(
        admin
            .call("PUT /credentials/STS.1", Some(temporary))
            .await
            .0,
        200
    );
    let (_, listed) = admin.call("GET /credentials", None).await;
    assert_eq!(listed["STS.1"], "2999-01-01T00:00:00Z");
    assert!(!listed.to_string().contains("marker"), "{listed}");
    assert!(!format!("{:?}", running.shared).contains("marker"));
    assert_eq!(admin.call("DELETE /credentials/STS.1", None).await.0, 204);
    assert_eq!(admin.call("DELETE /credentials/STS.1", None).await.0, 404);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_one_line() {
    let running = Running::start().await;
    let admin = running.admin();
    let table = r#"
        PUT /rules/a_b | {"bucket": "b", "events": ["ObjectCreated:PutObject"]} | 400
        PUT /rules/a | {"bucket": "b", "events": ["Nothing"]} | 400
        PUT /rules/a | {"bucket": "b", "event": "ObjectCreated:PutObject"} | 400
        POST /faults | {"service": "dns", "operation": "*", "kind": "drop"} | 400
        POST /faults | {"service": "oss", "operation": "*", "kind": "explode"} | 400
        POST /faults | {"service": "oss", "operation": "*", "kind": "drop", "probability": 2} | 400
        PUT /credentials/a | {"secret": "s"} | 400
        PUT /hosts/a | {} | 400
        GET /nothing | {} | 404
        GET /captures | {} | 404
    "#;
    for row in table.trim().lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let body = serde_json::from_str(cells[1]).unwrap();
        let (status, answer) = admin.call(cells[0], Some(body)).await;
        assert_eq!(status.to_string(), cells[2], "{row}");
        let error = answer["error"].as_str().unwrap();
        assert!(!error.contains('\n'), "{row}: {error}");
    }
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    // Else any web page could send one without being asked.
    let running = Running::start().await;
    let admin = running.admin();
    let fault = r#"{"service":"oss","operation":"*","kind":"drop"}"#;
    let request = admin
        .http
        .post(format!("{}/faults", admin.base))
        .body(fault);
    assert_eq!(request.send().await.unwrap().status(), 415);
    assert!(running.shared.faults.list().is_empty());
}

#[tokio::test]
async fn calls_are_counted_by_name_and_status() {
    let running = Running::start().await;
    let admin = running.admin();
    let oss = Caller::of(&running);
    oss.call("PUT /photos", "").await;
    oss.call("GET /photos/missing", "").await;
    oss.call("GET /photos/missing", "").await;
    let (_, stats) = admin.call("GET /stats", None).await;
    assert_eq!(
        stats["oss"]["GetObject"],
        json!({"calls": 2, "answers": {"404": 2}, "dropped": 0, "faults": 0})
    );
    assert_eq!(stats["oss"]["PutBucket"]["answers"], json!({"200": 1}));
    assert_eq!(admin.call("GET /health", None).await.0, 200);
}

#[tokio::test]
async fn requests_are_captured_as_they_were_received() {
    let running = Running::start_with(Settings {
        capture: true,
        ..settings()
    })
    .await;
    let admin = running.admin();
    let oss = Caller::of(&running);
    let headers = [("x-oss-meta-city", "上海")];
    oss.call_with("PUT /photos/a%20b?x=%2F+y", &headers, "1")
        .await;
    let (_, captures) = admin.call("GET /captures", None).await;
    let capture = &captures[0];
    assert_eq!(capture["service"], "oss");
    assert_eq!(capture["operation"], "PutObject");
    assert_eq!(capture["method"], "PUT");
    assert_eq!(capture["target"], "/photos/a%20b?x=%2F+y");
    let headers = capture["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-oss-meta-city", "上海"])));
    assert!(headers.iter().any(|header| header[0] == "authorization"));
}

#[tokio::test]
async fn a_bucket_gets_a_host_name_of_its_own() {
    let running = Running::start().await;
    let admin = running.admin();
    let oss = Caller::of(&running);
    oss.call_with("PUT /photos", &[("x-oss-acl", "public-read")], "")
        .await;
    oss.call("PUT /photos/a", "12345").await;
    let by_name = || async {
        let request = oss
            .http
            .get(format!("{}/a", oss.base))
            .header("host", "IMG.example.com:80");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(by_name().await, 404);
    admin
        .call(
            "PUT /hosts/img.example.com",
            Some(json!({"bucket": "photos"})),
        )
        .await;
    assert_eq!(by_name().await, 200);
    assert_eq!(
        admin.call("DELETE /hosts/img.example.com", None).await.0,
        204
    );
    assert_eq!(by_name().await, 404);
}
