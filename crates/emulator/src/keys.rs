//! The credentials that the emulator accepts.
//!
//! One account owns them all, so a key is either accepted or not: there are no policies.
//! Temporary keys have a security token and may expire. Checking a signature is the
//! services' business; they ask here whose secret to check it with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use parking_lot::RwLock;
use signing::{Credentials, SecurityToken};

/// The credentials in force. They can change at any time.
#[derive(Debug)]
pub struct Keys {
    owner: Arc<Credentials>,
    accepted: RwLock<HashMap<String, Accepted>>,
}

/// Credentials and how long they are good for.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The key pair, with its token if it is temporary.
    pub credentials: Arc<Credentials>,
    /// When it stops being accepted; `None` for never.
    pub expires: Option<Timestamp>,
    /// How often it was refused because it had expired.
    pub refused: Arc<AtomicU64>,
}

/// Why a key is not accepted. Each service has its own name for each case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No such key id, or it was taken back.
    #[error("no such access key id")]
    Unknown,
    /// The key is temporary and comes with the wrong token or none, or it is permanent and
    /// comes with a token.
    #[error("the security token does not belong to the access key id")]
    Token,
    /// The key is temporary and its time is over.
    #[error("the security token has expired")]
    Expired,
}

impl Keys {
    /// Accepts `owner`, for ever, and nothing else yet.
    #[must_use]
    pub fn new(owner: Credentials) -> Self {
        let keys = Self {
            owner: Arc::new(owner.clone()),
            accepted: RwLock::default(),
        };
        keys.accept(owner, None);
        keys
    }

    /// The credentials that the emulator started with: what it signs with where a service
    /// hands out something signed. Still there when they are no longer accepted.
    #[must_use]
    pub fn owner(&self) -> Arc<Credentials> {
        Arc::clone(&self.owner)
    }

    /// Accepts credentials until `expires`, in place of any others of the same key id.
    pub fn accept(&self, credentials: Credentials, expires: Option<Timestamp>) {
        let id = credentials.access_key_id().as_str().to_owned();
        let accepted = Accepted {
            credentials: Arc::new(credentials),
            expires,
            refused: Arc::default(),
        };
        self.accepted.write().insert(id, accepted);
    }

    /// Accepts a key id no longer; `false` if it was not accepted anyway.
    pub fn revoke(&self, access_key_id: &str) -> bool {
        let mut accepted = self.accepted.write();
        accepted.remove(access_key_id).is_some()
    }

    /// The key ids in force with their expiry, sorted.
    #[must_use]
    pub fn list(&self) -> Vec<(String, Option<Timestamp>)> {
        let accepted = self.accepted.read();
        let mut ids: Vec<_> = accepted
            .iter()
            .map(|(id, key)| (id.clone(), key.expires))
            .collect();
        ids.sort();
        ids
    }

    /// A key id in force, with its expiry and its count of refusals.
    #[must_use]
    pub fn accepted(&self, access_key_id: &str) -> Option<Accepted> {
        let accepted = self.accepted.read();
        accepted.get(access_key_id).cloned()
    }

    /// The credentials to check a signature with: those of `access_key_id`, if the request
    /// came with the token that belongs to them and they have not expired at `now`.
    ///
    /// # Errors
    /// When the key is not accepted, says why.
    pub fn find(
        &self,
        access_key_id: &str,
        security_token: Option<&SecurityToken>,
        now: Timestamp,
    ) -> Result<Arc<Credentials>, KeyError> {
        let accepted = self.accepted.read();
        let Accepted {
            credentials,
            expires,
            refused,
        } = accepted.get(access_key_id).ok_or(KeyError::Unknown)?;
        if credentials.security_token() != security_token {
            return Err(KeyError::Token);
        }
        if expires.is_some_and(|expires| expires <= now) {
            refused.fetch_add(1, Ordering::Relaxed);
            return Err(KeyError::Expired);
        }
        Ok(Arc::clone(credentials))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn each_way_to_present_a_key_has_its_answer() {
        let keys = Keys::new(Credentials::new("owner", "s"));
        let temporary = |id| Credentials::new(id, "s").with_security_token("token");
        keys.accept(temporary("temporary"), Some(Timestamp::MAX));
        keys.accept(temporary("expired"), Some(NOW));
        let cases = [
            ("owner", None, Ok(())),
            ("owner", Some("token"), Err(KeyError::Token)),
            ("other", None, Err(KeyError::Unknown)),
            ("temporary", Some("token"), Ok(())),
            ("temporary", None, Err(KeyError::Token)),
            ("temporary", Some("t"), Err(KeyError::Token)),
            ("expired", Some("token"), Err(KeyError::Expired)),
            ("expired", Some("t"), Err(KeyError::Token)),
        ];
        for (id, text, expected) in cases {
            let token = text.map(SecurityToken::new);
            let found = keys.find(id, token.as_ref(), NOW);
            assert_eq!(found.map(drop), expected, "{id} {text:?}");
        }
    }

    #[test]
    fn refusals_of_an_expired_key_are_counted() {
        let keys = Keys::new(Credentials::new("owner", "s"));
        keys.accept(Credentials::new("old", "s"), Some(NOW));
        for _ in 0..2 {
            assert_eq!(
                keys.find("old", None, NOW).map(drop),
                Err(KeyError::Expired)
            );
        }
        let refused = |id| {
            keys.accepted(id)
                .map(|key| key.refused.load(Ordering::Relaxed))
        };
        assert_eq!(refused("old"), Some(2));
        assert_eq!(refused("owner"), Some(0));
        assert_eq!(refused("other"), None);
    }

    #[test]
    fn a_revoked_key_is_unknown() {
        let keys = Keys::new(Credentials::new("owner", "s"));
        assert!(keys.revoke("owner"));
        assert!(!keys.revoke("owner"));
        assert_eq!(
            keys.find("owner", None, NOW).map(drop),
            Err(KeyError::Unknown)
        );
        assert_eq!(keys.owner().access_key_id().as_str(), "owner");
    }

    #[test]
    fn a_replaced_secret_takes_effect_at_once() {
        let keys = Keys::new(Credentials::new("owner", "old"));
        keys.accept(Credentials::new("owner", "new"), None);
        let found = keys.find("owner", None, NOW).unwrap();
        assert_eq!(*found, Credentials::new("owner", "new"));
    }
}
