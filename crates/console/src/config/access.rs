//! Who may use the page.

use std::fmt;
use std::path::{Path, PathBuf};

use http::HeaderName;

/// Shorter tokens can be guessed.
const MIN_TOKEN: usize = 16;

/// Who may use the page.
#[derive(Clone, Debug, clap::Args)]
pub struct AccessConfig {
    /// A file with the token that people sign in with, of 16 characters or more.
    #[arg(long, env = "CONSOLE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// A header in which an authenticating proxy names the user, in place of a token. The proxy
    /// must be the only way to the console, and replace the header when a client sends it.
    #[arg(long, env = "CONSOLE_USER_HEADER", value_name = "NAME")]
    pub user_header: Option<HeaderName>,
    /// Let the browser send the cookie over plain HTTP: `true` or `false`.
    #[arg(long, env = "CONSOLE_INSECURE_COOKIE", value_name = "BOOL", default_value = "false", action = clap::ArgAction::Set, hide_possible_values = true)]
    pub insecure_cookie: bool,
    /// The name that the console has inside its cluster, or the start of it: events sent to any
    /// other name are refused [default: every name will do].
    #[arg(long, env = "CONSOLE_EVENTS_HOST", value_name = "NAME")]
    pub events_host: Option<String>,
}

/// Who may use the page, with the token.
#[derive(Clone)]
pub struct Access {
    /// How people prove who they are.
    pub(crate) auth_method: AuthMethod,
    /// Whether the cookie may travel over plain HTTP.
    pub(crate) insecure_cookie: bool,
    /// The start of the name that senders of events use.
    pub(crate) events_host: Option<String>,
}

/// How people prove who they are.
#[derive(Clone)]
pub(crate) enum AuthMethod {
    /// They know the token.
    Token(String),
    /// An authenticating proxy names them in this header.
    Header(HeaderName),
}

impl AccessConfig {
    /// Reads the token; otherwise says what to set.
    pub(super) fn open(&self) -> Result<Access, String> {
        let auth_method = match (&self.token_file, &self.user_header) {
            (Some(file), None) => AuthMethod::Token(token(file)?),
            (None, Some(header)) => AuthMethod::Header(header.clone()),
            _ => {
                return Err(
                    "set either `CONSOLE_TOKEN_FILE` to a file with the token that people sign \
                     in with, or `CONSOLE_USER_HEADER` to the header of an authenticating proxy"
                        .to_owned(),
                );
            }
        };
        Ok(Access {
            auth_method,
            insecure_cookie: self.insecure_cookie,
            events_host: self.events_host.clone(),
        })
    }
}

fn token(file: &Path) -> Result<String, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("`CONSOLE_TOKEN_FILE` names `{name}`: {error}"))?;
    let token = text.trim();
    if token.chars().count() < MIN_TOKEN {
        return Err(format!(
            "the token in `{name}` is too short: it must have {MIN_TOKEN} characters or more"
        ));
    }
    Ok(token.to_owned())
}

/// The token is not printed.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("insecure_cookie", &self.insecure_cookie)
            .finish_non_exhaustive()
    }
}
