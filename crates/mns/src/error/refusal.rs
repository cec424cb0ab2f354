//! What a refusal means: by its code, or by its status where the code is unknown.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use transport::{Disposition, retry_after};

use crate::document;

const REQUEST_ID: &str = "x-mns-request-id";

/// How much of a message of the service an error repeats, in characters.
const SHOWN_CHARS: usize = 300;

/// The kinds of refusal. A closed set, fit for a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Too many calls.
    Throttled,
    /// A fault on the service's side.
    ServiceFault,
    /// No such queue, topic, subscription or event rule.
    NotFound,
    /// It exists with other attributes, or another resource is in its way.
    Conflict,
    /// The queue is empty, or the message of the handle is gone or visible again.
    NoMessage,
    /// The receipt handle is not, or no longer, valid.
    BadHandle,
    /// This machine's clock is more than 15 minutes off.
    ClockSkew,
    /// Wrong key, wrong signature, or not allowed.
    Denied,
    /// There are as many resources as the account may have.
    Quota,
    /// The request breaks a rule.
    Invalid,
}

impl RefusalKind {
    /// Classifies a code, or the status if the code is unknown.
    #[must_use]
    pub fn of(code: &str, status: Option<StatusCode>) -> Self {
        match code {
            "QpsLimitExceeded" | "TooManyRequests" => Self::Throttled,
            "InternalError" | "InternalServerError" | "ServiceUnavailable" => Self::ServiceFault,
            "QueueNotExist" | "TopicNotExist" | "SubscriptionNotExist" | "SubscriberNotExist" => {
                Self::NotFound
            }
            "QueueAlreadyExist" | "TopicAlreadyExist" | "SubscriptionAlreadyExist" => {
                Self::Conflict
            }
            "MessageNotExist" => Self::NoMessage,
            "ReceiptHandleError" => Self::BadHandle,
            "TimeExpired" | "InvalidTimeStamp.Expired" => Self::ClockSkew,
            "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => Self::Denied,
            _ => Self::of_family(code).unwrap_or_else(|| Self::of_status(status)),
        }
    }

    /// Codes of the OpenAPI, and relatives of the others that turn up behind gateways.
    fn of_family(code: &str) -> Option<Self> {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| code.starts_with(prefix));
        if begins(&["Throttling"]) || code.ends_with("LimitExceeded") {
            return Some(Self::Throttled);
        }
        if begins(&["RESOURCE_NOT_FOUND", "ResourceNotFound"]) {
            return Some(Self::NotFound);
        }
        if begins(&["InvalidAccessKeyId", "InvalidSecurityToken", "NoPermission"]) {
            return Some(Self::Denied);
        }
        begins(&["QuotaExceeded"]).then_some(Self::Quota)
    }

    fn of_status(status: Option<StatusCode>) -> Self {
        match status.map(|status| status.as_u16()) {
            Some(429) => Self::Throttled,
            Some(500..) => Self::ServiceFault,
            Some(401 | 403) => Self::Denied,
            Some(409) => Self::Conflict,
            _ => Self::Invalid,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        match self {
            Self::Throttled | Self::ServiceFault => true,
            Self::NotFound
            | Self::Conflict
            | Self::NoMessage
            | Self::BadHandle
            | Self::ClockSkew
            | Self::Denied
            | Self::Quota
            | Self::Invalid => false,
        }
    }
}

/// A refusal as MNS states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    service_date: Option<String>,
}

impl Refusal {
    /// Reads a response that is not a success. Without a document of MNS only the status counts.
    pub(crate) fn of<B: AsRef<[u8]>>(response: &http::Response<B>) -> Self {
        let error = document::service_error(response.body().as_ref()).ok();
        let header = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (code, message, request_id) = error.map_or((None, String::new(), None), |error| {
            (Some(error.code), error.message, error.request_id)
        });
        Self {
            status: response.status(),
            code,
            message: message.chars().take(SHOWN_CHARS).collect(),
            request_id: request_id.or_else(|| header(REQUEST_ID)),
            retry_after: retry_after(response.headers(), jiff::Timestamp::now()),
            service_date: header(http::header::DATE.as_str()),
        }
    }

    /// Status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code, if the response was a document of MNS.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// What to quote when asking the vendor.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// What sort of refusal it is.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        RefusalKind::of(self.code().unwrap_or_default(), Some(self.status))
    }

    /// What to do next.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        if self.kind().is_temporary() {
            Disposition::retry_after(self.retry_after)
        } else {
            Disposition::Permanent
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} `{code}`", self.status.as_u16())?,
            None => write!(f, "{}", self.status)?,
        }
        if !self.message.is_empty() {
            write!(f, ", {}", self.message)?;
        }
        if let Some(request_id) = &self.request_id {
            write!(f, " (request `{request_id}`)")?;
        }
        if self.kind() == RefusalKind::ClockSkew {
            f.write_str("; set the clock of this machine, it is more than 15 minutes off")?;
            if let Some(date) = &self.service_date {
                write!(f, " the service's `{date}`")?;
            }
        }
        Ok(())
    }
}

/// Why one item of a batch failed while others may have succeeded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{code}`, {message}")]
pub struct ItemError {
    code: String,
    message: String,
}

impl ItemError {
    /// Takes what the response says about the item.
    pub(crate) fn new(code: String, message: &str) -> Self {
        Self {
            code,
            message: message.chars().take(SHOWN_CHARS).collect(),
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        RefusalKind::of(&self.code, None)
    }

    /// What to do next about this item.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        if self.kind().is_temporary() {
            Disposition::Retry
        } else {
            Disposition::Permanent
        }
    }

    /// As [`Error::is_receipt_handle_invalid`](super::Error::is_receipt_handle_invalid).
    #[must_use]
    pub fn is_receipt_handle_invalid(&self) -> bool {
        matches!(self.kind(), RefusalKind::NoMessage | RefusalKind::BadHandle)
    }
}
