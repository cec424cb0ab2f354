//! What the emulator answers, as every test reads it.

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body, if it is JSON.
    pub(crate) json: Value,
}

impl Answer {
    /// Sends a request whose answer may never come.
    pub(crate) async fn to(
        request: Request<Bytes>,
        http: &reqwest::Client,
    ) -> reqwest::Result<Self> {
        let response = http.execute(request.try_into()?).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Self {
            status,
            headers,
            json: serde_json::from_slice(&body).unwrap_or_default(),
            body,
        })
    }

    /// The status, and the code if it is an error.
    pub(crate) fn outcome(&self) -> String {
        match self.element("Code").or(self.json["Code"].as_str()) {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(std::str::from_utf8(value.as_bytes()).unwrap())
    }

    /// The body, which is text.
    pub(crate) fn document(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The texts of all elements of a name, escapes and all.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        let after = text.split(open.as_str()).skip(1);
        after
            .map(|rest| rest.split(close.as_str()).next().unwrap())
            .collect()
    }

    /// The text of the first element of a name.
    pub(crate) fn element(&self, name: &str) -> Option<&str> {
        self.texts(name).first().copied()
    }

    /// The text of the first element of a name, which must be there.
    pub(crate) fn text(&self, name: &str) -> &str {
        let text = self.element(name);
        text.unwrap_or_else(|| panic!("no {name} in {:?}", self.body))
    }

    /// The body, one element a line, with what changes from run to run replaced.
    pub(crate) fn shape(&self) -> String {
        let lines = self.document().replace("><", ">\n<");
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
