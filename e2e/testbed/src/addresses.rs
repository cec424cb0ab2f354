//! What the processes announce.

use serde::Deserialize;

/// Where the emulator listens, as `host:port`.
#[derive(Debug, Clone, Deserialize)]
pub struct EmulatorAddresses {
    /// Object storage.
    pub oss: String,
    /// Topics and queues.
    pub mns: String,
    /// Face APIs.
    pub face: String,
    /// Admin API.
    pub admin: String,
}

/// Where a service listens, as `host:port`.
#[derive(Debug, Clone, Deserialize)]
pub struct ServiceAddress {
    /// Its only listener.
    pub http: String,
}
