//! Credentials that can be replaced while clients are using them.
//!
//! A client holds a [`LiveCredentials`] and asks it once for every attempt, so a rotated key
//! takes effect with the next request. Deciding when to rotate happens elsewhere.

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Credentials;

/// A shared place that holds the credentials of the moment. Clones share the place.
#[derive(Clone)]
pub struct LiveCredentials(Arc<RwLock<Arc<Credentials>>>);

impl LiveCredentials {
    /// A place that holds `credentials` until someone calls [`replace`](Self::replace).
    #[must_use]
    pub fn fixed(credentials: Credentials) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(credentials))))
    }

    /// The credentials of the moment. Ask again for every request; do not keep the answer.
    #[must_use]
    pub fn get(&self) -> Arc<Credentials> {
        Arc::clone(&self.0.read())
    }

    /// Puts `credentials` in place for every holder of a clone.
    pub fn replace(&self, credentials: Credentials) {
        *self.0.write() = Arc::new(credentials);
    }
}

impl From<Credentials> for LiveCredentials {
    fn from(credentials: Credentials) -> Self {
        Self::fixed(credentials)
    }
}

impl fmt::Debug for LiveCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveCredentials").field(&self.get()).finish()
    }
}
