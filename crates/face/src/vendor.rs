//! Hosts of the vendor: the only ones that a name from outside may lead to.

use url::Url;

/// Where every service and every bucket of the vendor lives.
const DOMAIN: &str = ".aliyuncs.com";

/// Whether the host lies in the vendor's domain.
pub(crate) fn owns(host: &str) -> bool {
    host.ends_with(DOMAIN)
}

/// `https://<host>/`, if that is a host of the vendor and nothing more.
pub(crate) fn url(host: &str) -> Option<Url> {
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    // Whatever is more than a name ends the host early and so leaves a different one.
    (url.host_str() == Some(host) && owns(host)).then_some(url)
}
