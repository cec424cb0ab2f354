//! `/face/attribute` behind a socket: one woman in every picture, unless told otherwise.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::{Request, Respond, ResponseTemplate};

type Hook = dyn Fn(usize) -> Option<ResponseTemplate> + Send + Sync;

/// The API, shared by the test and the server.
#[derive(Clone)]
pub(crate) struct FacesApi {
    asked: Arc<Mutex<Vec<Value>>>,
    hook: Arc<Hook>,
}

impl FacesApi {
    pub(crate) fn new() -> Self {
        Self::with(|_| None)
    }

    /// Asks `hook` first, with the number of the call from 0.
    pub(crate) fn with(
        hook: impl Fn(usize) -> Option<ResponseTemplate> + Send + Sync + 'static,
    ) -> Self {
        Self {
            asked: Arc::default(),
            hook: Arc::new(hook),
        }
    }

    /// The body of every call.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

impl Respond for FacesApi {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(serde_json::from_slice(&request.body).unwrap());
            asked.len() - 1
        };
        (self.hook)(number).unwrap_or_else(|| ResponseTemplate::new(200).set_body_json(one_woman()))
    }
}

/// The answer about a picture with one face.
pub(crate) fn one_woman() -> Value {
    json!({
        "errno": 0,
        "request_id": "1",
        "face_num": 1,
        "face_rect": [20, 14, 24, 24],
        "face_prob": [0.98],
        "gender": [0],
        "age": [37],
    })
}
