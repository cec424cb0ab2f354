//! Secrets: keys, tokens, and the signatures that were made with them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// Parameters whose values open something, as they stand in queries, forms and headers.
const PARAMETERS: [&str; 5] = [
    "Signature=",
    "x-oss-signature=",
    "security-token=",
    "SecurityToken=",
    "policy=",
];

/// Shorter values occur by chance.
const TELLING: usize = 12;

/// Texts that must not show, and what each is.
#[derive(Debug, Default)]
pub(super) struct Doors(BTreeMap<String, String>);

impl Doors {
    /// Something that is known before a request is made, in each form it may travel in.
    pub(super) fn know(&mut self, what: &str, value: &str) {
        let encoded = [
            ("percent-encoded", signing::encode::component(value)),
            ("in base64", BASE64_STANDARD.encode(value)),
        ];
        for (form, text) in encoded {
            self.0.insert(text, format!("{what}, {form}"));
        }
        self.0.insert(value.to_owned(), what.to_owned());
    }

    /// Everything in the requests that the emulator was sent.
    pub(super) fn learn(&mut self, captures: &Value) {
        for capture in captures.as_array().unwrap() {
            let operation = capture["operation"].as_str().unwrap();
            for header in capture["headers"].as_array().unwrap() {
                if header[0] == "authorization" {
                    self.authorization(operation, header[1].as_str().unwrap());
                }
            }
            self.parameters(operation, capture["target"].as_str().unwrap());
            if let Some(body) = capture["body"].as_str() {
                let body = BASE64_STANDARD.decode(body).unwrap();
                self.parameters(operation, &String::from_utf8_lossy(&body));
            }
        }
    }

    fn authorization(&mut self, operation: &str, value: &str) {
        self.add(&format!("Authorization of {operation}"), value);
        let signature = value.rsplit_once("Signature=").or(value.rsplit_once(':'));
        let (_, signature) = signature.unwrap();
        self.add(&format!("signature of {operation}"), signature);
    }

    /// The values of telling parameters, also of those of a URL inside a parameter.
    fn parameters(&mut self, operation: &str, text: &str) {
        let inner = signing::encode::decode(text).unwrap_or_default();
        for text in [text, &inner] {
            for parameter in PARAMETERS {
                for (at, _) in text.match_indices(parameter) {
                    let value = &text[at + parameter.len()..];
                    let value = value.split(['&', '"', ' ', ',']).next().unwrap();
                    let what = format!("{parameter} of {operation}");
                    self.add(&what, value);
                    self.add(&what, &signing::encode::decode(value).unwrap_or_default());
                }
            }
        }
    }

    fn add(&mut self, what: &str, value: &str) {
        if value.len() >= TELLING {
            self.0.insert(value.to_owned(), what.to_owned());
        }
    }

    /// How many are of this kind.
    pub(super) fn count(&self, what: &str) -> usize {
        self.0.values().filter(|known| known.contains(what)).count()
    }

    /// Which of them show in the text.
    pub(super) fn in_text(&self, text: &str) -> Vec<&str> {
        let shown = self.0.iter().filter(|(value, _)| text.contains(*value));
        shown.map(|(_, what)| what.as_str()).collect()
    }
}

#[test]
fn doors_are_found_in_every_form() {
    let mut doors = Doors::default();
    doors.know("token", "a/b+c=d/e+f=g/h");
    let body = BASE64_STANDARD.encode(
        "ImageURL=http%3A%2F%2Fb%2Fk%3FExpires%3D1%26Signature%3Dinner%252Bsignature%253D&x=y",
    );
    doors.learn(&serde_json::json!([{
        "operation": "RecognizeFace",
        "target": "/k?x-oss-signature=0123456789abcdef&x-oss-date=1",
        "headers": [["authorization", "OSS LTAIid:c2lnbmF0dXJlMTIzNA=="], ["host", "h"]],
        "body": body,
    }]));
    for text in [
        "token: a/b+c=d/e+f=g/h.",
        "?t=a%2Fb%2Bc%3Dd%2Fe%2Bf%3Dg%2Fh&",
        "YS9iK2M9ZC9lK2Y9Zy9o",
        "c2lnbmF0dXJlMTIzNA==",
        "0123456789abcdef",
        "inner+signature=",
        "inner%2Bsignature%3D",
    ] {
        assert!(!doors.in_text(text).is_empty(), "{text}: {doors:?}");
    }
    for text in ["", "LTAIid", "Signature=", "x-oss-date=1", "https://b/k"] {
        assert_eq!(doors.in_text(text), [] as [&str; 0], "{text}");
    }
}
