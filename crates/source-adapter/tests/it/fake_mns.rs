//! One queue of MNS: receipt handles, visibility, long polls, batches; and trouble on
//! request. Signatures are not checked here; the client's own tests do that.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

/// A running queue; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct FakeMns {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<Queue>>,
}

#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) visibility: Duration,
    pub(crate) messages: Vec<Message>,
    /// Calls by operation.
    pub(crate) calls: BTreeMap<&'static str, usize>,
    /// Visibility timeouts asked for, in seconds, in order.
    pub(crate) changes: Vec<u64>,
    /// Status and code of every answer while it is set, for operations so named (`""` for all).
    pub(crate) trouble: Option<(&'static str, StatusCode, &'static str)>,
    /// Operations so named are not answered while it is set.
    pub(crate) stalled: Option<&'static str>,
    handles: u64,
}

pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) dequeue_count: u32,
    pub(crate) handle: String,
    pub(crate) visible_at: Instant,
    first_dequeue: Option<Timestamp>,
}

impl FakeMns {
    pub(crate) async fn start(visibility: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let queue = Queue {
            visibility,
            ..Queue::default()
        };
        let fake = Self {
            address,
            state: Arc::new(Mutex::new(queue)),
        };
        let router = axum::Router::new()
            .route("/queues/photos/messages", any(serve))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.state.lock().unwrap()
    }

    pub(crate) fn send(&self, body: impl Into<String>) -> String {
        let mut queue = self.queue();
        queue.handles += 1;
        let id = format!("message-{}", queue.handles);
        queue.messages.push(Message {
            id: id.clone(),
            body: body.into(),
            dequeue_count: 0,
            handle: String::new(),
            visible_at: Instant::now(),
            first_dequeue: None,
        });
        id
    }

    pub(crate) fn len(&self) -> usize {
        self.queue().messages.len()
    }

    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.queue()
            .calls
            .get(operation)
            .copied()
            .unwrap_or_default()
    }
}

impl Queue {
    fn receive(&mut self, max: usize) -> Option<String> {
        let now = Instant::now();
        let mut xml = String::from("<Messages xmlns=\"http://mns.aliyuncs.com/doc/v1/\">");
        let visible = self
            .messages
            .iter_mut()
            .filter(|message| message.visible_at <= now);
        let mut count = 0;
        for message in visible.take(max) {
            count += 1;
            self.handles += 1;
            message.handle = format!("{}-handle/+==", self.handles);
            message.dequeue_count += 1;
            message.visible_at = now + self.visibility;
            let received = Timestamp::now();
            let first = *message.first_dequeue.get_or_insert(received);
            let next = received + self.visibility;
            write!(
                xml,
                "<Message><MessageId>{}</MessageId><ReceiptHandle>{}</ReceiptHandle>\
                 <MessageBodyMD5>0</MessageBodyMD5><MessageBody>{}</MessageBody>\
                 <EnqueueTime>1</EnqueueTime><NextVisibleTime>{}</NextVisibleTime>\
                 <FirstDequeueTime>{}</FirstDequeueTime><DequeueCount>{}</DequeueCount>\
                 <Priority>8</Priority></Message>",
                message.id,
                message.handle,
                escaped(&message.body),
                next.as_millisecond(),
                first.as_millisecond(),
                message.dequeue_count,
            )
            .unwrap();
        }
        (count > 0).then(|| xml + "</Messages>")
    }

    fn position(&self, handle: &str) -> Option<usize> {
        let now = Instant::now();
        self.messages
            .iter()
            .position(|message| message.handle == handle && message.visible_at > now)
    }

    fn delete(&mut self, body: &str) -> Response {
        let mut failed = String::new();
        for handle in between(body, "<ReceiptHandle>", "</ReceiptHandle>") {
            match self.position(&handle) {
                Some(position) => drop(self.messages.remove(position)),
                None => write!(
                    failed,
                    "<Error><ErrorCode>MessageNotExist</ErrorCode><ErrorMessage>gone</ErrorMessage>\
                     <ReceiptHandle>{handle}</ReceiptHandle></Error>"
                )
                .unwrap(),
            }
        }
        if failed.is_empty() {
            return StatusCode::NO_CONTENT.into_response();
        }
        (StatusCode::NOT_FOUND, format!("<Errors>{failed}</Errors>")).into_response()
    }

    fn change(&mut self, handle: &str, seconds: u64) -> Response {
        let Some(position) = self.position(handle) else {
            return error(StatusCode::NOT_FOUND, "MessageNotExist");
        };
        self.changes.push(seconds);
        self.handles += 1;
        let handle = format!("{}-handle/+==", self.handles);
        let message = &mut self.messages[position];
        message.handle.clone_from(&handle);
        message.visible_at = Instant::now() + Duration::from_secs(seconds);
        format!(
            "<ChangeVisibility><ReceiptHandle>{handle}</ReceiptHandle>\
             <NextVisibleTime>{}</NextVisibleTime></ChangeVisibility>",
            Timestamp::now().as_millisecond()
        )
        .into_response()
    }
}

async fn serve(
    State(fake): State<FakeMns>,
    method: Method,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let parameters: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let number = |name: &str| {
        parameters
            .get(name)
            .map_or(0, |text| text.parse::<u64>().unwrap())
    };
    let operation = match method {
        Method::GET => "receive",
        Method::DELETE => "delete",
        _ => "change",
    };
    let trouble = {
        let mut queue = fake.queue();
        *queue.calls.entry(operation).or_default() += 1;
        queue
            .trouble
            .filter(|(name, ..)| operation.starts_with(name))
    };
    if let Some((_, status, code)) = trouble {
        return error(status, code);
    }
    while fake.queue().stalled == Some(operation) {
        sleep(Duration::from_millis(5)).await;
    }
    match operation {
        "receive" => {
            let max = usize::try_from(number("numOfMessages")).unwrap();
            receive(&fake, max, Duration::from_secs(number("waitseconds"))).await
        }
        "delete" => fake.queue().delete(&body),
        _ => fake
            .queue()
            .change(&parameters["ReceiptHandle"], number("VisibilityTimeout")),
    }
}

async fn receive(fake: &FakeMns, max: usize, wait: Duration) -> Response {
    let deadline = Instant::now() + wait;
    loop {
        let received = fake.queue().receive(max);
        if let Some(xml) = received {
            return xml.into_response();
        }
        if Instant::now() >= deadline {
            return error(StatusCode::NOT_FOUND, "MessageNotExist");
        }
        sleep(Duration::from_millis(5)).await;
    }
}

fn error(status: StatusCode, code: &str) -> Response {
    let xml = format!(
        "<Error><Code>{code}</Code><Message>as told</Message><RequestId>R</RequestId><HostId>h</HostId></Error>"
    );
    (status, xml).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn between(text: &str, start: &str, end: &str) -> Vec<String> {
    text.split(start)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(end)?.0.to_owned()))
        .collect()
}
