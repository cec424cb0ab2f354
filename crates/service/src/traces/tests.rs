use std::time::Duration;

use clap::Parser;
use testbed::{Collector, eventually};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Instrument as _, Span, info, info_span, trace_span};
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

#[derive(Debug, Parser)]
struct Settings {
    #[command(flatten)]
    traces: TraceArgs,
}

fn args(variables: &[(&str, &str)]) -> TraceArgs {
    let lookup = |name: &std::ffi::OsStr| {
        let found = variables.iter().find(|(variable, _)| name == *variable);
        found.map(|(_, value)| (*value).into())
    };
    let settings: Settings = crate::settings::parse_from(["test"], lookup).unwrap();
    settings.traces
}

fn identity() -> Identity {
    Identity {
        name: "tested",
        version: "1",
        attributes: [("kn.source.name", "photos".to_owned())].into(),
    }
}

/// Records what this thread does, as `init_with_traces` has a process do it.
fn recording(variables: &[(&str, &str)]) -> (Traces, DefaultGuard) {
    let started = start(&args(variables), &identity()).unwrap();
    let layer = started.layer().expect("traces are on");
    let guard = set_default(tracing_subscriber::registry().with(layer));
    (started.traces, guard)
}

/// A name, variables, and the endpoint and the sampler that they come to.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    Option<(&'static str, &'static str)>,
);

#[test]
fn settings_decide_whether_and_where_traces_go() {
    const NATIVE: (&str, &str) = (
        "K_OBSERVABILITY_CONFIG",
        r#"{"tracing":{"protocol":"http/protobuf","endpoint":"http://k:4318/v1/traces","samplingRate":0.25}}"#,
    );
    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    const ALWAYS: &str = "ParentBased(AlwaysOn)";
    let table: [Case; 13] = [
        ("nothing", &[], None),
        ("blank", &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")], None),
        (
            "a collector",
            &[ENDPOINT],
            Some(("http://c:4318/v1/traces", ALWAYS)),
        ),
        (
            "a collector below a path",
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/otlp/")],
            Some(("https://c/otlp/v1/traces", ALWAYS)),
        ),
        (
            "an address for traces",
            &[
                ENDPOINT,
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/x"),
            ],
            Some(("http://t/x", ALWAYS)),
        ),
        (
            "the exporter alone",
            &[("OTEL_TRACES_EXPORTER", "otlp")],
            Some(("http://localhost:4318/v1/traces", ALWAYS)),
        ),
        (
            "no exporter",
            &[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")],
            None,
        ),
        ("disabled", &[ENDPOINT, ("OTEL_SDK_DISABLED", "True")], None),
        (
            "gRPC",
            &[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            None,
        ),
        (
            "a part",
            &[
                ENDPOINT,
                ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
            ],
            Some((
                "http://c:4318/v1/traces",
                "ParentBased(TraceIdRatioBased(0.5))",
            )),
        ),
        (
            "none of them",
            &[ENDPOINT, ("OTEL_TRACES_SAMPLER", "always_off")],
            None,
        ),
        (
            "Knative",
            &[NATIVE],
            Some((
                "http://k:4318/v1/traces",
                "ParentBased(TraceIdRatioBased(0.25))",
            )),
        ),
        (
            "both",
            &[NATIVE, ENDPOINT, ("OTEL_TRACES_SAMPLER", "always_on")],
            Some(("http://c:4318/v1/traces", "AlwaysOn")),
        ),
    ];
    for (name, variables, expected) in table {
        let (plan, _) = args(variables).plan();
        let plan = plan.map(|plan| (plan.endpoint.to_string(), format!("{:?}", plan.sampler)));
        let plan = plan
            .as_ref()
            .map(|(endpoint, sampler)| (&**endpoint, &**sampler));
        assert_eq!(plan, expected, "{name}");
    }
}

#[test]
fn what_cannot_be_had_is_told() {
    let grpc = r#"{"tracing":{"protocol":"grpc","endpoint":"http://k:4317","samplingRate":1}}"#;
    let (plan, notice) = args(&[("K_OBSERVABILITY_CONFIG", grpc)]).plan();
    assert!(plan.is_none());
    insta::assert_snapshot!(notice.unwrap(), @r#"no traces are sent: OTLP over "grpc" is not supported; set the protocol to http/protobuf and the endpoint to the collector's port for it, usually 4318"#);
}

#[test]
fn secret_headers_are_not_shown() {
    let args = args(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20word, x-team = a",
        ),
    ]);
    assert!(!format!("{args:?}").contains("Bearer"), "{args:?}");
    let (plan, _) = args.plan();
    let headers = plan.unwrap().headers;
    assert_eq!(headers["authorization"], "Bearer word");
    assert_eq!(headers["x-team"], "a");
}

#[tokio::test]
async fn spans_reach_the_collector_with_their_parents_and_without_logs() {
    const SENDER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let collector = Collector::start().await.unwrap();
    let (traces, guard) = recording(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment=test,service.version=2",
        ),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
    ]);
    let outer = trace_span!(target: SPANS, parent: None, "outer", otel.kind = "server", error.type = Empty, otel.status_code = Empty);
    continue_from(&outer, SENDER);
    let sent = async {
        info!("a log record");
        let inner = trace_span!(target: SPANS, "inner");
        info_span!("of the logs").in_scope(|| ());
        traceparent(&inner).unwrap()
    };
    let sent = sent.instrument(info_span!("also of the logs"));
    let sent = sent.instrument(outer.clone()).await;
    failed(&outer, "timeout");
    drop(outer);
    eventually("two spans", || collector.spans().len() == 2).await;

    let spans = collector.spans();
    let named = |name| spans.iter().find(|span| span.name == name).unwrap();
    let (outer, inner) = (named("outer"), named("inner"));
    assert_eq!(outer.trace, SENDER[3..35]);
    assert_eq!(outer.parent, SENDER[36..52]);
    assert_eq!((outer.kind, outer.is_error), ("SPAN_KIND_SERVER", true));
    assert_eq!(
        outer.attributes,
        [("error.type".to_owned(), "timeout".to_owned())].into()
    );
    assert_eq!((&inner.trace, &inner.parent), (&outer.trace, &outer.id));
    assert_eq!(sent, format!("00-{}-{}-01", inner.trace, inner.id));
    assert_eq!(outer.service, "tested");
    let resource = [
        ("kn.source.name", "photos"),
        ("deployment.environment", "test"),
        ("service.version", "2"),
    ];
    for (name, value) in resource {
        assert_eq!(outer.resource[name], value, "{name}");
    }
    assert_eq!(collector.requests()[0]["x-team"], "a");
    drop(guard);
    traces.finish().await;
}

