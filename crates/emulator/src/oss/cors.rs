//! Cross-origin rules of a bucket: which pages of other origins a browser lets talk to it.
//!
//! The service refuses nothing by these rules. It answers the browser's question before a
//! request (`OPTIONS`) and puts headers on answers; the browser does the rest.

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::error::{OssError, Result};
use super::incoming::Incoming;
use super::request::OssRequest;
use super::store::Record;
use super::xml::Xml;
use super::{Oss, reply, xml};

/// The documented limits of a configuration.
const MAX_RULES: usize = 20;
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
const MAX_AGE_SECONDS: u32 = 999_999_999;
const METHODS: [&str; 5] = ["GET", "PUT", "DELETE", "POST", "HEAD"];
const REQUEST_METHOD: &str = "access-control-request-method";
const REQUEST_HEADERS: &str = "access-control-request-headers";

/// The cross-origin rules of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cors {
    /// The first that matches a request counts.
    rules: Vec<Rule>,
    /// Every response says that it depends on the origin.
    response_vary: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    origins: Vec<String>,
    methods: Vec<String>,
    headers: Vec<String>,
    exposed: Vec<String>,
    max_age_seconds: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename = "CORSConfiguration")]
struct Configuration {
    #[serde(rename = "CORSRule", default)]
    rules: Vec<RuleDocument>,
    #[serde(rename = "ResponseVary", default)]
    response_vary: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct RuleDocument {
    #[serde(rename = "$value", default)]
    elements: Vec<Element>,
}

/// The elements of a rule, which may stand in any order.
#[derive(Debug, Deserialize)]
enum Element {
    AllowedOrigin(String),
    AllowedMethod(String),
    AllowedHeader(String),
    ExposeHeader(String),
    MaxAgeSeconds(String),
}

/// What a browser wants to know before it sends a request.
struct Preflight<'a> {
    origin: &'a str,
    method: &'a str,
    headers: Vec<&'a str>,
}

impl Oss {
    pub(super) async fn put_bucket_cors(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let cors = Cors::read(&body.document(request).await?)?;
        self.set_cors(request, Some(cors))?;
        Ok(reply::ok())
    }

    pub(super) fn delete_bucket_cors(&self, request: &OssRequest) -> Result<Response> {
        self.set_cors(request, None)?;
        Ok(reply::no_content())
    }

    pub(super) fn get_bucket_cors(&self, request: &OssRequest) -> Result<Response> {
        let store = self.store();
        let cors = store.bucket(request.bucket())?.about.cors.as_ref();
        let cors = cors.ok_or_else(|| {
            let message = "The CORS Configuration does not exist.";
            OssError::new(StatusCode::NOT_FOUND, "NoSuchCORSConfiguration", message)
                .with("BucketName", request.bucket())
        })?;
        Ok(reply::document(cors.document()))
    }

    /// The answer to the question that a browser asks before a request of another origin.
    pub(super) fn option_object(&self, request: &OssRequest) -> Result<Response> {
        let preflight = Preflight::of(request)?;
        let store = self.store();
        let cors = store.bucket(request.bucket())?.about.cors.as_ref();
        let cors =
            cors.ok_or_else(|| refused("CORSResponse: CORS is not enabled for this bucket."))?;
        let rule = cors.rules.iter().find(|rule| rule.permits(&preflight));
        let rule = rule.ok_or_else(|| {
            refused(
                "CORSResponse: This CORS request is not allowed. Origin, \
                 Access-Control-Request-Method and Access-Control-Request-Headers must match one \
                 rule of the bucket.",
            )
        })?;
        let mut headers = rule.headers_for(preflight.origin);
        let list = preflight.headers.join(", ");
        headers.push((ACCESS_CONTROL_ALLOW_METHODS, rule.methods.join(", ")));
        if !list.is_empty() {
            headers.push((ACCESS_CONTROL_ALLOW_HEADERS, list));
        }
        if let Some(seconds) = rule.max_age_seconds {
            headers.push((ACCESS_CONTROL_MAX_AGE, seconds.to_string()));
        }
        Ok(reply::empty(StatusCode::OK, values(headers)))
    }

    /// The headers that tell a browser which page may read the answer to `request`. None for a
    /// preflight, which says more in its own answer.
    pub(super) fn cors_headers(&self, request: &OssRequest) -> Vec<(HeaderName, HeaderValue)> {
        let store = self.store();
        let Ok(bucket) = store.bucket(request.bucket()) else {
            return Vec::new();
        };
        let Some(cors) = &bucket.about.cors else {
            return Vec::new();
        };
        let origin = text(&request.parts.headers, ORIGIN.as_str());
        let method = request.parts.method.as_str();
        let rule = origin.and_then(|origin| {
            let mut rules = cors.rules.iter();
            let rule = rules.find(|rule| rule.admits(origin) && rule.allows(method))?;
            Some(rule.headers_for(origin))
        });
        let mut headers = rule.unwrap_or_default();
        if cors.response_vary {
            headers.push((VARY, "Origin".to_owned()));
        }
        values(headers).collect()
    }

    fn set_cors(&self, request: &OssRequest, cors: Option<Cors>) -> Result<()> {
        self.commit(|store| {
            store.bucket(request.bucket())?;
            let bucket = request.bucket().to_owned();
            Ok((Record::SetCors { bucket, cors }, ()))
        })
    }
}

