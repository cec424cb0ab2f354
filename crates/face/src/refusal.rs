//! Reading a service's refusal and deciding whose fault it is.
//!
//! The services differ in how they spell an error document and are not known to spell it in one
//! way only, so it is read leniently; the judgement goes by code, and by HTTP status where the
//! code is unknown. What services write into messages is not trusted: they quote the signed
//! parameters, a presigned URL among them.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use transport::RetryClass;

use crate::analysis::Analysis;
use crate::error::{FaceError, Refusal};

/// The longest message or code that is kept, in characters.
const LONGEST: usize = 200;

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Nobody's: there is no face in the picture.
    NoFace,
    /// The picture's.
    Picture,
    /// The configuration's: keys, region, product, a parameter of ours.
    Configuration,
    /// The service's, or the moment's.
    Moment,
    /// The service's: it is asked too often.
    Haste,
}

/// Prefixes of codes in the order in which they are tried. A prefix ends where the code ends or
/// at a dot.
const CODES: &[(&str, Blame)] = &[
    ("InvalidImage.NotFoundFace", Blame::NoFace),
    ("InvalidImage.Timeout", Blame::Moment),
    ("InvalidImage.Download", Blame::Moment),
    ("InvalidFile.Timeout", Blame::Moment),
    ("InvalidFile.Download", Blame::Moment),
    // We choose the URL and the way the picture travels, so these two are ours.
    ("InvalidImage.Region", Blame::Configuration),
    ("InvalidImage.RegionRecommend", Blame::Configuration),
    ("InvalidImage.URL", Blame::Configuration),
    ("InvalidImage", Blame::Picture),
    ("InvalidFile", Blame::Picture),
    ("Throttling", Blame::Haste),
    ("ServiceUnavailable", Blame::Moment),
    ("InternalError", Blame::Moment),
    // A new attempt has a new nonce and date, and by then perhaps new credentials.
    ("SignatureNonceUsed", Blame::Moment),
    ("InvalidTimeStamp.Expired", Blame::Moment),
    ("InvalidSecurityToken.Expired", Blame::Moment),
];

/// The code that stands for a 200 answer of the old API with an error number.
pub(crate) const ERRNO: &str = "errno";

/// Words by which an error number of unknown meaning is taken as passing trouble.
const PASSING: [&str; 6] = [
    "timeout",
    "timed out",
    "download",
    "busy",
    "internal",
    "limit",
];

impl Refusal {
    /// Reads an error document; whatever cannot be read leaves the HTTP status as the code.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        let find = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| document.get(name)?.as_str());
            values.next().unwrap_or_default().to_owned()
        };
        let code = find(&["Code", "code", "errorCode"]);
        let code = Some(code).filter(|code| !code.is_empty());
        Self::new(
            &code
                .or_else(|| xml_code(body))
                .unwrap_or_else(|| format!("HTTP {}", status.as_u16())),
            &find(&["Message", "message", "errorMsg", "err_msg"]),
            &find(&["RequestId", "requestId", "request_id"]),
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

    /// Whose fault it is.
    pub(crate) fn blame(&self, status: StatusCode) -> Blame {
        // The old API may have room for its gateway's code in the message alone.
        match named(&self.code).or_else(|| named(&self.message)) {
            Some(blame) => blame,
            None if self.code.starts_with(ERRNO) => self.blame_by_words(),
            None if status == StatusCode::TOO_MANY_REQUESTS => Blame::Haste,
            None if status.is_server_error() => Blame::Moment,
            None => Blame::Configuration,
        }
    }

    fn blame_by_words(&self) -> Blame {
        let message = self.message.to_ascii_lowercase();
        if PASSING.iter().any(|word| message.contains(word)) {
            Blame::Moment
        } else {
            Blame::Picture
        }
    }

    /// What the refusal of an analysis amounts to: an error, unless it says that there is no
    /// face in the picture.
    pub(crate) fn into_analysis(
        self,
        service: &'static str,
        status: StatusCode,
    ) -> Result<Analysis, FaceError> {
        if self.blame(status) == Blame::NoFace {
            return Ok(Analysis::default());
        }
        Err(self.into_error(service, status))
    }

    /// The error that the refusal of any call amounts to.
    pub(crate) fn into_error(self, service: &'static str, status: StatusCode) -> FaceError {
        match self.blame(status) {
            Blame::NoFace | Blame::Picture => FaceError::PictureRefused {
                service,
                source: self,
            },
            Blame::Configuration => FaceError::Misconfigured {
                service,
                source: self.into(),
            },
            Blame::Moment | Blame::Haste => FaceError::Unavailable {
                service,
                wait: None,
                source: self.into(),
            },
        }
    }
}

