//! What a server makes of a request that reached it: signature checks and form fields.

use http::request::Parts;
use signing::encode::decode_query;
use signing::{acs3, dataplus, rpc};
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
    let text = dataplus::string_to_sign(&parts, &request.body).unwrap();
    let presented = dataplus::Presented::from_request(&parts).unwrap().unwrap();
    presented.matches(&text, credentials().access_key_secret())
}

pub(crate) fn is_signed_acs3(request: &Request) -> bool {
    let parts = parts(request);
    let presented = acs3::Presented::from_request(&parts).unwrap().unwrap();
    let text = presented.string_to_sign(&parts).unwrap();
    presented.covers(&request.body) && presented.matches(&text, credentials().access_key_secret())
}

pub(crate) fn is_signed_v1(request: &Request) -> bool {
    let parameters = parameters(request);
    let presented = rpc::Presented::from_parameters(&parameters)
        .unwrap()
        .unwrap();
    let text = rpc::string_to_sign(&request.method, &parameters);
    presented.matches(&text, credentials().access_key_secret())
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
