//! Refusals of a service, and their causes.
//!
//! The services differ in how they spell an error document, so it is read leniently. The cause
//! follows from the code, or from the HTTP status where the code is unknown. Messages are masked:
//! services quote the signed parameters in them, a presigned URL among them.

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use transport::RetryClass;

use crate::analysis::Analysis;
use crate::error::{FaceError, Refusal};
use crate::lenient_string::LenientString;

/// The longest message or code that is kept, in characters.
const MAX_CHARS: usize = 200;

/// The cause of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// There is no face in the picture.
    NoFace,
    /// The picture is not one that the service takes.
    Picture,
    /// The configuration is wrong: keys, region, product, a parameter.
    Configuration,
    /// A failure of the service or of the network, which may pass.
    Transient,
    /// There are too many requests.
    Throttled,
}

/// Prefixes of codes in the order in which they are tried. A prefix ends where the code ends or
/// at a dot.
const CODES: &[(&str, Cause)] = &[
    ("InvalidImage.NotFoundFace", Cause::NoFace),
    ("InvalidImage.Timeout", Cause::Transient),
    ("InvalidImage.Download", Cause::Transient),
    ("InvalidFile.Timeout", Cause::Transient),
    ("InvalidFile.Download", Cause::Transient),
    // This crate chooses the URL and how the picture travels.
    ("InvalidImage.Region", Cause::Configuration),
    ("InvalidImage.RegionRecommend", Cause::Configuration),
    ("InvalidImage.URL", Cause::Configuration),
    ("InvalidImage", Cause::Picture),
    ("InvalidFile", Cause::Picture),
    ("Throttling", Cause::Throttled),
    ("ServiceUnavailable", Cause::Transient),
    ("InternalError", Cause::Transient),
    // A new attempt has a new nonce and date, and by then perhaps new credentials.
    ("SignatureNonceUsed", Cause::Transient),
    ("InvalidTimeStamp.Expired", Cause::Transient),
    ("InvalidSecurityToken.Expired", Cause::Transient),
];

/// The code that stands for a 200 answer of the old API with an error number.
pub(crate) const ERRNO: &str = "errno";

/// Words that make an error number of unknown meaning a transient failure.
const TRANSIENT_WORDS: [&str; 6] = [
    "timeout",
    "timed out",
    "download",
    "busy",
    "internal",
    "limit",
];

/// An error document: each spelling that is known is a field of its own, because a document may
/// have several.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    #[serde(rename = "Code")]
    code: LenientString,
    #[serde(rename = "code")]
    code_in_lower_case: LenientString,
    #[serde(rename = "errorCode")]
    error_code: LenientString,
    #[serde(rename = "Message")]
    message: LenientString,
    #[serde(rename = "message")]
    message_in_lower_case: LenientString,
    #[serde(rename = "errorMsg")]
    error_msg: LenientString,
    err_msg: LenientString,
    #[serde(rename = "RequestId")]
    request_id: LenientString,
    #[serde(rename = "requestId")]
    request_id_in_camel_case: LenientString,
    #[serde(rename = "request_id")]
    request_id_in_snake_case: LenientString,
}

