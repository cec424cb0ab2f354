//! Who may use the page.

use std::fmt;
use std::path::Path;

use http::HeaderName;
use service::findings::{Findings, present, present_path};

use crate::args::AccessArgs;

/// Shorter tokens can be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Who may use the page.
#[derive(Clone)]
pub struct Access {
    /// How people prove who they are.
    pub(crate) proof: Proof,
    /// Whether the cookie may travel over plain HTTP.
    pub(crate) insecure_cookie: bool,
    /// The start of the name that senders of events use.
    pub(crate) events_host: Option<String>,
}

/// How people prove who they are.
#[derive(Clone)]
pub(crate) enum Proof {
    /// They know the token.
    Token(String),
    /// An authenticating proxy names them in this header.
    Header(HeaderName),
}

impl Access {
    pub(super) fn check(found: &mut Findings, args: AccessArgs) -> Option<Self> {
        let AccessArgs {
            token_file,
            user_header,
            insecure_cookie,
            events_host,
        } = args;
        let insecure_cookie = found.optional(
            "CONSOLE_INSECURE_COOKIE",
            insecure_cookie.as_deref(),
            "`true` or `false`",
            |text| text.parse().ok(),
        );
        let header = found.optional(
            "CONSOLE_USER_HEADER",
            user_header.as_deref(),
            "the name of a header",
            |text| text.parse().ok(),
        );
        let proof = match (present_path(token_file), header) {
            (Some(file), None) => token(found, &file).map(Proof::Token),
            (None, Some(header)) => Some(Proof::Header(header)),
            _ => {
                found.add(
                    "set either `CONSOLE_TOKEN_FILE` to a file with the token that people sign \
                     in with, or `CONSOLE_USER_HEADER` to the header of an authenticating proxy"
                        .to_owned(),
                );
                None
            }
        };
        Some(Self {
            proof: proof?,
            insecure_cookie: insecure_cookie.unwrap_or(false),
            events_host: present(events_host.as_deref()).map(str::to_owned),
        })
    }
}

fn token(found: &mut Findings, file: &Path) -> Option<String> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            let file = file.display();
            found.add(format!("`CONSOLE_TOKEN_FILE` names `{file}`: {error}"));
            return None;
        }
    };
    let token = present(Some(&text)).unwrap_or_default();
    if token.chars().count() < SHORTEST_TOKEN {
        found.add(format!(
            "the token in `{}` is too short: it must have {SHORTEST_TOKEN} characters or more",
            file.display()
        ));
        return None;
    }
    Some(token.to_owned())
}

/// The token is not printed.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("insecure_cookie", &self.insecure_cookie)
            .finish_non_exhaustive()
    }
}
