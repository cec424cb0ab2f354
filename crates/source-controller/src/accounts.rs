//! The account of each source that has something in MNS, for the time when its Secret is gone.
//!
//! A namespace that is deleted loses Secrets and sources in any order. What a source has in
//! MNS can then be removed only with a key that was read before. It is kept in memory alone,
//! wiped when the source is gone, and used for nothing but the source's deletion.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cloud::Account;

/// The last account that MNS let in, by uid of the source.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<HashMap<String, Account>>);

impl Accounts {
    /// Remembers an account in place of the one before.
    pub(crate) fn keep(&self, uid: &str, account: &Account) {
        self.lock().insert(uid.to_owned(), account.clone());
    }

    /// The account that last worked.
    pub(crate) fn recall(&self, uid: &str) -> Option<Account> {
        self.lock().get(uid).cloned()
    }

    /// Forgets a source that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