/// The first of several spellings that says anything.
fn first<const N: usize>(spellings: [LenientString; N]) -> String {
    let mut texts = spellings.into_iter().map(|LenientString(text)| text);
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

impl Refusal {
    /// Reads an error document; whatever cannot be read leaves the HTTP status as the code.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        let document: Document = serde_json::from_slice(body).unwrap_or_default();
        let code = first([
            document.code,
            document.code_in_lower_case,
            document.error_code,
        ]);
        let code = Some(code).filter(|code| !code.is_empty());
        Self::new(
            &code
                .or_else(|| xml_code(body))
                .unwrap_or_else(|| format!("HTTP {}", status.as_u16())),
            &first([
                document.message,
                document.message_in_lower_case,
                document.error_msg,
                document.err_msg,
            ]),
            &first([
                document.request_id,
                document.request_id_in_camel_case,
                document.request_id_in_snake_case,
            ]),
        )
    }

    /// Takes text of the service, shortened and without what might be secret.
    pub(crate) fn new(code: &str, message: &str, request_id: &str) -> Self {
        Self {
            code: printable(code),
            message: printable(&masked(message)),
            request_id: printable(request_id),
        }
    }

    /// The cause of the refusal.
    pub(crate) fn cause(&self, status: StatusCode) -> Cause {
        // The old API may have room for its gateway's code in the message alone.
        match named(&self.code).or_else(|| named(&self.message)) {
            Some(cause) => cause,
            None if self.code.starts_with(ERRNO) => self.cause_by_words(),
            None if status == StatusCode::TOO_MANY_REQUESTS => Cause::Throttled,
            None if status.is_server_error() => Cause::Transient,
            None => Cause::Configuration,
        }
    }

    fn cause_by_words(&self) -> Cause {
        let message = self.message.to_ascii_lowercase();
        if TRANSIENT_WORDS.iter().any(|word| message.contains(word)) {
            Cause::Transient
        } else {
            Cause::Picture
        }
    }

    /// The result of an analysis that was refused: an error, unless the picture has no face.
    pub(crate) fn into_analysis(
        self,
        service: &'static str,
        status: StatusCode,
    ) -> Result<Analysis, FaceError> {
        if self.cause(status) == Cause::NoFace {
            return Ok(Analysis::default());
        }
        Err(self.into_error(service, status))
    }

    /// The error for a call that was refused.
    pub(crate) fn into_error(self, service: &'static str, status: StatusCode) -> FaceError {
        match self.cause(status) {
            Cause::NoFace | Cause::Picture => FaceError::PictureRefused {
                service,
                source: self,
            },
            Cause::Configuration => FaceError::Misconfigured {
                service,
                source: self.into(),
            },
            Cause::Transient | Cause::Throttled => FaceError::Unavailable {
                service,
                wait: None,
                source: self.into(),
            },
        }
    }
}

/// The cause that a known code states.
fn named(code: &str) -> Option<Cause> {
    let known = CODES.iter().find(|(prefix, _)| {
        let rest = code.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    known.map(|(_, cause)| *cause)
}

/// Whether a response calls for another attempt; throttling comes with a 400 or 403 too.
pub(crate) fn classify(response: &http::Response<Bytes>) -> RetryClass {
    let status = response.status();
    if status.is_success() {
        return RetryClass::Final;
    }
    match Refusal::read(status, response.body()).cause(status) {
        Cause::Throttled => RetryClass::Throttled,
        Cause::Transient => RetryClass::Transient,
        Cause::NoFace | Cause::Picture | Cause::Configuration => RetryClass::Final,
    }
}

/// The `Code` of an OSS error document, without a parser: it is only shown and compared.
fn xml_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code.to_owned())
}

