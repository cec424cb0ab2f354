//! The fixture of this service's unit tests.

use std::sync::Arc;

use jiff::Timestamp;
use signing::Credentials;

use crate::clock::Clock;
use crate::journal::Journal;
use crate::keys::Keys;
use crate::settings::Settings;
use crate::shared::Shared;

/// When every test begins, in seconds since the epoch.
pub(crate) const START_SECOND: u64 = 1_714_979_289;

/// The key that is accepted.
pub(crate) fn credentials() -> Credentials {
    Credentials::new("id", "secret")
}

/// An emulator in memory whose clock follows tokio's.
pub(crate) fn shared() -> Arc<Shared> {
    let clock = Clock::following_tokio(Timestamp::from_second(START_SECOND.cast_signed()).unwrap());
    Shared::new(
        Settings::default(),
        clock,
        Keys::new(credentials()),
        Journal::in_memory(),
    )
}
