//! The client of an account in one region: its queues and topics, and their calls.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use signing::LiveCredentials;
use tracing::instrument;
use transport::{BoxError, ClientBuilder, RetryClass, Service, Transport};

use crate::document::{
    delete_failures, queue_list, queue_status_list, sent_message, sent_messages, topic_list,
};
use crate::endpoint::Endpoint;
use crate::error::{CallName, Error, Refusal, RefusalKind, WriteError};
use crate::list::{ListRequest, Page};
use crate::message::SentMessage;
use crate::name::{QueueName, TopicName};
use crate::queue::{Queue, QueueStatus};
use crate::request::{LIST_RESPONSE_BYTES, Request};
use crate::topic::Topic;
use crate::xml::ParseError;

/// Calls MNS in the name of one account in one region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: Account,
    transport: Transport,
    /// How long an attempt may take beside the wait of a long poll.
    timeout: Duration,
}

/// The account of a [`Client`] in one region, and the credentials to sign with.
#[derive(Clone, Debug)]
pub struct Account {
    endpoint: Endpoint,
    credentials: LiveCredentials,
}

impl Service for Account {
    type Client = Client;

    /// MNS may hold a long poll for longer; its wait is added.
    const TIMEOUT: Duration = Duration::from_secs(10);

    fn connect(self, transport: Transport, timeout: Duration) -> Client {
        Client(Arc::new(Inner {
            account: self,
            transport,
            timeout,
        }))
    }
}

impl Client {
    /// Starts a client of this endpoint. Each attempt of a call is signed with the credentials
    /// that `credentials` holds at that moment.
    pub fn builder(
        endpoint: Endpoint,
        credentials: impl Into<LiveCredentials>,
    ) -> ClientBuilder<Account> {
        let credentials = credentials.into();
        ClientBuilder::new(Account {
            endpoint,
            credentials,
        })
    }

    /// The endpoint that the client calls.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.account.endpoint
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
        let call = Request::get("ListQueue", "queues".into()).response_limit(LIST_RESPONSE_BYTES);
        self.read(call.listing(request)?, |response| queue_list(response))
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
        let call = Request::get("ListQueue", "queues".into()).response_limit(LIST_RESPONSE_BYTES);
        self.read(call.listing(request)?.with_meta(), |response| {
            queue_status_list(response)
        })
        .await
    }

    /// Lists topics by name.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn list_topics(&self, request: &ListRequest) -> Result<Page<TopicName>, Error> {
        let call = Request::get("ListTopic", "topics".into()).response_limit(LIST_RESPONSE_BYTES);
        self.read(call.listing(request)?, |response| topic_list(response))
            .await
    }

    /// Makes a call that must succeed, and reads the document of the response.
    pub(crate) async fn read<T>(
        &self,
        request: Request,
        read: impl Fn(&Bytes) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        let response = self.call(&request).await?;
        let response = accepted(&request, response)?;
        read(response.body()).map_err(|source| unreadable(&request, &response, source))
    }

    /// Makes a call that must succeed, and gives the status of the response.
    pub(crate) async fn done(&self, request: Request) -> Result<http::StatusCode, Error> {
        let response = self.call(&request).await?;
        Ok(accepted(&request, response)?.status())
    }

    /// Makes a call that stores or publishes one message.
    pub(crate) async fn send_one(&self, request: Request) -> Result<SentMessage, Error> {
        self.read(request, sent_message).await
    }

    /// Makes a call, whatever the status of the response.
    #[instrument(level = "debug", skip_all, fields(mns.operation = request.name().operation, mns.resource = request.name().resource))]
    pub(crate) async fn call(&self, request: &Request) -> Result<Response<Bytes>, Error> {
        let Inner {
            account,
            transport,
            timeout,
        } = &*self.0;
        let Account {
            endpoint,
            credentials,
        } = account;
        let call = request.call(*timeout).classify(classify);
        let make = || {
            let (mut parts, body) = request.to_http(endpoint)?.into_parts();
            signing::mns::v2::sign(&mut parts, &credentials.get(), Timestamp::now())?;
            Ok::<_, BoxError>(http::Request::from_parts(parts, body))
        };
        transport
            .send(&call, make)
            .await
            .map_err(|source| Error::Unanswered {
                call: request.name().clone(),
                source,
            })
    }
}

/// Whether a response calls for another attempt. MNS throttles with 400, so the code decides. A
/// batch that failed in part is final, because MNS did the rest of it.
fn classify(response: &Response<Bytes>) -> RetryClass {
    // A success is final anyway, and its body may be long.
    if !response.status().is_success() && is_partial_failure(response.body()) {
        return RetryClass::Final;
    }
    classify_refusal(response)
}

/// The same of a call that is done as a whole or not at all.
pub(crate) fn classify_refusal(response: &Response<Bytes>) -> RetryClass {
    if response.status().is_success() {
        return RetryClass::Final;
    }
    match Refusal::of(response).kind() {
        RefusalKind::Throttled => RetryClass::Throttled,
        RefusalKind::ServiceFault => RetryClass::Transient,
        _ => RetryClass::Final,
    }
}

/// Whether the body lists results of the items of a batch.
fn is_partial_failure(body: &Bytes) -> bool {
    sent_messages(body).is_ok() || delete_failures(body).is_ok()
}

/// The response, if it is a success.
pub(crate) fn accepted(
    request: &Request,
    response: Response<Bytes>,
) -> Result<Response<Bytes>, Error> {
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(refused(request, &response))
    }
}

/// The error for a response that refuses the call.
pub(crate) fn refused(request: &Request, response: &Response<Bytes>) -> Error {
    Error::Refused {
        call: request.name().clone(),
        refusal: Box::new(Refusal::of(response)),
    }
}

/// The error for a response whose document cannot be read.
pub(crate) fn unreadable(
    request: &Request,
    response: &Response<Bytes>,
    source: ParseError,
) -> Error {
    Error::Unreadable {
        call: request.name().clone(),
        status: response.status(),
        source,
    }
}

/// The error for a call that cannot be written as a request.
pub(crate) fn unwritable(call: CallName, source: impl Into<WriteError>) -> Error {
    Error::Unwritable {
        call,
        source: source.into(),
    }
}
