//! Client of the emulator's admin API: event rules, faults, limits, counts.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::token_issuer::TokenIssuer;

/// The emulator answers in milliseconds, or is paused, cut off or gone.
const DEADLINE: Duration = Duration::from_secs(30);

/// The emulator's admin API.
#[derive(Debug, Clone)]
pub struct Admin {
    http: reqwest::Client,
    base: String,
}

/// A misbehaviour that the emulator is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// `oss`, `mns` or `face`.
    pub service: &'static str,
    /// Operation as the service's documentation names it, or `*`.
    pub operation: &'static str,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How often it happens; `None` for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How likely each call is hit, 0 to 1; `None` for each call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of its chances; `None` for one of the emulator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A misbehaviour in force, and what it did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct InForce {
    /// Names it to [`Admin::remove_fault`].
    pub id: u64,
    /// Calls that it struck.
    pub struck: u64,
}

/// The kinds of misbehaviour.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer comes this many milliseconds late.
    Latency {
        /// Milliseconds.
        latency_ms: u64,
    },
    /// The service answers with an error of its own form.
    Error {
        /// HTTP status.
        status: u16,
        /// Error code, as in the service's error documents.
        code: &'static str,
    },
    /// The connection is closed without an answer.
    Drop {
        /// Do what was asked first, so that only the answer is lost.
        after: bool,
    },
    /// The connection is closed in the middle of the answer.
    Truncate,
    /// A received message stays visible, so that it is delivered again (MNS only).
    Duplicate,
    /// The service's clock is off while it checks a request.
    Skew {
        /// Seconds ahead; negative for behind.
        skew_seconds: i64,
    },
}

/// Calls per second that the emulator takes; `None` for any number.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Limits {
    /// At each queue.
    pub queue: Option<u32>,
    /// Of the account at MNS, where each message of a batch is one.
    pub mns: Option<u32>,
    /// At each bucket.
    pub bucket: Option<u32>,
}

impl Fault {
    /// A fault that happens every time, for ever.
    #[must_use]
    pub fn always(service: &'static str, operation: &'static str, kind: FaultKind) -> Self {
        Self {
            service,
            operation,
            kind,
            times: None,
            probability: None,
            seed: None,
        }
    }

    /// A fault that happens to the next call alone.
    #[must_use]
    pub fn once(service: &'static str, operation: &'static str, kind: FaultKind) -> Self {
        Self {
            times: Some(1),
            ..Self::always(service, operation, kind)
        }
    }
}

impl Admin {
    /// The admin API at `address`, a `host:port`.
    #[must_use]
    pub fn new(http: reqwest::Client, address: &str) -> Self {
        Self {
            http,
            base: format!("http://{address}"),
        }
    }

    /// Asks the emulator to misbehave.
    ///
    /// # Errors
    /// When the emulator does not answer or does not know the fault.
    pub async fn add_fault(&self, fault: &Fault) -> Result<InForce> {
        let fault = serde_json::to_value(fault)?;
        let installed = self.call(Method::POST, "/faults", Some(&fault)).await?;
        serde_json::from_value(installed).context("the emulator does not say which fault it took")
    }

    /// All misbehaviour in force.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn faults(&self) -> Result<Vec<InForce>> {
        let faults = self.call(Method::GET, "/faults", None).await?;
        serde_json::from_value(faults).context("the emulator's faults are not a list")
    }

    /// Ends one misbehaviour.
    ///
    /// # Errors
    /// When the emulator does not answer, or knows no such fault: a restart forgets them.
    pub async fn remove_fault(&self, id: u64) -> Result<()> {
        self.call(Method::DELETE, &format!("/faults/{id}"), None)
            .await
            .map(drop)
    }

    /// Accepts a key pair beside the one that the emulator started with: with `token` if there
    /// is one, until `expires`.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn accept_credentials(
        &self,
        access_key_id: &str,
        access_key_secret: &str,
        token: Option<&str>,
        expires: Option<jiff::Timestamp>,
    ) -> Result<()> {
        let accepted = serde_json::json!({
            "access_key_secret": access_key_secret,
            "security_token": token,
            "expires": expires,
        });
        self.call(
            Method::PUT,
            &format!("/credentials/{access_key_id}"),
            Some(&accepted),
        )
        .await
        .map(drop)
    }

    /// Accepts a key pair no longer.
    ///
    /// # Errors
    /// When the emulator does not answer or does not know it.
    pub async fn revoke_credentials(&self, access_key_id: &str) -> Result<()> {
        let path = format!("/credentials/{access_key_id}");
        self.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// Has STS believe the tokens of an issuer, as those of the identity provider `name`.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn trust_issuer(&self, name: &str, issuer: &TokenIssuer) -> Result<()> {
        let provider = serde_json::json!({
            "issuer": issuer.url(),
            "client_ids": [TokenIssuer::AUDIENCE],
            "jwks": issuer.jwks(),
        });
        let path = format!("/oidc-providers/{name}");
        self.call(Method::PUT, &path, Some(&provider))
            .await
            .map(drop)
    }

    /// Makes a role that whoever `trust_policy` names may assume.
    ///
    /// # Errors
    /// When the emulator does not answer, or does not understand the policy.
    pub async fn put_role(&self, name: &str, trust_policy: &Value) -> Result<()> {
        let role = serde_json::json!({ "trust_policy": trust_policy });
        self.call(Method::PUT, &format!("/roles/{name}"), Some(&role))
            .await
            .map(drop)
    }

    /// How often a key was refused because it had expired.
    ///
    /// # Errors
    /// When the emulator does not answer or does not know the key.
    pub async fn refusals_of(&self, access_key_id: &str) -> Result<u64> {
        let path = format!("/credentials/{access_key_id}");
        let known = self.call(Method::GET, &path, None).await?;
        known["refused"]
            .as_u64()
            .context("the emulator does not say how often a key was refused")
    }

    /// Ends all misbehaviour.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn clear_faults(&self) -> Result<()> {
        self.call(Method::DELETE, "/faults", None).await.map(drop)
    }

    /// Puts limits into force in place of those before.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn limit(&self, limits: Limits) -> Result<()> {
        let limits = serde_json::to_value(limits)?;
        self.call(Method::PUT, "/limits", Some(&limits))
            .await
            .map(drop)
    }

    /// The last requests that the emulator was sent, if it was told to keep them.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn captures(&self) -> Result<Value> {
        self.call(Method::GET, "/captures", None).await
    }

    /// Counts of calls and answers by service and operation.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn stats(&self) -> Result<Value> {
        self.call(Method::GET, "/stats", None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base))
            .timeout(DEADLINE);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("no answer to admin {method} {path}"))?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("the emulator answered admin {method} {path} with {status}: {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
