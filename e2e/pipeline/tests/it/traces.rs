//! The trace of a photo, from the queue to its stored result.

use testbed::{CollectedSpan, Collector, EventSink, QUEUE, Settings, eventually};
use tokio::net::TcpListener;

use crate::fixture::{pipeline, portrait};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Has both services send traces there at once.
fn send_traces_to(settings: &mut Settings, endpoint: &str) {
    for environment in [&mut settings.adapter_env, &mut settings.face_env] {
        let quick = ("OTEL_BSP_SCHEDULE_DELAY".to_owned(), "20".to_owned());
        environment.extend([(ENDPOINT.to_owned(), endpoint.to_owned()), quick]);
    }
}

fn named<'a>(spans: &'a [CollectedSpan], name: &str) -> &'a CollectedSpan {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("no `{name}` among {spans:#?}"))
}

#[tokio::test]
async fn one_trace_shows_the_way_of_a_photo() {
    let collector = Collector::start().await.unwrap();
    let pipeline = pipeline(|settings| send_traces_to(settings, &collector.url())).await;
    pipeline.annotate("portrait.jpg", portrait()).await;
    pipeline.settled().await;
    // The services send the last of their spans when they stop.
    pipeline.stop().await;

    let all = collector.spans();
    // The stored result is announced as well, and has a trace of its own.
    let is_the_photos = |span: &&CollectedSpan| {
        let subject = span.attributes.get("cloudevents.event_subject");
        span.kind == "SPAN_KIND_CONSUMER"
            && subject.is_some_and(|subject| subject.ends_with("/portrait.jpg"))
    };
    let process = all.iter().find(is_the_photos).unwrap();
    let mut trace: Vec<_> = all
        .iter()
        .filter(|span| span.trace == process.trace)
        .collect();
    trace.sort_by_key(|span| span.time.0);
    let tree: Vec<String> = trace
        .iter()
        .filter(|span| {
            span.name != "look"
                && (span.kind != "SPAN_KIND_CLIENT" || span.service == "source-adapter")
        })
        .map(|span| {
            let parent = trace.iter().find(|other| other.id == span.parent);
            let parent = parent.map_or("-", |parent| parent.name.as_str());
            format!("{} > {} ({})", parent, span.name, span.kind)
        })
        .collect();
    let process_name = format!("process {QUEUE}");
    let expected = [
        format!("- > {process_name} (SPAN_KIND_CONSUMER)"),
        format!("{process_name} > deliver (SPAN_KIND_PRODUCER)"),
        "deliver > POST (SPAN_KIND_CLIENT)".to_owned(),
        "POST > POST / (SPAN_KIND_SERVER)".to_owned(),
        "POST / > annotate (SPAN_KIND_INTERNAL)".to_owned(),
        "annotate > fetch (SPAN_KIND_INTERNAL)".to_owned(),
        "annotate > analyse (SPAN_KIND_INTERNAL)".to_owned(),
        "annotate > draw (SPAN_KIND_INTERNAL)".to_owned(),
        "annotate > store (SPAN_KIND_INTERNAL)".to_owned(),
    ];
    assert_eq!(tree, expected);
    let receive = all.iter().find(|span| process.links == [span.id.as_str()]);
    assert_eq!(receive.unwrap().name, format!("receive {QUEUE}"));
    let trace: Vec<_> = trace.into_iter().cloned().collect();
    check_attributes(&trace);
}

/// Names by the conventions, and nothing secret.
fn check_attributes(all: &[CollectedSpan]) {
    let process = named(all, &format!("process {QUEUE}"));
    for (name, value) in [
        ("messaging.system", "aliyun_mns"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", QUEUE),
        ("cloudevents.event_source", "acs.oss"),
        ("cloudevents.event_type", "oss:ObjectCreated:PutObject"),
    ] {
        assert_eq!(process.attributes[name], value, "{name}");
    }
    assert_eq!(process.resource["kn.source.name"], "faces");
    let request = named(all, "POST /");
    assert_eq!(request.service, "face-recognition");
    assert_eq!(request.attributes["http.response.status_code"], "200");
    let id = "cloudevents.event_id";
    assert_eq!(request.attributes[id], process.attributes[id]);
    let calls: Vec<_> = all
        .iter()
        .filter(|span| span.kind == "SPAN_KIND_CLIENT")
        .collect();
    let store = named(all, "store");
    let put = calls.iter().find(|call| call.parent == store.id).unwrap();
    assert_eq!(put.name, "PUT");
    assert_eq!(put.attributes["http.response.status_code"], "200");
    let told = format!("{all:?}");
    for secret in [
        "Signature",
        "Expires",
        testbed::ACCESS_KEY_ID,
        testbed::ACCESS_KEY_SECRET,
    ] {
        assert!(!told.contains(secret), "{secret} is in a span");
    }
    let failed: Vec<_> = all
        .iter()
        .filter(|span| span.is_error && span.name != "HEAD")
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn a_photo_comes_back_though_the_collector_never_answers() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", deaf.local_addr().unwrap());
    let pipeline = pipeline(|settings| send_traces_to(settings, &endpoint)).await;
    for index in 0..20 {
        pipeline.upload(&format!("{index}.jpg"), portrait()).await;
    }
    pipeline.annotate("last.jpg", portrait()).await;
    pipeline.settled().await;
    pipeline.stop().await;
}

#[tokio::test]
async fn an_event_names_its_trace_only_where_one_is_recorded() {
    let collector = Collector::start().await.unwrap();
    for is_on in [false, true] {
        let sink = EventSink::accepting().await.unwrap();
        let pipeline = pipeline(|settings| {
            settings.adapter_env.insert("K_SINK".to_owned(), sink.url());
            if is_on {
                send_traces_to(settings, &collector.url());
            }
        })
        .await;
        pipeline.upload("portrait.jpg", portrait()).await;
        eventually("an event", || sink.count() == 1).await;
        pipeline.settled().await;
        pipeline.stop().await;
        let delivery = sink.deliveries().remove(0);
        let header = delivery.headers["traceparent"].to_str().unwrap();
        let extension = delivery
            .event
            .extension("traceparent")
            .map(ToString::to_string);
        if is_on {
            let spans = collector.spans();
            let process = named(&spans, &format!("process {QUEUE}"));
            let request = named(&spans, "POST");
            assert_eq!(header, format!("00-{}-{}-01", process.trace, request.id));
            let first = format!("00-{}-{}-01", process.trace, process.id);
            assert_eq!(extension, Some(first));
        } else {
            assert_eq!(extension, None);
            assert!(
                collector.requests().is_empty(),
                "nothing is sent by default"
            );
        }
    }
}
