//! Names of queues, topics and subscriptions, checked once where they enter.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::refusal::{Code, Refusal};

/// The kind of resource that a name is for. Each has a longest length and errors of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Queue,
    Topic,
    Subscription,
}

/// A name that the service would accept: letters, digits and hyphens, the first of them
/// no hyphen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Name(Arc<str>);

impl Name {
    /// Checks a name.
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Self, Refusal> {
        let (longest, length_error, other_error) = match kind {
            Kind::Queue => (120, Code::QueueNameLengthError, Code::InvalidQueueName),
            Kind::Topic => (120, Code::TopicNameLengthError, Code::TopicNameInvalid),
            Kind::Subscription => (
                255,
                Code::SubscriptionNameLengthError,
                Code::SubscriptionNameInvalid,
            ),
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if text.is_empty() || text.len() > longest {
            return Err(length_error.into());
        }
        if text.starts_with('-') || !text.bytes().all(allowed) {
            return Err(other_error.into());
        }
        Ok(Self(text.into()))
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<String> for Name {
    /// Only for names that were checked before they were written down.
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Code as C, *};

    #[test]
    fn each_kind_has_its_own_limits_and_errors() {
        let long = |length| "a".repeat(length);
        let text = str::to_owned;
        for (kind, text, expected) in [
            (Kind::Queue, text("photos-1"), None),
            (Kind::Queue, text("1photos"), None),
            (Kind::Queue, long(120), None),
            (Kind::Queue, long(121), Some(C::QueueNameLengthError)),
            (Kind::Queue, text(""), Some(C::QueueNameLengthError)),
            (Kind::Queue, text("-photos"), Some(C::InvalidQueueName)),
            (Kind::Queue, text("pho_tos"), Some(C::InvalidQueueName)),
            (Kind::Queue, text("照片"), Some(C::InvalidQueueName)),
            (Kind::Topic, long(121), Some(C::TopicNameLengthError)),
            (Kind::Topic, text("a.b"), Some(C::TopicNameInvalid)),
            (Kind::Subscription, long(255), None),
            (
                Kind::Subscription,
                long(256),
                Some(C::SubscriptionNameLengthError),
            ),
            (
                Kind::Subscription,
                text("a b"),
                Some(C::SubscriptionNameInvalid),
            ),
        ] {
            let code = Name::parse(kind, &text).err().map(|refusal| refusal.code);
            assert_eq!(code, expected, "{kind:?} {text}");
        }
    }
}
