//! A client of KEDA's proto calls the scaler over a real socket.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::faults::Kind;
use mns::{PollingWait, SendMessage};
use serde_json::json;
use source_controller::context::{Context, Parts};
use source_controller::scaler;
use testbed::{Progress, poll_until};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::cloud::transport;
use crate::support::fixture::{SECRET, SOURCE, World, context_in, context_of, parts};

use wire::external_scaler_client::ExternalScalerClient;
use wire::{GetMetricsRequest, ScaledObjectRef};

/// The client's side of `proto/externalscaler.proto`.
#[allow(
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    dead_code,
    reason = "the generator writes it so"
)]
mod wire {
    include!("support/externalscaler.rs");
}

const LONG: Duration = Duration::from_mins(1);

/// KEDA, connected to a scaler that knows nothing yet.
struct Keda {
    client: ExternalScalerClient<Channel>,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Keda {
    async fn start(ctx: &Arc<Context>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(scaler::serve(listener, ctx.clone(), stop.clone()));
        Self {
            client: connect(&address.to_string()).await,
            stop,
            serving,
        }
    }

    async fn is_active(&self) -> Result<bool, Status> {
        let mut client = self.client.clone();
        let answer = client.is_active(photos()).await?;
        Ok(answer.into_inner().result)
    }

    async fn messages(&self) -> Result<i64, Status> {
        let question = GetMetricsRequest {
            scaled_object_ref: Some(photos()),
            metric_name: "mns-messages".to_owned(),
        };
        let answer = self.client.clone().get_metrics(question).await?;
        let [value] = answer.into_inner().metric_values.try_into().unwrap();
        assert_eq!(value.metric_name, "mns-messages");
        let float = i64::from(value.metric_value_float.to_string().parse::<u32>().unwrap());
        assert_eq!(float, value.metric_value);
        Ok(value.metric_value)
    }

    async fn end(self) {
        self.stop.cancel();
        timeout(LONG, self.serving)
            .await
            .expect("it ends")
            .unwrap()
            .unwrap();
    }
}

pub(crate) async fn connect(address: &str) -> ExternalScalerClient<Channel> {
    let url = format!("http://{address}");
    ExternalScalerClient::connect(url).await.unwrap()
}

/// As KEDA calls by the controller's `ScaledObject`.
pub(crate) fn photos() -> ScaledObjectRef {
    scaled_object_ref("shop", &[("source", "photos"), ("lagThreshold", "20")])
}

fn scaled_object_ref(namespace: &str, metadata: &[(&str, &str)]) -> ScaledObjectRef {
    let metadata = metadata.iter();
    let metadata: HashMap<_, _> = metadata
        .map(|&(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    ScaledObjectRef {
        name: "any".to_owned(),
        namespace: namespace.to_owned(),
        scaler_metadata: metadata,
    }
}

/// What a scaler that knows nothing yet says.
async fn demand(world: &World) -> (Result<bool, Code>, Result<i64, Code>) {
    let keda = Keda::start(&world.ctx).await;
    let active = keda.is_active().await.map_err(|status| status.code());
    let messages = keda.messages().await.map_err(|status| status.code());
    keda.end().await;
    (active, messages)
}

#[tokio::test]
async fn source_is_active_while_messages_wait_or_are_in_work() {
    let world = World::start().await;
    world.settle().await;
    let queue = world.cloud.queue(&World::queue_name());
    assert_eq!(demand(&world).await, (Ok(false), Ok(0)));
    for _ in 0..3 {
        queue.send(&SendMessage::new("a")).await.unwrap();
    }
    assert_eq!(demand(&world).await, (Ok(true), Ok(3)));
    let mut handles = Vec::new();
    for _ in 0..3 {
        let taken = queue.receive(PollingWait::MIN).await.unwrap().unwrap();
        handles.push(taken.receipt_handle);
    }
    assert_eq!(
        demand(&world).await,
        (Ok(true), Ok(3)),
        "an adapter holds them"
    );
    for handle in &handles {
        queue.delete_message(handle).await.unwrap();
    }
    assert_eq!(demand(&world).await, (Ok(false), Ok(0)));
}

#[tokio::test]
async fn spec_has_the_threshold_of_the_trigger() {
    let world = World::start().await;
    let mut keda = Keda::start(&world.ctx).await;
    let answer = keda.client.get_metric_spec(photos()).await.unwrap();
    let [spec] = answer.into_inner().metric_specs.try_into().unwrap();
    assert_eq!(
        (spec.metric_name.as_str(), spec.target_size),
        ("mns-messages", 20)
    );
    assert!((spec.target_size_float - 20.0).abs() < f64::EPSILON);
    keda.end().await;
}

#[tokio::test]
async fn error_of_the_cloud_is_an_error_of_the_call() {
    let world = World::start().await;
    world.settle().await;
    let error = |status, code: &str| Kind::Error {
        status,
        code: code.to_owned(),
    };
    let table = [
        (
            "GetQueueAttributes",
            error(503, "ServiceUnavailable"),
            Code::Unavailable,
        ),
        (
            "BatchPeekMessage",
            error(403, "AccessDenied"),
            Code::FailedPrecondition,
        ),
        (
            "GetQueueAttributes",
            error(404, "QueueNotExist"),
            Code::FailedPrecondition,
        ),
        (
            "GetQueueAttributes",
            Kind::Drop { after: false },
            Code::Unavailable,
        ),
    ];
    for (operation, kind, expected) in table {
        world.cloud.misbehave(operation, kind, None);
        assert_eq!(
            demand(&world).await,
            (Err(expected), Err(expected)),
            "{operation}"
        );
        world.cloud.behave();
    }
    // Counters say enough where the key may not peek.
    let queue = world.cloud.queue(&World::queue_name());
    queue.send(&SendMessage::new("a")).await.unwrap();
    world
        .cloud
        .misbehave("PeekMessage", error(403, "AccessDenied"), None);
    assert_eq!(demand(&world).await, (Ok(true), Ok(1)));
}

#[tokio::test]
async fn message_of_an_error_says_what_to_do_and_no_secret() {
    let world = World::start().await;
    world.settle().await;
    world.put_secret("owner", "another");
    let keda = Keda::start(&world.ctx).await;
    let status = keda.is_active().await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status.message().contains("SignatureDoesNotMatch"),
        "{status:?}"
    );
    keda.end().await;
    world.cluster.remove(SECRET);
    let keda = Keda::start(&world.ctx).await;
    let lost = keda.is_active().await.unwrap_err();
    assert_eq!(lost.code(), Code::FailedPrecondition);
    insta::assert_snapshot!(lost.message(), @"the source has no account: secret `mnsoss-secret` does not exist");
    keda.end().await;
    for text in [format!("{status:?}"), format!("{lost:?}")] {
        assert!(!text.contains("another"), "{text}");
    }
}

#[tokio::test]
async fn question_is_passed_on_once_in_five_seconds() {
    let world = World::start().await;
    world.settle().await;
    world.cluster.calls();
    let keda = Keda::start(&world.ctx).await;
    let asked = || world.cloud.calls_of("GetQueueAttributes");
    let before = asked();
    let (a, b, c, d) = tokio::join!(
        keda.is_active(),
        keda.messages(),
        keda.is_active(),
        keda.messages()
    );
    assert_eq!(
        (a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()),
        (false, 0, false, 0)
    );
    assert_eq!(asked(), before + 1);
    let reads = world.cluster.calls();
    assert_eq!(reads.len(), 2, "the source and its secret: {reads:?}");

    let started = Instant::now();
    poll_until("another question", LONG, || async {
        keda.is_active().await?;
        Ok(Progress::of(asked() > before + 1, || "none".to_owned()))
    })
    .await
    .unwrap();
    assert!(started.elapsed() > Duration::from_secs(4), "{started:?}");
    assert_eq!(world.cluster.calls().len(), 0, "neither is read again");
    keda.end().await;
}

#[tokio::test]
async fn key_that_was_changed_is_found() {
    let world = World::start().await;
    world.settle().await;
    let keda = Keda::start(&world.ctx).await;
    assert!(!keda.is_active().await.unwrap());
    world.cloud.accept("new", "fresh");
    world.cloud.revoke("owner");
    world.put_secret("new", "fresh");
    // The old key is tried once more, and then no longer.
    poll_until("an error", LONG, || async {
        let answer = keda.is_active().await;
        Ok(Progress::of(answer.is_err(), || format!("{answer:?}")))
    })
    .await
    .unwrap();
    let started = Instant::now();
    poll_until("an answer", LONG, || async {
        let answer = keda.is_active().await;
        Ok(Progress::of(answer.is_ok(), || format!("{answer:?}")))
    })
    .await
    .unwrap();
    assert!(started.elapsed() < Duration::from_secs(30), "{started:?}");
    keda.end().await;
}

#[tokio::test]
async fn sources_of_other_namespaces_are_refused() {
    let world = World::start().await;
    world.settle().await;
    let keda = Keda::start(&world.ctx).await;
    let reads = world.cloud.calls();
    world.cluster.calls();
    let table = [
        (
            scaled_object_ref("shop", &[("source", "other")]),
            Code::NotFound,
        ),
        (
            scaled_object_ref("bakery", &[("source", "photos")]),
            Code::NotFound,
        ),
        (
            scaled_object_ref("bakery", &[("source", "photos"), ("namespace", "shop")]),
            Code::PermissionDenied,
        ),
        (
            scaled_object_ref("shop", &[("source", "../secrets/mnsoss-secret")]),
            Code::InvalidArgument,
        ),
        (scaled_object_ref("shop", &[]), Code::InvalidArgument),
        (ScaledObjectRef::default(), Code::InvalidArgument),
    ];
    for (object, expected) in table {
        let name = format!("{object:?}");
        let mut client = keda.client.clone();
        let status = client.is_active(object.clone()).await.unwrap_err();
        assert_eq!(status.code(), expected, "{name}");
        let stream = client.stream_is_active(object).await;
        let status = match stream {
            Ok(stream) => stream.into_inner().message().await.unwrap_err(),
            Err(status) => status,
        };
        assert_eq!(status.code(), expected, "{name}");
    }
    let calls = world.cluster.calls();
    assert!(
        calls.iter().all(|call| call.resource() == "mnsosssources"),
        "{calls:?}"
    );
    assert_eq!(world.cloud.calls(), reads);
    keda.end().await;
}

#[tokio::test]
async fn controller_of_some_namespaces_answers_about_these_alone() {
    let world = World::start().await;
    world.settle().await;
    let (ctx, _feeds) = context_in(&world.cluster, "bakery".parse().unwrap());
    world.cluster.calls();
    let keda = Keda::start(&ctx).await;
    let status = keda.is_active().await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(world.cluster.calls().len(), 0);
    keda.end().await;
}

#[tokio::test]
async fn trouble_of_the_api_server_is_an_error_too() {
    let world = World::start().await;
    world.settle().await;
    world
        .cluster
        .fail(http::Method::GET, SOURCE, 500, "InternalError");
    assert_eq!(
        demand(&world).await,
        (Err(Code::Unavailable), Err(Code::Unavailable))
    );
}

/// MNS has announced that its counters will always be zero.
#[tokio::test]
async fn without_counters_what_can_be_seen_counts() {
    let cloud = MockServer::start().await;
    let xml = |name: &str, content: &str| {
        let text = format!(r#"<{name} xmlns="http://mns.aliyuncs.com/doc/v1/">{content}</{name}>"#);
        ResponseTemplate::new(200).set_body_raw(text, "text/xml")
    };
    let zero = "<QueueName>uploads</QueueName><ActiveMessages>0</ActiveMessages><InactiveMessages>0</InactiveMessages>";
    Mock::given(method("GET"))
        .and(path("/queues/uploads"))
        .respond_with(xml("Queue", zero))
        .mount(&cloud)
        .await;
    let messages = "<Message><MessageId>1</MessageId></Message>".repeat(16);
    Mock::given(method("GET"))
        .and(path("/queues/uploads/messages"))
        .and(query_param("peekonly", "true"))
        .and(query_param("numOfMessages", "16"))
        .respond_with(xml("Messages", &messages))
        .mount(&cloud)
        .await;
    let world = World::start().await;
    world.edit(|spec| {
        spec.as_object_mut().unwrap().remove("topic");
        spec["queue"] = json!("uploads");
    });
    let document = json!({"url": cloud.uri(), "accessKeyId": "a", "accessKeySecret": "b"});
    world.put_secret_text(&document.to_string());
    assert_eq!(demand(&world).await, (Ok(true), Ok(16)));
}

#[tokio::test]
async fn stream_tells_of_each_change_and_ends_with_the_controller() {
    let world = World::start().await;
    world.settle().await;
    let mut keda = Keda::start(&world.ctx).await;
    let stream = keda.client.stream_is_active(photos()).await.unwrap();
    let mut stream = stream.into_inner();
    assert!(!stream.message().await.unwrap().unwrap().result);
    let queue = world.cloud.queue(&World::queue_name());
    queue.send(&SendMessage::new("a")).await.unwrap();
    let next = timeout(LONG, stream.message()).await.unwrap();
    assert!(next.unwrap().unwrap().result);
    keda.stop.cancel();
    let last = timeout(LONG, stream.message()).await.unwrap();
    assert!(last.unwrap().is_none());
    keda.end().await;
}

#[tokio::test]
async fn source_without_a_secret_is_asked_about_by_the_identity_of_the_controller() {
    let (identity, world) = crate::identity::listed().await;
    let (ctx, _feeds) = context_of(Parts {
        cloud_identity: Some(identity),
        transport: transport(),
        ..parts(&world.cluster)
    });
    let keda = Keda::start(&ctx).await;
    assert!(!keda.is_active().await.unwrap());
    keda.end().await;
}
