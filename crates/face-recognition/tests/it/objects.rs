//! A bucket behind a socket: enough of OSS for one service, and a record of what was asked.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard};

use percent_encoding::percent_decode_str;
use wiremock::{Request, Respond, ResponseTemplate};

/// The bucket, shared by the test and the server.
#[derive(Clone, Default)]
pub(crate) struct Objects(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Object>,
    calls: Vec<String>,
    refusals: BTreeMap<String, (u16, &'static str)>,
}

/// An object of the bucket.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) content: Vec<u8>,
    pub(crate) etag: String,
    /// `content-type` and `x-oss-meta-…`.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Objects {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn put(&self, key: &str, content: Vec<u8>) -> String {
        self.put_with(key, content, BTreeMap::new())
    }

    pub(crate) fn put_with(
        &self,
        key: &str,
        content: Vec<u8>,
        headers: BTreeMap<String, String>,
    ) -> String {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let etag = format!("{:032X}", hasher.finish());
        let object = Object {
            content,
            etag: etag.clone(),
            headers,
        };
        self.state().objects.insert(key.to_owned(), object);
        etag
    }

    pub(crate) fn get(&self, key: &str) -> Option<Object> {
        self.state().objects.get(key).cloned()
    }

    pub(crate) fn remove(&self, key: &str) {
        self.state().objects.remove(key);
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Refuses `METHOD key` from now on.
    pub(crate) fn refuse(&self, call: &str, status: u16, code: &'static str) {
        self.state()
            .refusals
            .insert(call.to_owned(), (status, code));
    }

    /// `METHOD key` of every call, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }
}

impl Respond for Objects {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let path = percent_decode_str(request.url.path())
            .decode_utf8()
            .unwrap();
        let key = path.strip_prefix("/photos/").unwrap().to_owned();
        let call = format!("{} {key}", request.method);
        self.state().calls.push(call.clone());
        let refusal = self.state().refusals.get(&call).copied();
        match (refusal, request.method.as_str()) {
            (Some((status, code)), _) => refused(status, code),
            (None, "PUT") => {
                let headers = request.headers.iter().filter(|(name, _)| {
                    *name == "content-type" || name.as_str().starts_with("x-oss-meta-")
                });
                let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
                let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
                let etag = self.put_with(&key, request.body.clone(), headers.collect());
                ResponseTemplate::new(200).insert_header("etag", quoted(&etag))
            }
            (None, _) => match self.get(&key) {
                Some(object) => object.answer(request),
                None => refused(404, "NoSuchKey"),
            },
        }
    }
}

impl Object {
    fn answer(&self, request: &Request) -> ResponseTemplate {
        let header = |name| {
            request
                .headers
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        if header("if-match").is_some_and(|tag| tag != quoted(&self.etag)) {
            return refused(412, "PreconditionFailed");
        }
        let range = header("range").map(|range| {
            let (first, last) = range
                .strip_prefix("bytes=")
                .unwrap()
                .split_once('-')
                .unwrap();
            first.parse::<usize>().unwrap()..last.parse::<usize>().unwrap() + 1
        });
        let mut answer = match range {
            None => ResponseTemplate::new(200).set_body_bytes(self.content.clone()),
            Some(range) => ResponseTemplate::new(206)
                .insert_header(
                    "content-range",
                    format!(
                        "bytes {}-{}/{}",
                        range.start,
                        range.end - 1,
                        self.content.len()
                    ),
                )
                .set_body_bytes(&self.content[range]),
        };
        if self.content.is_empty() {
            answer = answer.insert_header("content-length", "0");
        }
        answer = answer.insert_header("etag", quoted(&self.etag));
        for (name, value) in &self.headers {
            answer = answer.insert_header(name.as_str(), value.as_str());
        }
        answer
    }
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn refused(status: u16, code: &str) -> ResponseTemplate {
    let document = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    ResponseTemplate::new(status).set_body_raw(document, "application/xml")
}
