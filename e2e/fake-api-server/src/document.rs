//! Documents that are kept.

use std::sync::Arc;

use serde_json::Value;

/// A document as text, of which many fit into memory: as a tree it takes ten times as much. Clones
/// share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document(Arc<str>);

impl Document {
    pub(crate) fn new(value: &Value) -> Self {
        Self(value.to_string().into())
    }

    pub(crate) fn read(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}
