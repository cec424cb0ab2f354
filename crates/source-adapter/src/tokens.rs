//! The tokens of both sinks: each is shown its own and no other.

use std::path::Path;

use tracing::warn;

use crate::config::Config;
use crate::token::{Token, TokenFile, TokenKeeper};

/// Which tokens the sinks are shown.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// For the sink.
    pub(crate) sink: Option<Token>,
    /// For the dead letter sink.
    pub(crate) dead_letter_sink: Option<Token>,
}

impl Tokens {
    /// Reads the files that there are to be, and gives what keeps their tokens fresh.
    ///
    /// # Errors
    /// A file cannot be read or holds no token; the text names it.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<(Self, Vec<TokenKeeper>)> {
        let file = config.sink.token_file.as_deref();
        if file.is_none() && config.sink.audience.is_some() {
            warn!(
                "the sink expects OIDC tokens (K_AUDIENCE), but no token file is configured: set K_OIDC_TOKEN_FILE"
            );
        }
        let dead_letter_file = config.delivery.dead_letter_token_file.as_deref();
        let mut keepers = Vec::new();
        let tokens = Self {
            sink: open(file, "K_OIDC_TOKEN_FILE", &mut keepers).await?,
            dead_letter_sink: open(
                dead_letter_file,
                "DELIVERY_DEAD_LETTER_TOKEN_FILE",
                &mut keepers,
            )
            .await?,
        };
        Ok((tokens, keepers))
    }
}

async fn open(
    path: Option<&Path>,
    setting: &'static str,
    keepers: &mut Vec<TokenKeeper>,
) -> anyhow::Result<Option<Token>> {
    let Some(path) = path else {
        return Ok(None);
    };
    let (token, keeper) = TokenFile::new(path, setting).open().await?;
    keepers.push(keeper);
    Ok(Some(token))
}