impl Cors {
    fn read(document: &[u8]) -> Result<Self> {
        if document.len() > MAX_DOCUMENT_BYTES {
            return Err(OssError::malformed_xml());
        }
        let Configuration {
            rules,
            response_vary,
        } = xml::parse(document)?;
        if rules.is_empty() || rules.len() > MAX_RULES {
            return Err(OssError::malformed_xml());
        }
        let response_vary = match response_vary.as_deref() {
            None | Some("false" | "") => false,
            Some("true") => true,
            Some(other) => return Err(OssError::invalid_argument("ResponseVary", other)),
        };
        let rules = rules.into_iter().map(Rule::read).collect::<Result<_>>()?;
        Ok(Self {
            rules,
            response_vary,
        })
    }

    fn document(&self) -> Xml {
        let mut xml = Xml::new("CORSConfiguration");
        for rule in &self.rules {
            xml.nest("CORSRule", |xml| rule.describe(xml));
        }
        xml.text("ResponseVary", &self.response_vary.to_string());
        xml
    }
}

impl Rule {
    fn read(document: RuleDocument) -> Result<Self> {
        let mut rule = Self::default();
        for element in document.elements {
            match element {
                Element::AllowedOrigin(text) => rule.origins.push(pattern("AllowedOrigin", text)?),
                Element::AllowedMethod(text) if METHODS.contains(&text.as_str()) => {
                    rule.methods.push(text);
                }
                Element::AllowedMethod(text) => {
                    return Err(OssError::invalid_argument("AllowedMethod", &text));
                }
                Element::AllowedHeader(text) => rule.headers.push(pattern("AllowedHeader", text)?),
                Element::ExposeHeader(text) => rule.exposed.push(header_name(text)?),
                Element::MaxAgeSeconds(text) => rule.max_age_seconds = Some(seconds(&text)?),
            }
        }
        if rule.origins.is_empty() || rule.methods.is_empty() {
            return Err(OssError::malformed_xml());
        }
        Ok(rule)
    }

    fn describe(&self, xml: &mut Xml) {
        for (element, texts) in [
            ("AllowedOrigin", &self.origins),
            ("AllowedMethod", &self.methods),
            ("AllowedHeader", &self.headers),
            ("ExposeHeader", &self.exposed),
        ] {
            for text in texts {
                xml.text(element, text);
            }
        }
        if let Some(seconds) = self.max_age_seconds {
            xml.text("MaxAgeSeconds", &seconds.to_string());
        }
    }

    fn admits(&self, origin: &str) -> bool {
        let mut origins = self.origins.iter();
        origins.any(|pattern| matches(pattern, origin))
    }

    fn allows(&self, method: &str) -> bool {
        self.methods.iter().any(|allowed| allowed == method)
    }

    fn permits(&self, preflight: &Preflight<'_>) -> bool {
        let allowed = |header: &&str| {
            let header = header.to_ascii_lowercase();
            let mut patterns = self.headers.iter();
            patterns.any(|pattern| matches(&pattern.to_ascii_lowercase(), &header))
        };
        self.admits(preflight.origin)
            && self.allows(preflight.method)
            && preflight.headers.iter().all(allowed)
    }

    /// What every answer to this origin says.
    fn headers_for(&self, origin: &str) -> Vec<(HeaderName, String)> {
        let any = self.origins.iter().any(|pattern| pattern == "*");
        let origin = if any { "*" } else { origin };
        let mut headers = vec![(ACCESS_CONTROL_ALLOW_ORIGIN, origin.to_owned())];
        if !self.exposed.is_empty() {
            headers.push((ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.join(", ")));
        }
        headers
    }
}

impl<'a> Preflight<'a> {
    fn of(request: &'a OssRequest) -> Result<Self> {
        let headers = &request.parts.headers;
        let required = |name: &'static str| {
            text(headers, name).ok_or_else(|| {
                let message = format!("Insufficient information. The header {name} is needed.");
                OssError::bad("BadRequest", message)
            })
        };
        let asked = text(headers, REQUEST_HEADERS).unwrap_or_default();
        Ok(Self {
            origin: required(ORIGIN.as_str())?,
            method: required(REQUEST_METHOD)?,
            headers: asked
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .collect(),
        })
    }
}

/// An asterisk stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

fn pattern(element: &str, text: String) -> Result<String> {
    let stars = text.matches('*').count();
    if text.is_empty() || stars > 1 || HeaderValue::try_from(&text).is_err() {
        return Err(OssError::invalid_argument(element, &text));
    }
    Ok(text)
}

fn header_name(text: String) -> Result<String> {
    // An asterisk is a letter of names to HTTP, but never one of those that are exposed.
    if text.contains('*') || HeaderName::try_from(&text).is_err() {
        return Err(OssError::invalid_argument("ExposeHeader", &text));
    }
    Ok(text)
}

fn seconds(text: &str) -> Result<u32> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| *seconds <= MAX_AGE_SECONDS)
        .ok_or_else(|| OssError::invalid_argument("MaxAgeSeconds", text))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// All were checked to be fit for a header, or came as one.
fn values(headers: Vec<(HeaderName, String)>) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let value = |(name, text)| Some((name, HeaderValue::try_from(text).ok()?));
    headers.into_iter().filter_map(value)
}

fn refused(message: &'static str) -> OssError {
    OssError::forbidden("AccessForbidden", message)
}

#[cfg(test)]
mod tests;
