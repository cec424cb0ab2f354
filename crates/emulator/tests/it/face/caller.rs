//! Calls the face APIs with requests whose every byte is the test's own.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderValue, Request};
use jiff::Timestamp;
use signing::oss::Resource;
use signing::{acs3, dataplus, encode, rpc};

use crate::answer::Answer;
use crate::oss::caller::Caller;
use crate::running::{Running, credentials};

pub(crate) const PHOTO: &[u8] = include_bytes!("../../../../../assets/astronaut.jpg");
const FORM: &str = "application/x-www-form-urlencoded";

/// An emulator and someone who calls it.
pub(crate) struct Scene {
    pub(crate) running: Running,
    pub(crate) oss: Caller,
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
        let oss = Caller::of(&running);
        Self { running, oss }
    }

    /// Puts the sample photo into a bucket and gives a presigned URL of it.
    pub(crate) async fn photo(&self, people: Option<&str>) -> String {
        self.oss.call("PUT /photos", "").await;
        let people = people.map(|people| ("x-oss-meta-emulator-faces", people));
        let headers: Vec<_> = people.into_iter().collect();
        let stored = self.oss.call_with("PUT /photos/a.jpg", &headers, PHOTO);
        assert_eq!(stored.await.outcome(), "200");
        self.presigned("photos", "a.jpg")
    }

    /// A presigned URL of an object that may not exist.
    pub(crate) fn presigned(&self, bucket: &str, key: &str) -> String {
        let line = format!("GET /{bucket}/{key}");
        let mut parts = self.oss.unsigned(&line, &[], "").into_parts().0;
        let resource = Resource {
            bucket: Some(bucket),
            key: Some(key),
        };
        let (minute, now) = (Duration::from_mins(1), Timestamp::now());
        let version = &self.oss.version;
        version
            .presign(&mut parts, resource, minute, &credentials(), now)
            .unwrap();
        parts.uri.to_string()
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
        let request = Request::from_parts(parts, Bytes::from(body.to_owned()));
        let answer = self.oss.send(request).await.unwrap();
        assert!(answer.json.is_object(), "{answer:?}");
        answer
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
        let request = self.oss.http.post(url).multipart(form.part("file", file));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// The JSON of a response with what changes from run to run replaced.
pub(crate) fn shape(answer: &Answer, changing: &[&str]) -> String {
    let mut json = answer.json.clone();
    for pointer in changing {
        *json.pointer_mut(pointer).unwrap() = "...".into();
    }
    format!("{json:#}")
}

/// Takes the signature off a request.
pub(crate) fn unsigned(parts: &mut Parts) {
    parts.headers.remove(AUTHORIZATION);
}
