//! The versions of CloudEvents, and what each calls the attributes.
//!
//! Versions before 1.0 are read because programs of 2019 send them, and written on request because
//! such programs take nothing else.
//!
//! Within this crate attributes go by their names in 1.0. Only what is read from the wire or
//! written to it has the names of its version.

/// A version of CloudEvents that is read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpecVersion {
    /// 0.1, of 2018.
    V01,
    /// 0.2, which event sources of 2019 send.
    V02,
    /// 0.3, the oldest that a Knative Broker of today passes on.
    V03,
    /// 1.0, of today.
    #[default]
    V10,
}

impl SpecVersion {
    pub(crate) const ALL: [Self; 4] = [Self::V01, Self::V02, Self::V03, Self::V10];

    /// As events state it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V01 => "0.1",
            Self::V02 => "0.2",
            Self::V03 => "0.3",
            Self::V10 => "1.0",
        }
    }

    /// The version that is stated so, if it is one of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
    }

    /// The name in this version of an attribute of 1.0, as JSON writes it; headers write it in
    /// lower case.
    pub(crate) fn name(self, attribute: &str) -> &str {
        match (self, attribute) {
            (Self::V01, "specversion") => "cloudEventsVersion",
            (Self::V01, "id") => "eventID",
            (Self::V01, "type") => "eventType",
            (Self::V01, "time") => "eventTime",
            (Self::V01, "dataschema") => "schemaURL",
            (Self::V01, "datacontenttype") => "contentType",
            (Self::V02, "datacontenttype") => "contenttype",
            (Self::V02 | Self::V03, "dataschema") => "schemaurl",
            (_, attribute) => attribute,
        }
    }

    /// Whether it is a version before 1.0, whose programs ignored what they could not read.
    pub(crate) fn is_lenient(self) -> bool {
        self != Self::V10
    }
}
