//! One account of MNS, and what its refusals mean for a source.
//!
//! Every call has a deadline that is shorter than that of a reconcile, because a reconcile that
//! hangs delays others. Messages that end up in conditions are stable: no request ids, no times, or
//! each reconcile would write a new status. They never quote a response: a user who may write a
//! Secret chooses the host, and must not read internal services through the status.

use std::sync::Arc;
use std::time::Duration;

use mns::{
    CallName, Client, Endpoint, EventRules, OpenApiEndpoint, Queue, QueueName, Refusal,
    RefusalKind, Topic, TopicName,
};
use signing::LiveCredentials;
use tokio::time::timeout;
use tracing::debug;
use transport::{Disposition, Transport, TransportError};

use super::circuit_breaker::CircuitBreaker;
use crate::event_rule;
use crate::metrics::{CallOutcome, Metrics};

/// Deadline of one call with its retries. MNS responds to such calls in some 20 ms.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The codes of MNS that messages quote.
const CODES: [&str; 33] = [
    "AccessDenied",
    "EndpointInvalid",
    "InternalError",
    "InternalServerError",
    "InvalidAccessKeyId",
    "InvalidAccessKeyId.NotFound",
    "InvalidArgument",
    "InvalidAuthorizationHeader",
    "InvalidDateHeader",
    "InvalidParameter",
    "InvalidQueueName",
    "InvalidRequestURL",
    "InvalidSecurityToken",
    "MalformedXML",
    "QpsLimitExceeded",
    "QueueAlreadyExist",
    "QueueDeletedRecently",
    "QueueNameLengthError",
    "QueueNotExist",
    "SecurityTokenExpired",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SubscriberNotExist",
    "SubscriptionAlreadyExist",
    "SubscriptionNameInvalid",
    "SubscriptionNameLengthError",
    "SubscriptionNotExist",
    "Throttling",
    "Throttling.User",
    "TimeExpired",
    "TopicAlreadyExist",
    "TopicNameInvalid",
    "TopicNotExist",
];

/// The reason that goes with a topic which does not exist.
pub(crate) const TOPIC_NOT_FOUND: &str = "TopicNotFound";

/// An account with its key and endpoint. Clones share it: one of each source is kept.
#[derive(Clone, Debug)]
pub struct Account(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    client: Client,
    credentials: LiveCredentials,
    transport: Transport,
    /// The OpenAPI, if it is not the vendor's in the region of the endpoint.
    open_api: Option<OpenApiEndpoint>,
    circuit_breaker: CircuitBreaker,
    metrics: Metrics,
}

/// The resource that a call was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MnsResource {
    /// The queue.
    Queue,
    /// The subscription, or the topic that it belongs to.
    Subscription,
    /// The event rule, which is in the OpenAPI.
    EventRule,
}

/// Why a resource in MNS is not in its desired state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MnsProblem {
    /// The resource that has the problem.
    pub resource: MnsResource,
    /// In one word, for a condition.
    pub reason: &'static str,
    /// In a sentence, the same one each time.
    pub message: String,
    /// What to do next.
    pub disposition: Disposition,
    /// Whether the key itself is refused, rather than the call.
    pub is_key_refused: bool,
}

impl Account {
    /// An account. Connections are shared by all accounts that use the same `transport`.
    pub(crate) fn new(
        endpoint: Endpoint,
        credentials: LiveCredentials,
        transport: Transport,
        open_api: Option<OpenApiEndpoint>,
        circuit_breaker: CircuitBreaker,
        metrics: Metrics,
    ) -> Self {
        Self(Arc::new(Inner {
            client: Client::builder(endpoint, credentials.clone()).build_on(transport.clone()),
            credentials,
            transport,
            open_api,
            circuit_breaker,
            metrics,
        }))
    }

    /// The same key at another endpoint.
    #[must_use]
    pub fn at(&self, endpoint: &Endpoint) -> Self {
        let inner = self.0.as_ref();
        let client = Client::builder(endpoint.clone(), inner.credentials.clone());
        Self(Arc::new(Inner {
            client: client.build_on(inner.transport.clone()),
            ..inner.clone()
        }))
    }

