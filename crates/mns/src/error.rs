//! Why a call to MNS failed.
//!
//! Every error says which operation on which resource it was, and what to do next. None shows a
//! body, a handle or a key.

mod refusal;

use std::fmt;

use thiserror::Error;
use transport::{Disposition, TransportError};

use crate::limits::OutOfRange;
use crate::xml::{ForbiddenCharacter, ParseError};

pub use refusal::{ItemError, Refusal, RefusalKind};

/// Why a call failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// MNS refused the call.
    #[error("{call} was refused: {refusal}")]
    Refused {
        /// Which call.
        call: CallName,
        /// What MNS said.
        refusal: Box<Refusal>,
    },
    /// There is no response, and MNS may or may not have acted.
    #[error("{call} was not answered")]
    Unanswered {
        /// Which call.
        call: CallName,
        /// The reason.
        #[source]
        source: TransportError,
    },
    /// The response holds no document of MNS.
    #[error("{call} was answered with {status} and a document that cannot be read")]
    Unreadable {
        /// Which call.
        call: CallName,
        /// Status of the response.
        status: http::StatusCode,
        /// What is wrong with the document.
        #[source]
        source: ParseError,
    },
    /// The call could not be put into a request; nothing was sent.
    #[error("{call} cannot be put into a request")]
    Unwritable {
        /// Which call.
        call: CallName,
        /// The reason.
        #[source]
        source: WriteError,
    },
}

/// Why a call could not be put into a request. Always permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A text holds a character that XML cannot carry.
    #[error(transparent)]
    Character(#[from] ForbiddenCharacter),
    /// A batch is empty or too large.
    #[error(transparent)]
    Batch(#[from] OutOfRange),
    /// A prefix or marker holds a character that a header cannot carry.
    #[error("the prefix or the marker of the list cannot be sent in a header")]
    ListHeader,
}

impl Error {
    /// What to do next. Calls that may be repeated have been, as far as the retry policy allows.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Refused { refusal, .. } => refusal.disposition(),
            Self::Unanswered { source, .. } => source.disposition(),
            // A front end that is down may answer in HTML with a good status.
            Self::Unreadable { .. } => Disposition::Retry,
            Self::Unwritable { .. } => Disposition::Permanent,
        }
    }

    /// What MNS said, if the call was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            Self::Unanswered { .. } | Self::Unreadable { .. } | Self::Unwritable { .. } => None,
        }
    }

    /// Which call failed.
    #[must_use]
    pub fn call(&self) -> &CallName {
        match self {
            Self::Refused { call, .. }
            | Self::Unanswered { call, .. }
            | Self::Unreadable { call, .. }
            | Self::Unwritable { call, .. } => call,
        }
    }

    /// Whether the queue, topic or subscription does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is(RefusalKind::NotFound)
    }

    /// Whether the queue, topic or subscription exists with other attributes.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.is(RefusalKind::Conflict)
    }

    /// Whether the receipt handle is invalid: the message is gone, or visible again and open to
    /// other receivers.
    ///
    /// A delete whose first answer was lost ends this way too, although it succeeded.
    #[must_use]
    pub fn is_receipt_handle_invalid(&self) -> bool {
        self.is(RefusalKind::NoMessage) || self.is(RefusalKind::BadHandle)
    }

    fn is(&self, kind: RefusalKind) -> bool {
        self.refusal().is_some_and(|refusal| refusal.kind() == kind)
    }
}

/// An operation and the resource it was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallName {
    /// Name of the operation in the vendor's documentation.
    pub operation: &'static str,
    /// Path of the resource, without a slash at the front.
    pub resource: String,
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of `{}`", self.operation, self.resource)
    }
}
