//! Sessions: a cookie that proves that its bearer knew the token, and the proof that a request
//! was made by the page and not by another site.
//!
//! Nothing is kept: a cookie is its end and a code over it, keyed by the token. A new token ends
//! all sessions.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use rand::RngCore as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::config::{Access, AuthMethod};

/// How long a cookie is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
const NAME: &str = "console";
/// The header with the proof that the page made the request.
pub(crate) const CSRF: &str = "x-csrf-token";

/// Opens and checks sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    access: Access,
    key: [u8; 32],
}

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The cookie's value, or the user that the proxy names.
    id: String,
}

impl Sessions {
    pub(crate) fn new(access: Access) -> Self {
        let mut key = [0; 32];
        match &access.auth_method {
            AuthMethod::Token(token) => key = code(token.as_bytes(), "key", ""),
            // The proxy knows its users; a new key after a restart costs a reload.
            AuthMethod::Header(_) => rand::rng().fill_bytes(&mut key),
        }
        Self { access, key }
    }

    /// Whether people sign in here, and not at a proxy.
    pub(crate) fn takes_tokens(&self) -> bool {
        matches!(self.access.auth_method, AuthMethod::Token(_))
    }

    /// The cookie for a user who gives this token; `None` if it is wrong.
    pub(crate) fn open(&self, token: &str, now: Timestamp) -> Option<HeaderValue> {
        let AuthMethod::Token(expected) = &self.access.auth_method else {
            return None;
        };
        // Codes have one length, so that the time tells nothing of the token's.
        let given = code(token.trim().as_bytes(), "key", "");
        if !bool::from(given.ct_eq(&code(expected.as_bytes(), "key", ""))) {
            return None;
        }
        let end = (now + LIFETIME).as_second().to_string();
        let auth_method = BASE64_URL_SAFE_NO_PAD.encode(code(&self.key, "session", &end));
        self.cookie(&format!("{end}.{auth_method}"), LIFETIME)
    }

    /// The cookie that ends a session in its browser.
    pub(crate) fn close(&self) -> Option<HeaderValue> {
        self.cookie("", SignedDuration::ZERO)
    }

    /// Who sent a request with these headers.
    pub(crate) fn session(&self, headers: &HeaderMap, now: Timestamp) -> Option<Session> {
        let id = match &self.access.auth_method {
            AuthMethod::Header(name) => headers.get(name)?.to_str().ok()?,
            AuthMethod::Token(_) => {
                let cookie = cookie(headers)?;
                let (end, auth_method) = cookie.split_once('.')?;
                let auth_method = BASE64_URL_SAFE_NO_PAD.decode(auth_method).ok()?;
                let expected = code(&self.key, "session", end);
                let is_ours = bool::from(expected.as_slice().ct_eq(&auth_method));
                (is_ours && now.as_second() < end.parse().ok()?).then_some(cookie)?
            }
        };
        (!id.is_empty()).then(|| Session { id: id.to_owned() })
    }

    /// What the page must show with each request that changes something.
    pub(crate) fn csrf(&self, session: &Session) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(code(&self.key, "csrf", &session.id))
    }

    /// Whether the headers show it.
    pub(crate) fn shows_csrf(&self, session: &Session, headers: &HeaderMap) -> bool {
        let expected = self.csrf(session);
        let given = headers.get(CSRF).map(HeaderValue::as_bytes);
        given.is_some_and(|given| bool::from(expected.as_bytes().ct_eq(given)))
    }

    fn cookie(&self, value: &str, lifetime: SignedDuration) -> Option<HeaderValue> {
        let secure = if self.access.insecure_cookie {
            ""
        } else {
            "; Secure"
        };
        let age = lifetime.as_secs();
        let cookie =
            format!("{NAME}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::try_from(cookie).ok()
    }
}

/// Whether the browser says that another site made the request. One that says nothing is no
/// browser, or an old one, and is left to the other checks.
pub(crate) fn is_of_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else {
        return false;
    };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_none() || authority != text("host")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

fn code(key: &[u8], purpose: &str, text: &str) -> [u8; 32] {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(purpose.as_bytes());
    mac.update(b":");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
