//! The closed sets that labels come from, spelled as operators write them in queries.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)+];
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => $text,)+
                }
                .encode(encoder)
            }
        }
    };
}

label! {
    /// What became of a received message.
    MessageOutcome {
        /// Every event was dealt with; it is being deleted.
        Done = "done",
        /// It comes back for another attempt.
        Postponed = "postponed",
        /// It holds no events that can be read. Counted besides what happens to it.
        Unreadable = "unreadable",
        /// Its delivery ended in a defect of this program; it comes back.
        Abandoned = "abandoned",
        /// It was given back because the process ends.
        HandedBack = "handed_back",
    }
}

label! {
    /// What became of an event at one delivery of its message.
    EventOutcome {
        /// The sink took it.
        Accepted = "accepted",
        /// The filter does not want it; acknowledged.
        Filtered = "filtered",
        /// It was taken at an earlier delivery and not sent again.
        Known = "known",
        /// The sink may take it later.
        Postponed = "postponed",
        /// No sink takes it; it stays in the queue until its retention ends.
        Kept = "kept",
        /// The dead letter sink took it.
        DeadLettered = "dead_lettered",
    }
}

label! {
    /// Where an attempt went.
    Target {
        /// The sink.
        Sink = "sink",
        /// The dead letter sink.
        DeadLetterSink = "dead_letter_sink",
    }
}

label! {
    /// How one attempt ended.
    AttemptResult {
        /// 2xx.
        Accepted = "accepted",
        /// A status after which the same event may be accepted.
        Retryable = "retryable",
        /// A status after which it will not.
        Refused = "refused",
        /// No answer in time.
        TimedOut = "timed_out",
        /// No connection, or one that broke.
        Unanswered = "unanswered",
    }
}

label! {
    /// A kind of call to MNS.
    MnsCall {
        /// `BatchReceiveMessage`.
        Receive = "receive",
        /// `BatchDeleteMessage`.
        Delete = "delete",
        /// `ChangeMessageVisibility` to keep a message.
        Extend = "extend",
        /// `ChangeMessageVisibility` to let it come back.
        Release = "release",
    }
}

label! {
    /// How a call to MNS ended.
    CallResult {
        /// With what was asked for.
        Success = "success",
        /// A receive that brought nothing.
        Empty = "empty",
        /// Otherwise.
        Failure = "failure",
    }
}
