//! The signature of the old face API against its vectors.

use serde::Deserialize;
use signing::dataplus::{sign, signature, string_to_sign};
use signing::{Credentials, SignError};

use crate::support::{File, Headers, authorization, header, now, request, without};

#[derive(Deserialize)]
struct Case {
    name: String,
    date_style: String,
    method: String,
    request_target: String,
    headers: Headers,
    body: Option<String>,
    string_to_sign: String,
    signature: String,
    authorization: String,
}

impl Case {
    fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default().as_bytes()
    }
}

fn file() -> File<Case> {
    File::parse(include_str!("../vectors/dataplus.json"), 10)
}

#[test]
fn each_step_gives_what_was_recorded() {
    let file = file();
    let credentials = file.credentials("ak");
    for case in &file.cases {
        let parts = request(&case.method, &case.request_target, &case.headers);
        let text = string_to_sign(&parts, case.body()).unwrap();
        assert_eq!(text, case.string_to_sign, "{}", case.name);
        let signature = signature(&text, credentials.access_key_secret());
        assert_eq!(signature, case.signature, "{}", case.name);
    }
}

#[test]
fn client_sends_the_documented_date() {
    let file = file();
    let credentials = file.credentials("ak");
    for case in file
        .cases
        .iter()
        .filter(|case| case.date_style == "rfc1123-gmt")
    {
        let full = request(&case.method, &case.request_target, &case.headers);
        let mut parts = without(full, &["date"]);
        sign(&mut parts, case.body(), &credentials, now()).unwrap();
        assert_eq!(authorization(&parts), case.authorization, "{}", case.name);
        assert_eq!(
            header(&parts, "date"),
            Some(&*case.headers["date"]),
            "{}",
            case.name
        );
    }
}

#[test]
fn temporary_credentials_are_refused() {
    let credentials = Credentials::new("id", "secret").with_security_token("token");
    let mut parts = request("POST", "/face/attribute", &Headers::new());
    let result = sign(&mut parts, b"{}", &credentials, now());
    assert_eq!(
        result,
        Err(SignError::TokenUnsupported { scheme: "Dataplus" })
    );
    assert!(parts.headers.is_empty());
}
