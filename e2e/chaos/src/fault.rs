//! The kinds of fault in a run, and their names in the report.

use std::fmt;

use serde::Serialize;

/// One kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// `SIGKILL` to the adapter, and a new start.
    AdapterKilled,
    /// The adapter's container leaves the network and comes back.
    AdapterCutOff,
    /// Without a network of its own: `SIGSTOP`, and later `SIGCONT`.
    AdapterPaused,
    /// `SIGKILL` to the face service, and a new start.
    FaceKilled,
    /// The face service's container leaves the network and comes back.
    FaceCutOff,
    /// `SIGSTOP` and `SIGCONT` to the face service.
    FacePaused,
    /// `SIGKILL` to the emulator, and a new start over the data it kept.
    EmulatorKilled,
    /// A clean stop of the emulator, and a new start over the data it kept.
    EmulatorRestarted,
    /// The emulator's container leaves the network and comes back.
    EmulatorCutOff,
    /// `SIGSTOP` and `SIGCONT` to the emulator.
    EmulatorPaused,
    /// The services' credentials expire before new ones lie in their Secret.
    CredentialsExpired,
    /// 500 or 503 from an API.
    ServerError,
    /// 403 from an API that is asked too often.
    Throttled,
    /// Answers of an API that come late.
    LateAnswer,
    /// An API closes the connection and does nothing.
    Dropped,
    /// An API does what was asked and closes the connection.
    AnswerLost,
    /// An API closes the connection in the middle of its answer.
    HalfAnswer,
    /// An API finds every request's date far off.
    ClockSkew,
    /// The queue hands a message out and leaves it visible.
    DoubleReceive,
    /// The face API takes longer than a message stays hidden.
    SlowFaceApi,
    /// The face API takes longer than anybody waits.
    SilentFaceApi,
    /// The sink answers 503 or 429 without looking at the event.
    SinkRefuses,
    /// The sink closes the connection without looking at the event.
    SinkDropped,
    /// The sink takes the event and closes the connection.
    SinkAnswerLost,
    /// The sink closes the connection in the middle of its answer.
    SinkHalfAnswer,
    /// The sink hands one delivery on twice at the same time.
    SinkDoubles,
    /// The sink keeps its answer for longer than a message stays hidden.
    SlowSink,
    /// A photo is overwritten by another one, often while it is in work.
    Overwritten,
}

impl Fault {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AdapterKilled => "adapter killed",
            Self::AdapterCutOff => "adapter cut off the network",
            Self::AdapterPaused => "adapter paused",
            Self::FaceKilled => "face service killed",
            Self::FaceCutOff => "face service cut off the network",
            Self::FacePaused => "face service paused",
            Self::EmulatorKilled => "emulator killed",
            Self::EmulatorRestarted => "emulator restarted",
            Self::EmulatorCutOff => "emulator cut off the network",
            Self::EmulatorPaused => "emulator paused",
            Self::CredentialsExpired => "credentials expired, rotated later",
            Self::ServerError => "500 or 503 from an API",
            Self::Throttled => "403 throttling from an API",
            Self::LateAnswer => "late answer of an API",
            Self::Dropped => "connection dropped by an API",
            Self::AnswerLost => "answer of an API lost",
            Self::HalfAnswer => "half an answer of an API",
            Self::ClockSkew => "clock skew at an API",
            Self::DoubleReceive => "message received twice",
            Self::SlowFaceApi => "face API slower than visibility",
            Self::SilentFaceApi => "face API slower than timeouts",
            Self::SinkRefuses => "503 or 429 from the sink",
            Self::SinkDropped => "connection dropped by the sink",
            Self::SinkAnswerLost => "answer of the sink lost",
            Self::SinkHalfAnswer => "half an answer of the sink",
            Self::SinkDoubles => "event handed on twice",
            Self::SlowSink => "sink slower than visibility",
            Self::Overwritten => "photo overwritten",
        }
    }

    /// The fault that replaces it where services are processes, which share one network.
    #[must_use]
    pub(crate) fn among_processes(self) -> Self {
        match self {
            Self::AdapterCutOff => Self::AdapterPaused,
            Self::FaceCutOff => Self::FacePaused,
            Self::EmulatorCutOff => Self::EmulatorPaused,
            other => other,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The APIs that the emulator plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// Object storage.
    Oss,
    /// Queues and topics.
    Mns,
    /// The face API.
    Face,
}

impl Api {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Oss, Self::Mns, Self::Face];

    /// Its name in the emulator's admin API.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Oss => "oss",
            Self::Mns => "mns",
            Self::Face => "face",
        }
    }

    /// The code with which it throttles, as a 403.
    #[must_use]
    pub(crate) fn throttling_code(self) -> &'static str {
        match self {
            Self::Oss => "MetaOperationQpsLimitExceeded",
            Self::Mns => "QpsLimitExceeded",
            Self::Face => "Throttling.User",
        }
    }
}