/// Hides every word that holds a character which URLs, queries and base64 need.
fn masked(message: &str) -> String {
    let hide = |word| {
        let word: &str = word;
        if word.contains(['/', '%', '=', '&', '?', '+']) {
            "***"
        } else {
            word
        }
    };
    message
        .split_whitespace()
        .map(hide)
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn printable(text: &str) -> String {
    let shown = text.chars().filter(|character| !character.is_control());
    shown.take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(code: &str, status: u16) -> Cause {
        Refusal::new(code, "", "").cause(StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn every_known_code_has_its_cause() {
        let cases = [
            ("InvalidImage.NotFoundFace", 400, Cause::NoFace),
            ("InvalidImage.Resolution", 400, Cause::Picture),
            ("InvalidFile.Resolution", 400, Cause::Picture),
            ("InvalidImage.Content", 400, Cause::Picture),
            ("InvalidImage.Timeout", 400, Cause::Transient),
            ("InvalidImage.Download", 400, Cause::Transient),
            ("InvalidImage.Region", 400, Cause::Configuration),
            ("InvalidImage.RegionRecommend", 400, Cause::Configuration),
            ("InvalidImage.URL", 400, Cause::Configuration),
            ("InvalidApi.NotPurchase", 400, Cause::Configuration),
            ("InvalidApi.ForbiddenInvoke", 400, Cause::Configuration),
            ("InvalidVersion", 400, Cause::Configuration),
            ("InvalidAction.NotFound", 404, Cause::Configuration),
            ("InvalidParameter", 400, Cause::Configuration),
            ("MissingParameter", 400, Cause::Configuration),
            ("SignatureDoesNotMatch", 400, Cause::Configuration),
            ("InvalidAccessKeyId.NotFound", 404, Cause::Configuration),
            ("InvalidSecurityToken.MalFormed", 400, Cause::Configuration),
            ("InvalidSecurityToken.Expired", 400, Cause::Transient),
            ("InvalidTimeStamp.Expired", 400, Cause::Transient),
            ("SignatureNonceUsed", 400, Cause::Transient),
            ("Throttling", 400, Cause::Throttled),
            ("Throttling.User", 403, Cause::Throttled),
            ("ServiceUnavailable", 503, Cause::Transient),
            ("InternalError.Algo", 500, Cause::Transient),
            ("InternalError", 200, Cause::Transient),
            ("Unheard.Of", 400, Cause::Configuration),
            ("Unheard.Of", 429, Cause::Throttled),
            ("Unheard.Of", 500, Cause::Transient),
            ("ThrottlingNot", 400, Cause::Configuration),
            ("", 403, Cause::Configuration),
        ];
        for (code, status, expected) in cases {
            assert_eq!(cause(code, status), expected, "`{code}` with {status}");
        }
    }

    #[test]
    fn a_code_in_place_of_a_message_is_known_as_well() {
        for (message, expected) in [
            ("Throttling.User", Cause::Throttled),
            ("ServiceUnavailable", Cause::Transient),
            ("Throttling all of you", Cause::Configuration),
            ("no authorization", Cause::Configuration),
        ] {
            let refusal = Refusal::new("HTTP 403", message, "");
            assert_eq!(refusal.cause(StatusCode::FORBIDDEN), expected, "{message}");
        }
    }

    #[test]
    fn error_numbers_are_judged_by_their_words() {
        let judged = |message| Refusal::new("errno 5", message, "").cause(StatusCode::OK);
        assert_eq!(judged("image Download failed"), Cause::Transient);
        assert_eq!(judged("read timeout"), Cause::Transient);
        assert_eq!(judged("not a picture"), Cause::Picture);
        assert_eq!(judged(""), Cause::Picture);
    }

    #[test]
    fn error_documents_of_all_spellings_are_read() {
        let cases: [(&str, &str, [&str; 3]); 6] = [
            (
                "today's",
                r#"{"RequestId":"R","HostId":"h","Code":"InvalidImage.URL","Message":"bad"}"#,
                ["InvalidImage.URL", "bad", "R"],
            ),
            (
                "lower case",
                r#"{"code":"Throttling","message":"slow","requestId":"R"}"#,
                ["Throttling", "slow", "R"],
            ),
            (
                "the old API's",
                r#"{"errorCode":"InvalidDate","errorMsg":"old","request_id":"R"}"#,
                ["InvalidDate", "old", "R"],
            ),
            (
                "OSS",
                "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
                ["AccessDenied", "", ""],
            ),
            ("text", "Forbidden", ["HTTP 403", "", ""]),
            ("a list", "[1]", ["HTTP 403", "", ""]),
        ];
        for (name, body, [code, message, request_id]) in cases {
            let refusal = Refusal::read(StatusCode::FORBIDDEN, body.as_bytes());
            let expected = Refusal::new(code, message, request_id);
            assert_eq!(refusal, expected, "{name}");
        }
    }

    #[test]
    fn messages_lose_whatever_might_be_secret() {
        let message =
            "cannot fetch https://b.example/a?Signature=s (key%3Dx, AccessKeyId=AK) in\ntime \u{7}";
        let refusal = Refusal::new("A\u{1b}[31m", message, &"r".repeat(1000));
        insta::assert_snapshot!(refusal.code, @"A[31m");
        insta::assert_snapshot!(refusal.message, @"cannot fetch *** *** *** in time ");
        assert_eq!(refusal.request_id.len(), MAX_CHARS);
    }
}
