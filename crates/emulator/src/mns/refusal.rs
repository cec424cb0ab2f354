//! Every way in which MNS says no: code, status and sentence.
//!
//! Codes and statuses follow the service's published tables. Where those disagree or are
//! silent, the choice is noted beside the code.

use std::borrow::Cow;
use std::fmt;

use http::StatusCode;

/// Makes [`Code`] of rows that say: variant, status, code as it stands in an answer, and the
/// sentence used when nothing more precise is known.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident: $status:literal, $name:literal, $message:literal;)+) => {
        /// An error code of MNS.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            fn row(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$variant => ($status, $name, $message),)+
                }
            }
        }
    };
}

codes! {
    AccessDenied: 403, "AccessDenied", "The operation is not permitted.";
    EndpointInvalid: 400, "EndpointInvalid", "The endpoint is not valid.";
    InternalError: 500, "InternalError", "Internal error.";
    InvalidAccessKeyId: 403, "InvalidAccessKeyId", "The AccessKey Id you provided does not exist.";
    InvalidArgument: 400, "InvalidArgument", "An argument is not valid.";
    InvalidAuthorizationHeader: 400, "InvalidAuthorizationHeader",
        "The Authorization header format is invalid.";
    InvalidDateHeader: 400, "InvalidDateHeader", "The Date header format is invalid.";
    /// Spelled as the service spells it.
    InvalidDegist: 400, "InvalidDegist",
        "The Content-MD5 you specified is not match with the body.";
    InvalidQueryString: 400, "InvalidQueryString", "The query string contains invalid params.";
    InvalidQueueName: 400, "InvalidQueueName", "The queue name you provided is invalid.";
    InvalidRequestUrl: 400, "InvalidRequestURL", "The request does not match any operation.";
    MalformedXml: 400, "MalformedXML", "The XML you provided was not well-formed.";
    /// Also an empty queue, and a handle whose message is gone or visible again.
    MessageNotExist: 404, "MessageNotExist", "Message not exist.";
    MissingAuthorizationHeader: 400, "MissingAuthorizationHeader",
        "Authorization header is required.";
    MissingDateHeader: 400, "MissingDateHeader", "Date header is required.";
    MissingReceiptHandle: 400, "MissingReceiptHandle", "ReceiptHandle is required.";
    MissingVersionHeader: 400, "MissingVersionHeader", "x-mns-version header is required.";
    MissingVisibilityTimeout: 400, "MissingVisibilityTimeout", "VisibilityTimeout is required.";
    QueueAlreadyExist: 409, "QueueAlreadyExist",
        "The queue you want to create is already exist with different attributes.";
    QueueNameLengthError: 400, "QueueNameLengthError",
        "Queue name length should be between 1 and 120.";
    QueueNotExist: 404, "QueueNotExist", "The queue name you provided is not exist.";
    /// A handle that the queue never gave out. One that it did give out but that has lost
    /// its power is answered with [`Code::MessageNotExist`] instead.
    ReceiptHandleError: 400, "ReceiptHandleError", "The receipt handle you provide is not valid.";
    SignatureDoesNotMatch: 403, "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.";
    SubscriptionAlreadyExist: 409, "SubscriptionAlreadyExist",
        "The subscription you want to create is already exist with different attributes.";
    SubscriptionNameInvalid: 400, "SubscriptionNameInvalid",
        "The subscription name you provided is invalid.";
    SubscriptionNameLengthError: 400, "SubscriptionNameLengthError",
        "Subscription name length should be between 1 and 255.";
    /// The Go SDK knows it as `SubscriberNotExist`; the C# and PHP ones by this name.
    SubscriptionNotExist: 404, "SubscriptionNotExist",
        "The subscription you provided is not exist.";
    TimeExpired: 408, "TimeExpired", "The http request you sent is expired.";
    /// More calls than a limit allows.
    TooManyRequests: 429, "TooManyRequests",
        "The request is denied by cluster flow limiter for too many requests.";
    TopicAlreadyExist: 409, "TopicAlreadyExist",
        "The topic you want to create is already exist with different attributes.";
    TopicNameInvalid: 400, "TopicNameInvalid", "The topic name you provided is invalid.";
    TopicNameLengthError: 400, "TopicNameLengthError",
        "Topic name length should be between 1 and 120.";
    TopicNotExist: 404, "TopicNotExist", "The topic name you provided is not exist.";
}

impl Code {
    /// The code as it stands in an answer.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// The status it is answered with.
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A request that is not carried out, and what its caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with a sentence of its own.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self {
            code,
            message: Cow::Borrowed(code.row().2),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Refusal {}
