//! The account's side of MNS: finding queues and topics, and making calls for them.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use signing::LiveCredentials;
use tracing::instrument;
use transport::{BoxError, RetryClass, Transport};

use crate::document::{
    delete_failures, queue_list, queue_status_list, sent_message, sent_messages, topic_list,
};
use crate::endpoint::Endpoint;
use crate::error::{CallName, Error, Refusal, RefusalKind, WriteError};
use crate::list::{ListRequest, Page};
use crate::message::SentMessage;
use crate::name::{QueueName, TopicName};
use crate::queue::{Queue, QueueStatus};
use crate::request::{LIST_ANSWER_BYTES, Request};
use crate::topic::Topic;
use crate::xml::ParseError;

/// Calls MNS in the name of one account in one region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: Endpoint,
    credentials: LiveCredentials,
    transport: Transport,
}

impl Client {
    /// A client that signs every attempt with the credentials of the moment.
    #[must_use]
    pub fn new(endpoint: Endpoint, credentials: LiveCredentials, transport: Transport) -> Self {
        Self(Arc::new(Inner {
            endpoint,
            credentials,
            transport,
        }))
    }

    /// Where the client sends its calls.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// A queue by its name, whether it exists or not.
    #[must_use]
    pub fn queue(&self, name: QueueName) -> Queue {
        Queue::new(self.clone(), name)
    }

    /// A topic by its name, whether it exists or not.
    #[must_use]
    pub fn topic(&self, name: TopicName) -> Topic {
        Topic::new(self.clone(), name)
    }

    /// Lists queues by name.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn list_queues(&self, request: &ListRequest) -> Result<Page<QueueName>, Error> {
        let call = Request::get("ListQueue", "queues".into()).answer_limit(LIST_ANSWER_BYTES);
        self.read(call.listing(request)?, |answer| queue_list(answer))
            .await
    }

    /// Lists queues with their attributes.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn list_queues_with_status(
        &self,
        request: &ListRequest,
    ) -> Result<Page<QueueStatus>, Error> {
        let call = Request::get("ListQueue", "queues".into()).answer_limit(LIST_ANSWER_BYTES);
        self.read(call.listing(request)?.with_meta(), |answer| {
            queue_status_list(answer)
        })
        .await
    }

    /// Lists topics by name.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn list_topics(&self, request: &ListRequest) -> Result<Page<TopicName>, Error> {
        let call = Request::get("ListTopic", "topics".into()).answer_limit(LIST_ANSWER_BYTES);
        self.read(call.listing(request)?, |answer| topic_list(answer))
            .await
    }

    /// Makes a call and reads its answer, which must be a success.
    pub(crate) async fn read<T>(
        &self,
        request: Request,
        read: impl Fn(&Bytes) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        let answer = self.call(&request).await?;
        let answer = accepted(&request, answer)?;
        read(answer.body()).map_err(|source| unreadable(&request, &answer, source))
    }

    /// Makes a call that must succeed and whose body does not matter.
    pub(crate) async fn done(&self, request: Request) -> Result<http::StatusCode, Error> {
        let answer = self.call(&request).await?;
        Ok(accepted(&request, answer)?.status())
    }

    /// Makes a call that stores or publishes one message.
    pub(crate) async fn send_one(&self, request: Request) -> Result<SentMessage, Error> {
        self.read(request, sent_message).await
    }

    /// Makes a call, whatever the status of the answer.
    #[instrument(level = "debug", skip_all, fields(mns.operation = request.name().operation, mns.resource = request.name().resource))]
    pub(crate) async fn call(&self, request: &Request) -> Result<Response<Bytes>, Error> {
        let Inner {
            endpoint,
            credentials,
            transport,
        } = &*self.0;
        let terms = request.terms().classify(judge);
        let make = || {
            let (mut parts, body) = request.to_http(endpoint)?.into_parts();
            signing::mns::v2::sign(&mut parts, &credentials.get(), Timestamp::now())?;
            Ok::<_, BoxError>(http::Request::from_parts(parts, body))
        };
        transport
            .send(&terms, make)
            .await
            .map_err(|source| Error::Unanswered {
                call: request.name().clone(),
                source,
            })
    }
}

/// Whether an answer should be met with another attempt. MNS throttles with 400, so the code
/// decides. A batch of which a part failed is final, since the other part was done.
fn judge(answer: &Response<Bytes>) -> RetryClass {
    if answer.status().is_success() || is_partial_failure(answer.body()) {
        return RetryClass::Final;
    }
    match Refusal::of(answer).kind() {
        RefusalKind::Throttled => RetryClass::Throttled,
        RefusalKind::ServiceFault => RetryClass::Transient,
        _ => RetryClass::Final,
    }
}

/// Whether the body speaks of the items of a batch.
fn is_partial_failure(body: &Bytes) -> bool {
    sent_messages(body).is_ok() || delete_failures(body).is_ok()
}

/// The answer, if it is a success.
pub(crate) fn accepted(
    request: &Request,
    answer: Response<Bytes>,
) -> Result<Response<Bytes>, Error> {
    if answer.status().is_success() {
        Ok(answer)
    } else {
        Err(refused(request, &answer))
    }
}

/// The error that a refusing answer is.
pub(crate) fn refused(request: &Request, answer: &Response<Bytes>) -> Error {
    Error::Refused {
        call: request.name().clone(),
        refusal: Box::new(Refusal::of(answer)),
    }
}

/// The error that an answer is whose document makes no sense.
pub(crate) fn unreadable(request: &Request, answer: &Response<Bytes>, source: ParseError) -> Error {
    Error::Unreadable {
        call: request.name().clone(),
        status: answer.status(),
        source,
    }
}

/// The error that a call is which cannot be put into a request.
pub(crate) fn unwritable(call: CallName, source: impl Into<WriteError>) -> Error {
    Error::Unwritable {
        call,
        source: source.into(),
    }
}