/// The blame for a code that is known.
fn named(code: &str) -> Option<Blame> {
    let known = CODES.iter().find(|(prefix, _)| {
        let rest = code.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    known.map(|(_, blame)| *blame)
}

/// Whether the transport should try again by itself; throttling comes with a 400 or 403 too.
pub(crate) fn judge(response: &http::Response<Bytes>) -> RetryClass {
    let status = response.status();
    if status.is_success() {
        return RetryClass::Final;
    }
    match Refusal::read(status, response.body()).blame(status) {
        Blame::Haste => RetryClass::Throttled,
        Blame::Moment => RetryClass::Transient,
        Blame::NoFace | Blame::Picture | Blame::Configuration => RetryClass::Final,
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
    shown.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blame(code: &str, status: u16) -> Blame {
        Refusal::new(code, "", "").blame(StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn every_known_code_has_somebody_to_blame() {
        let cases = [
            ("InvalidImage.NotFoundFace", 400, Blame::NoFace),
            ("InvalidImage.Resolution", 400, Blame::Picture),
            ("InvalidFile.Resolution", 400, Blame::Picture),
            ("InvalidImage.Content", 400, Blame::Picture),
            ("InvalidImage.Timeout", 400, Blame::Moment),
            ("InvalidImage.Download", 400, Blame::Moment),
            ("InvalidImage.Region", 400, Blame::Configuration),
            ("InvalidImage.RegionRecommend", 400, Blame::Configuration),
            ("InvalidImage.URL", 400, Blame::Configuration),
            ("InvalidApi.NotPurchase", 400, Blame::Configuration),
            ("InvalidApi.ForbiddenInvoke", 400, Blame::Configuration),
            ("InvalidVersion", 400, Blame::Configuration),
            ("InvalidAction.NotFound", 404, Blame::Configuration),
            ("InvalidParameter", 400, Blame::Configuration),
            ("MissingParameter", 400, Blame::Configuration),
            ("SignatureDoesNotMatch", 400, Blame::Configuration),
            ("InvalidAccessKeyId.NotFound", 404, Blame::Configuration),
            ("InvalidSecurityToken.MalFormed", 400, Blame::Configuration),
            ("InvalidSecurityToken.Expired", 400, Blame::Moment),
            ("InvalidTimeStamp.Expired", 400, Blame::Moment),
            ("SignatureNonceUsed", 400, Blame::Moment),
            ("Throttling", 400, Blame::Haste),
            ("Throttling.User", 403, Blame::Haste),
            ("ServiceUnavailable", 503, Blame::Moment),
            ("InternalError.Algo", 500, Blame::Moment),
            ("InternalError", 200, Blame::Moment),
            ("Unheard.Of", 400, Blame::Configuration),
            ("Unheard.Of", 429, Blame::Haste),
            ("Unheard.Of", 500, Blame::Moment),
            ("ThrottlingNot", 400, Blame::Configuration),
            ("", 403, Blame::Configuration),
        ];
        for (code, status, expected) in cases {
            assert_eq!(blame(code, status), expected, "`{code}` with {status}");
        }
    }

    #[test]
    fn a_code_in_place_of_a_message_is_known_as_well() {
        for (message, expected) in [
            ("Throttling.User", Blame::Haste),
            ("ServiceUnavailable", Blame::Moment),
            ("Throttling all of you", Blame::Configuration),
            ("no authorization", Blame::Configuration),
        ] {
            let refusal = Refusal::new("HTTP 403", message, "");
            assert_eq!(refusal.blame(StatusCode::FORBIDDEN), expected, "{message}");
        }
    }

    #[test]
    fn error_numbers_are_judged_by_their_words() {
        let judged = |message| Refusal::new("errno 5", message, "").blame(StatusCode::OK);
        assert_eq!(judged("image Download failed"), Blame::Moment);
        assert_eq!(judged("read timeout"), Blame::Moment);
        assert_eq!(judged("not a picture"), Blame::Picture);
        assert_eq!(judged(""), Blame::Picture);
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
        assert_eq!(refusal.request_id.len(), LONGEST);
    }
}