    /// The endpoint of the account.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.0.client.endpoint()
    }

    /// A queue, whether it exists or not.
    #[must_use]
    pub fn queue(&self, name: &QueueName) -> Queue {
        self.0.client.queue(name.clone())
    }

    /// A topic, whether it exists or not.
    #[must_use]
    pub fn topic(&self, name: &TopicName) -> Topic {
        self.0.client.topic(name.clone())
    }

    /// The event rules of the account in its region.
    ///
    /// # Errors
    /// Permanent: the region is not known.
    pub fn event_rules(&self) -> Result<EventRules, MnsProblem> {
        let open_api = self.open_api();
        let open_api = open_api.ok_or_else(|| MnsProblem::no_account(MnsResource::EventRule))?;
        let (credentials, transport) = (self.0.credentials.clone(), self.0.transport.clone());
        Ok(EventRules::new(open_api, credentials, transport))
    }

    fn open_api(&self) -> Option<OpenApiEndpoint> {
        let of_region = || OpenApiEndpoint::of_region(self.endpoint().region()?).ok();
        self.0.open_api.clone().or_else(of_region)
    }

    /// The endpoint of calls about `resource`.
    fn endpoint_of(&self, resource: MnsResource) -> String {
        match resource {
            MnsResource::Queue | MnsResource::Subscription => self.endpoint().to_string(),
            MnsResource::EventRule => self
                .open_api()
                .map_or_else(String::new, |it| it.to_string()),
        }
    }

    /// Makes a call about `resource`, with a deadline and the circuit breaker.
    ///
    /// # Errors
    /// See [`MnsProblem::disposition`].
    pub fn call<T>(
        &self,
        resource: MnsResource,
        call: impl Future<Output = Result<T, mns::Error>>,
    ) -> impl Future<Output = Result<T, MnsProblem>> {
        // Boxed, because such a call is large and a reconcile holds many futures.
        let call = Box::pin(call);
        async move {
            let endpoint = self.endpoint_of(resource);
            let call = timeout(CALL_TIMEOUT, call);
            let response = self.0.circuit_breaker.call(&endpoint, call);
            let result = match response.await {
                Some(result) => result.map_err(|error| MnsProblem::of(resource, &error, &endpoint)),
                None => Err(MnsProblem::unanswered(resource, &endpoint)),
            };
            self.0.metrics.mns_call(match &result {
                Ok(_) => CallOutcome::Success,
                Err(problem) if problem.disposition.is_retryable() => CallOutcome::Unavailable,
                Err(_) => CallOutcome::Refused,
            });
            result
        }
    }

    /// As [`call`](Self::call), for a call to which "not found" is a valid response.
    ///
    /// # Errors
    /// See [`MnsProblem::disposition`].
    pub fn find<T>(
        &self,
        resource: MnsResource,
        call: impl Future<Output = Result<T, mns::Error>>,
    ) -> impl Future<Output = Result<Option<T>, MnsProblem>> {
        let call = Box::pin(call);
        self.call(resource, async move {
            match call.await {
                Err(error) if error.is_not_found() => Ok(None),
                other => other.map(Some),
            }
        })
    }
}

impl MnsProblem {
    /// The problem that an error causes. The whole error, with the request id, goes to the log.
    fn of(resource: MnsResource, error: &mns::Error, endpoint: &str) -> Self {
        debug!(mns.operation = error.call().operation, mns.resource = error.call().resource, error = %error, "a call to MNS failed");
        match error {
            mns::Error::Refused { call, refusal } => match refusal.code() {
                Some(code) => Self::refused(resource, call, refusal, code),
                None => Self::unanswered(resource, endpoint),
            },
            mns::Error::Unanswered {
                source: TransportError::OutOfReach { .. },
                ..
            } => Self::out_of_reach(resource, endpoint),
            mns::Error::Unwritable { call, .. }
            | mns::Error::Unanswered {
                call,
                source: TransportError::Unsendable { .. },
            } => {
                let message = format!("{call} cannot be put into a request");
                Self::new(resource, "MnsRefused", message, Disposition::Permanent)
            }
            _ => Self::unanswered(resource, endpoint),
        }
    }

