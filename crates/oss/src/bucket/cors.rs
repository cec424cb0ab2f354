//! Cross-origin rules: which pages of other origins a browser lets talk to the bucket.

use http::Method;

use super::Bucket;
use crate::error::{Error, Operation};

/// A rule of a bucket. An asterisk within a text stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// Pages, as `scheme://host[:port]`.
    pub origins: Vec<String>,
    /// Methods that they may use.
    pub methods: Vec<Method>,
    /// Headers that they may send.
    pub headers: Vec<String>,
    /// Headers of answers that they may read.
    pub exposed: Vec<String>,
}

impl Bucket {
    /// Sets the cross-origin rules of the bucket in place of those that it has.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn set_cors(&self, rules: &[CorsRule]) -> Result<(), Error> {
        let request = self
            .on_bucket(Operation::PutBucketCors, Method::PUT)
            .query("cors", "")
            .xml(document(rules));
        request.send().await?;
        Ok(())
    }
}

fn document(rules: &[CorsRule]) -> String {
    let element = |name: &str, text: &str| {
        let text = quick_xml::escape::escape(text);
        format!("<{name}>{text}</{name}>")
    };
    let all = |name: &str, texts: &[String]| -> String {
        texts.iter().map(|text| element(name, text)).collect()
    };
    let rule = |rule: &CorsRule| {
        let methods = rule.methods.iter();
        let methods: String = methods
            .map(|method| element("AllowedMethod", method.as_str()))
            .collect();
        let origins = all("AllowedOrigin", &rule.origins);
        let headers = all("AllowedHeader", &rule.headers);
        let exposed = all("ExposeHeader", &rule.exposed);
        format!("<CORSRule>{origins}{methods}{headers}{exposed}</CORSRule>")
    };
    let rules: String = rules.iter().map(rule).collect();
    format!("<CORSConfiguration>{rules}</CORSConfiguration>")
}
