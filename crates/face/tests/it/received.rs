//! A request as it reached a server: whether it stays the same when it is signed again at its
//! date, and its form fields.

use http::request::Parts;
use signing::encode::decode_query;
use signing::{acs3, dataplus, rpc, time};
use wiremock::Request;

use crate::support::credentials;

/// The head of a received request, with the target as it was on the wire.
fn parts(request: &Request) -> Parts {
    let target = &request.url[url::Position::BeforePath..url::Position::AfterQuery];
    let builder = http::Request::builder()
        .method(request.method.clone())
        .uri(target);
    let (mut parts, ()) = builder.body(()).unwrap().into_parts();
    parts.headers = request.headers.clone();
    parts
}

pub(crate) fn is_signed_dataplus(request: &Request) -> bool {
    let parts = parts(request);
    let date = time::parse_http_date(header(request, "date")).unwrap();
    let mut again = parts.clone();
    dataplus::sign(&mut again, &request.body, &credentials(), date).unwrap();
    again.headers == parts.headers
}

pub(crate) fn is_signed_acs3(request: &Request) -> bool {
    let parts = parts(request);
    let date = time::parse_iso_extended(header(request, "x-acs-date")).unwrap();
    let nonce = header(request, "x-acs-signature-nonce");
    let credentials = match header(request, "x-acs-security-token") {
        "" => credentials(),
        token => credentials().with_security_token(token),
    };
    let mut again = parts.clone();
    acs3::sign(&mut again, &request.body, nonce, &credentials, date).unwrap();
    again.headers == parts.headers
}

pub(crate) fn is_signed_v1(request: &Request) -> bool {
    let text = rpc::string_to_sign(&request.method, &parameters(request));
    let expected = rpc::signature(&text, credentials().access_key_secret());
    parameter(request, "Signature") == Some(expected)
}

/// Parameters of query and form body together, decoded.
pub(crate) fn parameters(request: &Request) -> Vec<(String, String)> {
    let mut parameters = decode_query(request.url.query().unwrap_or_default()).unwrap();
    parameters.extend(decode_query(std::str::from_utf8(&request.body).unwrap()).unwrap());
    parameters
}

pub(crate) fn parameter(request: &Request, name: &str) -> Option<String> {
    let mut parameters = parameters(request).into_iter();
    parameters
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
        .unwrap_or_default()
}