    fn refused(resource: MnsResource, call: &CallName, refusal: &Refusal, code: &str) -> Self {
        let is_key_refused =
            code.starts_with("InvalidAccessKeyId") || code == "SignatureDoesNotMatch";
        if resource == MnsResource::EventRule
            && !is_key_refused
            && let Some(problem) = event_rule::refused(refusal.kind(), call)
        {
            return problem;
        }
        let (reason, disposition) = match refusal.kind() {
            _ if code == "TopicNotExist" => (TOPIC_NOT_FOUND, Disposition::Permanent),
            // A name can be used again after a while.
            _ if code == "QueueDeletedRecently" => ("QueueDeletedRecently", Disposition::Retry),
            RefusalKind::NotFound => ("NotFound", Disposition::Permanent),
            // Another client was faster; the next reconcile sees the result.
            RefusalKind::Conflict => ("Conflict", Disposition::Retry),
            RefusalKind::Throttled => ("MnsThrottled", refusal.disposition()),
            RefusalKind::ServiceFault => ("MnsUnavailable", refusal.disposition()),
            RefusalKind::ClockSkew => ("ClockSkew", Disposition::Permanent),
            RefusalKind::Denied => ("AccessDenied", Disposition::Permanent),
            _ => ("MnsRefused", refusal.disposition()),
        };
        let message = if CODES.contains(&code) {
            format!("MNS answered `{code}` to {call}")
        } else {
            format!(
                "MNS refused {call} with a code that is not known; it is in the controller's log at level `debug`"
            )
        };
        Self {
            is_key_refused,
            ..Self::new(resource, reason, message, disposition)
        }
    }

    /// No connection, no response, or a response that is not from MNS. The text is the same for all
    /// of them, so that no user can scan ports with it.
    fn unanswered(resource: MnsResource, endpoint: &str) -> Self {
        let (what, setting) = match resource {
            MnsResource::Queue | MnsResource::Subscription => {
                ("MNS", "`url` in the secret, or `endpoint` of the source")
            }
            MnsResource::EventRule => (
                "MNS OpenAPI",
                "the region, or MNS_OPEN_ENDPOINT of the controller",
            ),
        };
        let message = format!(
            "no {what} answers at `{endpoint}`: check {setting}; the controller refuses addresses that are not \
             public unless ALLOW_PRIVATE_ENDPOINTS allows them"
        );
        Self::new(resource, "MnsUnavailable", message, Disposition::Retry)
    }

    /// The URL holds an address, so this message reveals nothing new.
    fn out_of_reach(resource: MnsResource, endpoint: &str) -> Self {
        let message = format!(
            "`{endpoint}` is not a public address: the controller refuses it unless ALLOW_PRIVATE_ENDPOINTS allows it"
        );
        Self::new(resource, "EndpointRefused", message, Disposition::Permanent)
    }

    /// Names of queues and buckets in full need account and region.
    pub(crate) fn no_account(resource: MnsResource) -> Self {
        let message = "the endpoint does not name account and region: use `https://<account>.mns.<region>.aliyuncs.com`, \
                       or add `accountId` and `region` to the document in the Secret, or to the source";
        let permanent = Disposition::Permanent;
        Self::new(
            resource,
            "EndpointIncomplete",
            message.to_owned(),
            permanent,
        )
    }

    pub(crate) fn new(
        resource: MnsResource,
        reason: &'static str,
        message: String,
        disposition: Disposition,
    ) -> Self {
        Self {
            resource,
            reason,
            message,
            disposition,
            is_key_refused: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use prometheus_client::registry::Registry;
    use service::{ConnectOptions, http_client};
    use signing::Credentials;

    use super::*;

    fn account() -> Account {
        let client = http_client(&ConnectOptions::default()).unwrap();
        let endpoint = "https://1.mns.cn-shanghai.aliyuncs.com".parse().unwrap();
        let metrics = Metrics::new(&mut Registry::default());
        let credentials = LiveCredentials::fixed(Credentials::new("id", "secret"));
        let (transport, breaker) = (Transport::new(client), CircuitBreaker::default());
        Account::new(endpoint, credentials, transport, None, breaker, metrics)
    }

    #[tokio::test(start_paused = true)]
    async fn call_without_a_response_ends() {
        let problem = account().call::<()>(MnsResource::Queue, pending()).await;
        let problem = problem.unwrap_err();
        assert_eq!(problem.disposition, Disposition::Retry);
        insta::assert_snapshot!(problem.message, @"no MNS answers at `https://1.mns.cn-shanghai.aliyuncs.com`: check `url` in the secret, or `endpoint` of the source; the controller refuses addresses that are not public unless ALLOW_PRIVATE_ENDPOINTS allows them");
    }
}
