//! The client of the MNS OpenAPI, as far as it is about event rules.

use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use jiff::Timestamp;
use signing::{LiveCredentials, acs3, encode};
use tracing::instrument;
use transport::{BoxError, Call, Replay, Transport};
use uuid::Uuid;

use super::{EventRule, OpenApiEndpoint};
use crate::client::classify_refusal;
use crate::document::{event_rule, event_rule_parameters};
use crate::error::{CallName, Error, Refusal};
use crate::name::EventRuleName;

const VERSION: &str = "2022-01-19";
/// The product whose events are announced.
const PRODUCT: (&str, &str) = ("ProductName", "oss");
/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Room for a rule with all that it can have, and more.
const RESPONSE_BYTES: usize = 256 * 1024;

/// Creates, reads and deletes event rules of one account in one region. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventRules {
    endpoint: OpenApiEndpoint,
    credentials: LiveCredentials,
    transport: Transport,
}

impl EventRules {
    /// A client that shares the connections and the retry policy of `transport`. Each attempt of
    /// a call is signed with the credentials that `credentials` holds at that moment.
    pub fn new(
        endpoint: OpenApiEndpoint,
        credentials: impl Into<LiveCredentials>,
        transport: Transport,
    ) -> Self {
        Self {
            endpoint,
            credentials: credentials.into(),
            transport,
        }
    }

    /// The endpoint that the client calls.
    #[must_use]
    pub fn endpoint(&self) -> &OpenApiEndpoint {
        &self.endpoint
    }

    /// Creates a rule.
    ///
    /// # Errors
    /// [`Error::is_conflict`] when there is a rule of that name, or one that covers some of the
    /// same objects and events; [`RefusalKind::Quota`](crate::RefusalKind) when there are as many
    /// rules as the region allows; [`Error::is_not_found`] when the endpoint does not exist. For
    /// the others see [`Error::disposition`].
    pub async fn create(&self, name: &EventRuleName, rule: &EventRule) -> Result<(), Error> {
        let call = call_name("CreateEventRule", name);
        let structured = event_rule_parameters(rule);
        // The same for all attempts, so that one whose response was lost is not a conflict.
        let token = nonce();
        let mut parameters = vec![("RuleName", name.as_str()), ("ClientToken", token.as_str())];
        parameters.extend(
            structured
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        self.call(&call, &parameters).await.map(drop)
    }

    /// Reads a rule; `None` if there is none of that name.
    ///
    /// # Errors
    /// See [`Error::disposition`]. A rule that delivers neither to a queue nor to a topic is
    /// [`Error::Unreadable`].
    pub async fn get(&self, name: &EventRuleName) -> Result<Option<EventRule>, Error> {
        let call = call_name("GetEventRule", name);
        let response = match self.call(&call, &[("RuleName", name.as_str())]).await {
            Ok(response) => response,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let rule = event_rule(response.body()).map_err(|source| Error::Unreadable {
            call,
            status: response.status(),
            source,
        })?;
        Ok(Some(rule))
    }

    /// Deletes a rule. Its queue or topic stays. Deleting what does not exist succeeds.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn delete(&self, name: &EventRuleName) -> Result<(), Error> {
        let call = call_name("DeleteEventRule", name);
        match self.call(&call, &[("RuleName", name.as_str())]).await {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Makes a call that must succeed.
    #[instrument(level = "debug", skip_all, fields(mns.operation = call.operation, mns.resource = call.resource))]
    async fn call(
        &self,
        call: &CallName,
        parameters: &[(&str, &str)],
    ) -> Result<http::Response<Bytes>, Error> {
        let terms = Call::new(TIMEOUT, RESPONSE_BYTES)
            .replay(Replay::Safe)
            .classify(classify_refusal);
        let make = || self.request(call.operation, parameters);
        let response = self.transport.send(&terms, make).await;
        let response = response.map_err(|source| Error::Unanswered {
            call: call.clone(),
            source,
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(Error::Refused {
            call: call.clone(),
            refusal: Box::new(Refusal::of(&response)),
        })
    }

    /// A request with all parameters in the query, signed now.
    fn request(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<http::Request<Bytes>, BoxError> {
        let query = encode::query([PRODUCT].iter().chain(parameters).copied());
        let request = http::Request::post(format!("{}/?{query}", self.endpoint))
            .header(ACCEPT, "application/json")
            .header("x-acs-action", action)
            .header("x-acs-version", VERSION);
        let (mut parts, ()) = request.body(())?.into_parts();
        let credentials = self.credentials.get();
        acs3::sign(&mut parts, b"", &nonce(), &credentials, Timestamp::now())?;
        Ok(http::Request::from_parts(parts, Bytes::new()))
    }
}

fn call_name(operation: &'static str, rule: &EventRuleName) -> CallName {
    CallName {
        operation,
        resource: format!("rules/{rule}"),
    }
}

fn nonce() -> String {
    Uuid::new_v4().simple().to_string()
}
