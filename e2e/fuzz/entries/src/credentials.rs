//! The mounted Secret. Whatever is wrong with it, its content must not show.

use serde_json::Value;
use signing::SecretDocument;

/// Shorter secrets may occur in any text.
const TELLING: usize = 8;

/// Reads the document, and looks for the secret in all that can be printed.
pub(crate) fn read(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let read = SecretDocument::from_json(text);
    let printed = match &read {
        Ok(document) => format!(
            "{:?} {:?}",
            document.credentials,
            document.credentials.security_token()
        ),
        Err(error) => format!("{error} {error:?}"),
    };
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        // Nothing of a document that cannot be read is repeated, whatever it is.
        assert!(printed.len() < 200, "{printed}");
        return;
    };
    for name in ["accessKeySecret", "securityToken"] {
        let secret = fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim();
        let is_public = [
            "credentials",
            "AccessKey",
            "SecurityToken",
            "document",
            "Missing",
        ]
        .iter()
        .any(|word| word.contains(secret) || printed_frame(word, secret));
        assert!(
            secret.len() < TELLING || is_public || !printed.contains(secret),
            "`{name}` shows in {printed}"
        );
    }
}

/// Whether the secret is made of the words around it, as a fuzzer's may be.
fn printed_frame(word: &str, secret: &str) -> bool {
    secret.contains(word)
}
