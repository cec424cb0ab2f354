//! Identity providers and roles: who may have keys.

use std::collections::BTreeMap;

use jiff::Timestamp;
use parking_lot::{RwLock, RwLockReadGuard};
use thiserror::Error;

use super::jwt::{Claims, Jwks, TokenError};
use super::trust::TrustPolicy;

/// The identity providers and roles of the account.
#[derive(Debug)]
pub struct Identities {
    account: String,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    providers: BTreeMap<String, Provider>,
    roles: BTreeMap<String, Role>,
}

/// A party whose tokens are believed.
#[derive(Debug, Clone)]
pub struct Provider {
    /// What its tokens name as their issuer.
    pub issuer: String,
    /// The audiences that a token may have.
    pub client_ids: Vec<String>,
    /// Its public keys.
    pub jwks: Jwks,
}

/// What a token can be exchanged for.
#[derive(Debug, Clone)]
pub struct Role {
    /// The number that stands for it.
    pub id: String,
    /// Who may assume it.
    pub trust: TrustPolicy,
    /// The longest time that keys of it can be asked for.
    pub max_session_seconds: u32,
}

/// A role that was assumed, and by whom.
#[derive(Debug, Clone)]
pub(super) struct Assumed {
    pub(super) role_id: String,
    pub(super) max_session_seconds: u32,
    pub(super) claims: Claims,
}

/// Why a role is not assumed. Worded as STS words it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Refused {
    #[error("No such OIDC Provider registered.")]
    NoProvider,
    #[error("The specified Role not exists.")]
    NoRole,
    #[error("There is no permission")]
    NotTrusted,
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Refused {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoProvider | Self::NotTrusted => "AuthenticationFail.NoPermission",
            Self::NoRole => "EntityNotExist.Role",
            Self::Token(error) => error.code(),
        }
    }
}

impl Identities {
    /// Those of an account, which has none yet.
    #[must_use]
    pub fn new(account: String) -> Self {
        Self {
            account,
            state: RwLock::default(),
        }
    }

    /// The full name of a provider.
    #[must_use]
    pub fn provider_arn(&self, name: &str) -> String {
        format!("acs:ram::{}:oidc-provider/{name}", self.account)
    }

    /// The full name of a role.
    #[must_use]
    pub fn role_arn(&self, name: &str) -> String {
        format!("acs:ram::{}:role/{name}", self.account)
    }

    /// Makes or replaces a provider.
    pub fn put_provider(&self, name: &str, provider: Provider) {
        let arn = self.provider_arn(name);
        self.change(|state| drop(state.providers.insert(arn, provider)));
    }

    /// Makes or replaces a role.
    pub fn put_role(&self, name: &str, role: Role) {
        let arn = self.role_arn(name);
        self.change(|state| drop(state.roles.insert(arn, role)));
    }

    /// Removes a provider; `false` if there was none.
    pub fn remove_provider(&self, name: &str) -> bool {
        let arn = self.provider_arn(name);
        self.change(|state| state.providers.remove(&arn).is_some())
    }

    /// Removes a role; `false` if there was none.
    pub fn remove_role(&self, name: &str) -> bool {
        let arn = self.role_arn(name);
        self.change(|state| state.roles.remove(&arn).is_some())
    }

    /// Full names of all providers and roles.
    #[must_use]
    pub fn list(&self) -> (Vec<String>, Vec<String>) {
        let state = self.read();
        let (providers, roles) = (state.providers.keys(), state.roles.keys());
        (providers.cloned().collect(), roles.cloned().collect())
    }

    /// Assumes a role by a token.
    pub(super) fn assume(
        &self,
        role_arn: &str,
        provider_arn: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Assumed, Refused> {
        let state = self.read();
        let provider = state.providers.get(provider_arn);
        let claims = provider.ok_or(Refused::NoProvider)?.check(token, now)?;
        let role = state.roles.get(role_arn).ok_or(Refused::NoRole)?;
        if !role.trust.admits(provider_arn, &claims) {
            return Err(Refused::NotTrusted);
        }
        Ok(Assumed {
            role_id: role.id.clone(),
            max_session_seconds: role.max_session_seconds,
            claims,
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.write())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }
}

impl Provider {
    fn check(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let claims = self.jwks.verify(token)?;
        if claims.issuer != self.issuer {
            return Err(TokenError::Content);
        }
        if !claims
            .audience
            .iter()
            .any(|it| self.client_ids.contains(it))
        {
            return Err(TokenError::Audience);
        }
        if claims.expires <= now {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}
