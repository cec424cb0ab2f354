//! An emulator in this process, on free ports, for as long as a test needs it.

use std::sync::Arc;
use std::time::Duration;

use emulator::call::Service;
use emulator::faults::{Fault, Kind};
use emulator::settings::Settings;
use emulator::shared::Shared;
use emulator::{Addresses, Emulator};
use serde_json::Value;
use service::{ConnectOptions, http_client};
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

    /// The admin API.
    pub(crate) fn admin(&self) -> Admin {
        Admin::at(format!("http://{}", self.addresses.admin))
    }

    /// Has the next call of an operation struck by a fault.
    pub(crate) fn once(&self, service: Service, operation: &str, kind: Kind) {
        let fault = Fault {
            service,
            operation: operation.to_owned(),
            kind,
            times: Some(1),
            probability: None,
            seed: None,
        };
        self.shared.faults.add(fault).unwrap();
    }
}

/// Calls the admin API.
pub(crate) struct Admin {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
}

impl Admin {
    pub(crate) fn at(base: String) -> Self {
        let http = http_client(&ConnectOptions::default()).unwrap();
        Self { http, base }
    }

    /// Sends `line` with a JSON body, if there is one; the status and the response's JSON.
    pub(crate) async fn call(&self, line: &str, body: Option<Value>) -> (u16, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json");
            request = request.body(body.to_string());
        }
        let response = request.timeout(Duration::from_secs(10)).send().await;
        let response = response.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}
