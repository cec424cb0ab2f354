//! One file of manifests.

use serde::Serialize;
use serde_json::Value;

use crate::yaml::{self, RenderError};

/// The first line of every file.
pub(crate) const ORIGIN: &str =
    "Rendered by `cargo xtask render`, which overwrites what is changed here.";

/// One file of manifests, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it belongs, relative to `deploy/`, with `/` between parts.
    pub path: String,
    /// Its text. Holds keys if it is the Secret's and the configuration has any.
    pub text: String,
}

impl File {
    /// A file without objects yet, and what readers should know first.
    pub(crate) fn new(path: &str, comment: &str) -> Self {
        let mut text = yaml::comment(ORIGIN);
        if !comment.is_empty() {
            text.push_str("#\n");
            text.push_str(&yaml::comment(comment));
        }
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// Adds an object.
    pub(crate) fn with(mut self, object: &impl Serialize) -> Result<Self, RenderError> {
        let document = yaml::document(object);
        let document = document.map_err(|source| RenderError {
            path: self.path.clone(),
            source,
        })?;
        self.text.push_str("---\n");
        self.text.push_str(&document);
        Ok(self)
    }

    /// The text without what [`Self::new`] says of every file.
    pub(crate) fn body(&self) -> &str {
        let origin = yaml::comment(ORIGIN);
        let body = self.text.strip_prefix(&origin).unwrap_or(&self.text);
        body.strip_prefix("#\n").unwrap_or(body)
    }

    /// The objects in the file, in the order in which they should be applied.
    ///
    /// # Errors
    /// Permanent, and a defect of this crate: the text does not parse.
    pub fn objects(&self) -> Result<Vec<Value>, serde_saphyr::Error> {
        serde_saphyr::from_multiple(&self.text)
    }
}
