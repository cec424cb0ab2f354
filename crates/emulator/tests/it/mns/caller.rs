//! Calls MNS as a careful stranger would: every header and byte is the test's own.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use service::{ConnectOptions, http_client};
use signing::Credentials;
use signing::mns::v2;

use crate::running::{Running, credentials};

/// Signs and sends requests.
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    pub(crate) credentials: Credentials,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Caller {
    pub(crate) fn of(running: &Running) -> Self {
        Self::at(format!("http://{}", running.addresses.mns))
    }

    pub(crate) fn at(base: String) -> Self {
        let http = http_client(&ConnectOptions::default()).unwrap();
        Self {
            http,
            base,
            credentials: credentials(),
        }
    }

    /// Sends `line`, a method and a target, with a body that may be empty.
    pub(crate) async fn call(&self, line: &str, body: &str) -> Answer {
        self.call_with(line, &[], body).await
    }

    /// Sends further headers too, which are signed where the rules say so.
    pub(crate) async fn call_with(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.try_call(line, headers, body).await.unwrap()
    }

    /// Sends a request whose answer may never come.
    pub(crate) async fn try_call(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> reqwest::Result<Answer> {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.base))
            .header("x-mns-version", "2015-06-06");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "text/xml;charset=UTF-8");
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        v2::sign(&mut parts, &self.credentials, Timestamp::now()).unwrap();
        let request = Request::from_parts(parts, Bytes::from(body.to_owned()));
        let response = self.http.execute(request.try_into()?).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer {
            status,
            headers,
            body: response.text().await?,
        })
    }

    /// Makes a queue with the given attributes.
    pub(crate) async fn create_queue(&self, name: &str, attributes: &str) {
        let body = format!("<Queue>{attributes}</Queue>");
        let answer = self.call(&format!("PUT /queues/{name}"), &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    /// Sends a plain message to a queue.
    pub(crate) async fn send(&self, queue: &str, body: &str) {
        let body = format!("<Message><MessageBody>{body}</MessageBody></Message>");
        let answer = self
            .call(&format!("POST /queues/{queue}/messages"), &body)
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    /// Receives a message that is known to be there.
    pub(crate) async fn receive(&self, queue: &str) -> Answer {
        let answer = self
            .call(&format!("GET /queues/{queue}/messages?waitseconds=5"), "")
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// Deletes by receipt handle; gives status and code.
    pub(crate) async fn delete(&self, queue: &str, handle: &str) -> String {
        let line = format!("DELETE /queues/{queue}/messages?ReceiptHandle={handle}");
        self.call(&line, "").await.outcome()
    }
}

impl Answer {
    /// The text of the first element of that name.
    pub(crate) fn text(&self, name: &str) -> &str {
        let texts = self.texts(name);
        assert!(!texts.is_empty(), "no {name} in {}", self.body);
        texts[0]
    }

    /// The texts of all elements of that name.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let after = self.body.split(open.as_str()).skip(1);
        after
            .map(|rest| rest.split(close.as_str()).next().unwrap())
            .collect()
    }

    /// Status, and the code if the answer is an error.
    pub(crate) fn outcome(&self) -> String {
        match self.texts("Code").first() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    /// The body, one element a line, with what changes from run to run replaced.
    pub(crate) fn shape(&self) -> String {
        let lines = self.body.replace("><", ">\n<");
        let shaped = lines.lines().map(|line| {
            let changing = ["MessageId", "ReceiptHandle", "RequestId", "HostId", "Time"];
            match line.split_once('>') {
                Some((open, rest)) if changing.iter().any(|it| open.ends_with(it)) => {
                    let close = rest.rsplit_once('<').map_or("", |(_, close)| close);
                    format!("{open}>...<{close}")
                }
                _ => line.to_owned(),
            }
        });
        shaped.collect::<Vec<_>>().join("\n")
    }
}
