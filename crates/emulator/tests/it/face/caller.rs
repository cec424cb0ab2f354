//! Calls the face APIs with requests whose every byte is the test's own.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, Request};
use jiff::Timestamp;
use serde_json::Value;
use service::{ConnectOptions, http_client};
use signing::oss::{Resource, SignatureVersion};
use signing::{acs3, dataplus, encode, rpc};

use crate::running::{REGION, Running, credentials};

pub(crate) const PHOTO: &[u8] = include_bytes!("../../../../../assets/astronaut.jpg");
const FORM: &str = "application/x-www-form-urlencoded";

/// An emulator and someone who calls it.
pub(crate) struct Scene {
    pub(crate) running: Running,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

/// How a call of an action is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scheme {
    Acs3,
    Rpc,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::of(Running::start().await)
    }

    pub(crate) fn of(running: Running) -> Self {
        let http = http_client(&ConnectOptions::default()).unwrap();
        Self { running, http }
    }

    /// Puts the sample photo into a bucket and gives a presigned URL of it.
    pub(crate) async fn photo(&self, people: Option<&str>) -> String {
        self.oss(Method::PUT, "/photos", &[], Bytes::new()).await;
        let people = people.map(|people| ("x-oss-meta-emulator-faces", people));
        let headers: Vec<_> = people.into_iter().collect();
        self.oss(
            Method::PUT,
            "/photos/a.jpg",
            &headers,
            Bytes::from_static(PHOTO),
        )
        .await;
        self.presigned("photos", "a.jpg")
    }

    /// Puts an object into the bucket of the photo.
    pub(crate) async fn put(&self, key: &str, content: &'static str) {
        let path = format!("/photos/{key}");
        self.oss(
            Method::PUT,
            &path,
            &[],
            Bytes::from_static(content.as_bytes()),
        )
        .await;
    }

    /// A presigned URL of an object that may not exist.
    pub(crate) fn presigned(&self, bucket: &str, key: &str) -> String {
        let uri = format!("http://{}/{bucket}/{key}", self.running.addresses.oss);
        let mut parts = Request::get(uri).body(()).unwrap().into_parts().0;
        let resource = Resource {
            bucket: Some(bucket),
            key: Some(key),
        };
        let minute = Duration::from_mins(1);
        version()
            .presign(
                &mut parts,
                resource,
                minute,
                &credentials(),
                Timestamp::now(),
            )
            .unwrap();
        parts.uri.to_string()
    }

    async fn oss(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) {
        let uri = format!("http://{}{path}", self.running.addresses.oss);
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        let mut names = path.trim_start_matches('/').splitn(2, '/');
        let resource = Resource {
            bucket: names.next(),
            key: names.next(),
        };
        version()
            .sign(&mut parts, resource, &credentials(), Timestamp::now())
            .unwrap();
        let response = self.send(parts, body).await;
        assert!(
            response.status().is_success(),
            "{}",
            response.text().await.unwrap()
        );
    }

    /// Calls an operation of the old API, signed and then changed.
    pub(crate) async fn old(
        &self,
        path: &str,
        body: &str,
        change: impl FnOnce(&mut Parts),
    ) -> Answer {
        let uri = format!("http://{}{path}", self.running.addresses.face);
        let request = Request::post(uri)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        let mut parts = request.body(()).unwrap().into_parts().0;
        dataplus::sign(
            &mut parts,
            body.as_bytes(),
            &credentials(),
            Timestamp::now(),
        )
        .unwrap();
        change(&mut parts);
        self.answer(parts, body).await
    }

    /// Calls an action of the new APIs with parameters in the form.
    pub(crate) async fn act(
        &self,
        scheme: Scheme,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Answer {
        self.act_changed(scheme, version, action, parameters, |_| {})
            .await
    }

    /// The same, changed after it was signed.
    pub(crate) async fn act_changed(
        &self,
        scheme: Scheme,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
        change: impl FnOnce(&mut Parts),
    ) -> Answer {
        let face = self.running.addresses.face;
        let form = encode::query(parameters.iter().copied());
        let target = match scheme {
            Scheme::Acs3 => String::new(),
            Scheme::Rpc => format!("?Action={action}&Version={version}&Format=JSON"),
        };
        let request = Request::post(format!("http://{face}/{target}")).header(CONTENT_TYPE, FORM);
        let mut parts = request.body(()).unwrap().into_parts().0;
        let (nonce, now) = (uuid::Uuid::new_v4().to_string(), Timestamp::now());
        match scheme {
            Scheme::Acs3 => {
                let text = |text: &str| HeaderValue::from_str(text).unwrap();
                parts.headers.insert("x-acs-action", text(action));
                parts.headers.insert("x-acs-version", text(version));
                parts.headers.insert(HOST, text(&face.to_string()));
                acs3::sign(&mut parts, form.as_bytes(), &nonce, &credentials(), now).unwrap();
            }
            Scheme::Rpc => rpc::sign(&mut parts, &form, &nonce, &credentials(), now).unwrap(),
        }
        change(&mut parts);
        self.answer(parts, &form).await
    }

    /// Sends a request that is ready.
    pub(crate) async fn answer(&self, parts: Parts, body: &str) -> Answer {
        let response = self.send(parts, Bytes::from(body.to_owned())).await;
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text);
        assert!(json.is_ok(), "{text}");
        Answer {
            status,
            json: json.unwrap(),
        }
    }

    /// Uploads a form as a browser would, and gives status and body.
    pub(crate) async fn upload(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        file: &[u8],
    ) -> (u16, String) {
        let mut form = reqwest::multipart::Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let file = reqwest::multipart::Part::bytes(file.to_vec()).file_name("file");
        let request = self.http.post(url).multipart(form.part("file", file));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn send(&self, parts: Parts, body: Bytes) -> reqwest::Response {
        let request = Request::from_parts(parts, body).try_into().unwrap();
        self.http.execute(request).await.unwrap()
    }
}

impl Answer {
    /// Status, and the code if the answer is an error of the gateway.
    pub(crate) fn outcome(&self) -> String {
        match self.json["Code"].as_str() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    /// The answer with what changes from run to run replaced.
    pub(crate) fn shape(mut self, changing: &[&str]) -> Value {
        for pointer in changing {
            *self.json.pointer_mut(pointer).unwrap() = "...".into();
        }
        self.json
    }
}

/// Takes the signature off a request.
pub(crate) fn unsigned(parts: &mut Parts) {
    parts.headers.remove(AUTHORIZATION);
}

fn version() -> SignatureVersion {
    SignatureVersion::V4 {
        region: REGION.to_owned(),
    }
}