#[tokio::test]
async fn a_trace_can_begin_with_a_given_id_and_not_be_recorded() {
    const NAMED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let collector = Collector::start().await.unwrap();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url());
    let (traces, guard) = recording(&[endpoint]);
    let first = trace_span!(target: SPANS, parent: None, "first");
    begin(&first, NAMED);
    let other = trace_span!(target: SPANS, parent: None, "other");
    let header = traceparent(&first).unwrap();
    assert_eq!(header.as_bytes()[..35], NAMED.as_bytes()[..35]);
    assert_ne!(
        traceparent(&other).unwrap().as_bytes()[..35],
        NAMED.as_bytes()[..35]
    );
    drop((first, other, guard));
    traces.finish().await;
    let parents: Vec<_> = collector
        .spans()
        .into_iter()
        .map(|span| span.parent)
        .collect();
    assert_eq!(parents, ["", ""], "what was recorded is sent at the end");

    let (traces, guard) = recording(&[endpoint, ("OTEL_TRACES_SAMPLER", "parentbased_always_off")]);
    let silent = trace_span!(target: SPANS, parent: None, "silent");
    begin(&silent, NAMED);
    assert!(traceparent(&silent).unwrap().as_bytes().ends_with(b"-00"));
    drop((silent, guard));
    traces.finish().await;
    assert_eq!(collector.spans().len(), 2);
}

#[tokio::test]
async fn without_a_collector_a_span_is_nothing() {
    let started = start(&args(&[]), &identity()).unwrap();
    assert!(started.layer::<tracing_subscriber::Registry>().is_none());
    let span = trace_span!(target: SPANS, parent: None, "nobody's");
    assert!(span.is_disabled() && traceparent(&span).is_none());
    continue_from(
        &span,
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_up_nobody() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", deaf.local_addr().unwrap());
    let (traces, guard) = recording(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
    ]);
    let started = Instant::now();
    let work = async {
        for _ in 0..20_000 {
            drop(trace_span!(target: SPANS, parent: Span::none(), "work"));
        }
    };
    work.await;
    drop(guard);
    traces.finish().await;
    // The work itself, and the two seconds that the end may take. The machine may be busy.
    let took = started.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}
