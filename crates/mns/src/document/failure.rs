//! Documents that report failures.

use serde::Deserialize;

use crate::error::ItemError;
use crate::receipt::ReceiptHandle;
use crate::xml::{Document, Leniency, ParseError};

/// What answers a failed call: an `Error` document, or the same in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceError {
    /// The machine-readable reason.
    pub code: String,
    /// The reason in words.
    #[serde(default)]
    pub message: String,
    /// What to quote when asking the vendor.
    pub request_id: Option<String>,
}

/// The handles that a batch of deletes could not delete, each with the reason.
pub type DeleteFailures = Vec<(ReceiptHandle, ItemError)>;

/// The two elements that mark an item of a batch as failed.
#[derive(Default)]
pub(super) struct ItemFields {
    code: Option<String>,
    message: Option<String>,
}

impl ItemFields {
    pub(super) fn take(
        &mut self,
        document: &mut Document<'_>,
        name: &str,
    ) -> Result<(), ParseError> {
        match name {
            "ErrorCode" => self.code = document.value()?,
            "ErrorMessage" => self.message = document.value()?,
            _ => document.skip()?,
        }
        Ok(())
    }

    /// The failure, if the item has one.
    pub(super) fn into_error(self) -> Option<ItemError> {
        Some(ItemError::new(
            self.code?,
            self.message.as_deref().unwrap_or_default(),
        ))
    }
}

/// Reads the response to a failed call: the `Error` document of MNS, or the JSON of its OpenAPI.
pub fn service_error(response: &[u8]) -> Result<ServiceError, ParseError> {
    if response.trim_ascii_start().starts_with(b"{") {
        return Ok(serde_json::from_slice(response)?);
    }
    let (mut document, root) = Document::open(response, Leniency::Strict)?;
    if root.local() != "Error" {
        return Err(ParseError::unexpected_root(root.local()));
    }
    let mut error = ServiceError::default();
    document.children(|document, name| {
        match name {
            "Code" => error.code = document.value()?.unwrap_or_default(),
            "Message" => error.message = document.value()?.unwrap_or_default(),
            "RequestId" => error.request_id = document.value()?,
            _ => document.skip()?,
        }
        Ok::<_, ParseError>(())
    })?;
    if error.code.is_empty() {
        return Err(ParseError::Missing { element: "Code" });
    }
    Ok(error)
}

/// Reads the `Errors` document that lists the failed items of a batch of deletes.
pub fn delete_failures(response: &[u8]) -> Result<DeleteFailures, ParseError> {
    let (mut document, root) = Document::open(response, Leniency::Strict)?;
    if root.local() != "Errors" {
        return Err(ParseError::unexpected_root(root.local()));
    }
    let mut failures = Vec::new();
    document.children(|document, name| match name {
        "Error" => {
            failures.push(delete_failure(document)?);
            Ok(())
        }
        _ => document.skip(),
    })?;
    Ok(failures)
}

fn delete_failure(document: &mut Document<'_>) -> Result<(ReceiptHandle, ItemError), ParseError> {
    let mut handle = None;
    let mut failure = ItemFields::default();
    document.children(|document, name| match name {
        "ReceiptHandle" => {
            handle = document.value()?.map(ReceiptHandle::new);
            Ok(())
        }
        _ => failure.take(document, name),
    })?;
    let error = failure.into_error().ok_or(ParseError::Missing {
        element: "ErrorCode",
    })?;
    Ok((
        handle.ok_or(ParseError::Missing {
            element: "ReceiptHandle",
        })?,
        error,
    ))
}
