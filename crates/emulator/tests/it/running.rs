//! An emulator in this process, on free ports, for as long as a test needs it.

use std::sync::Arc;

use emulator::settings::Settings;
use emulator::shared::Shared;
use emulator::{Addresses, Emulator};
use signing::Credentials;
use tokio_util::sync::CancellationToken;

pub(crate) const REGION: &str = "cn-shanghai";
pub(crate) const ACCOUNT: &str = "1234567890123456";

/// The key that every emulator here accepts.
pub(crate) fn credentials() -> Credentials {
    Credentials::new("LTAI5tTest", "test-secret")
}

/// Settings with free ports.
pub(crate) fn settings() -> Settings {
    Settings {
        oss_hosts: vec!["oss.test".to_owned()],
        max_object_bytes: 64 * 1024 * 1024,
        ..Settings::default()
    }
}

/// A running emulator. It ends with the runtime of its test.
pub(crate) struct Running {
    pub(crate) addresses: Addresses,
    pub(crate) shared: Arc<Shared>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(settings()).await
    }

    pub(crate) async fn start_with(settings: Settings) -> Self {
        let emulator = Emulator::bind(settings, credentials()).await.unwrap();
        let (addresses, shared) = (emulator.addresses(), emulator.shared());
        tokio::spawn(emulator.serve(CancellationToken::new()));
        Self { addresses, shared }
    }
}
