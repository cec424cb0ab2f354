//! Signatures of both kinds: who sent a call, and when.

use http::header::AUTHORIZATION;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use signing::{AccessKeyId, SecurityToken};

use super::nonces::Nonces;
use super::{RpcCall, RpcError};
use crate::keys::KeyError;
use crate::presented::{PresentedError, acs3, rpc};
use crate::shared::Shared;

/// How far the time of a request may be from the time it arrives.
pub(crate) const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

impl RpcCall {
    /// Checks who sent the call and when.
    pub(super) fn authenticate(
        &self,
        shared: &Shared,
        nonces: &Nonces,
        parts: &Parts,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), RpcError> {
        let signed = if parts.headers.contains_key(AUTHORIZATION) {
            SignedCall::of_headers(parts, body)
        } else {
            SignedCall::of_parameters(parts, &self.parameters)
        };
        let signed = signed?.ok_or_else(|| {
            RpcError::bad(
                "MissingParameter",
                "AccessKeyId is mandatory for this action.",
            )
        })?;
        signed.check(shared, nonces, now)
    }
}

/// A call with a signature of either kind.
struct SignedCall {
    presented: Presented,
    string_to_sign: String,
}

enum Presented {
    Acs3(acs3::Presented),
    Rpc(rpc::Presented),
}

impl SignedCall {
    fn of_headers(parts: &Parts, body: &[u8]) -> Result<Option<Self>, RpcError> {
        let Some(presented) = acs3::Presented::from_request(parts).map_err(|it| unreadable(&it))?
        else {
            return Ok(None);
        };
        if !presented.covers(body) {
            return Err(mismatch());
        }
        let string_to_sign = presented.string_to_sign(parts).map_err(|_| mismatch())?;
        Ok(Some(Self {
            presented: Presented::Acs3(presented),
            string_to_sign,
        }))
    }

    fn of_parameters(
        parts: &Parts,
        parameters: &[(String, String)],
    ) -> Result<Option<Self>, RpcError> {
        let presented = rpc::Presented::from_parameters(parameters);
        let Some(presented) = presented.map_err(|it| unreadable(&it))? else {
            return Ok(None);
        };
        let string_to_sign = signing::rpc::string_to_sign(&parts.method, parameters);
        Ok(Some(Self {
            presented: Presented::Rpc(presented),
            string_to_sign,
        }))
    }

    fn check(&self, shared: &Shared, nonces: &Nonces, now: Timestamp) -> Result<(), RpcError> {
        let (id, token, nonce, signed_at) = self.claims();
        if now.duration_since(signed_at).abs() > MAX_SKEW {
            let message = "Specified time stamp or date value is expired.";
            return Err(RpcError::bad("InvalidTimeStamp.Expired", message));
        }
        let credentials = shared
            .keys
            .find(id.as_str(), token, now)
            .map_err(unacceptable)?;
        let secret = credentials.access_key_secret();
        let matches = match &self.presented {
            Presented::Acs3(presented) => presented.matches(&self.string_to_sign, secret),
            Presented::Rpc(presented) => presented.matches(&self.string_to_sign, secret),
        };
        if !matches {
            return Err(mismatch());
        }
        if !nonces.use_up(nonce, now) {
            let message = "Specified signature nonce was used already.";
            return Err(RpcError::bad("SignatureNonceUsed", message));
        }
        Ok(())
    }

    fn claims(&self) -> (&AccessKeyId, Option<&SecurityToken>, &str, Timestamp) {
        match &self.presented {
            Presented::Acs3(it) => (
                &it.access_key_id,
                it.security_token.as_ref(),
                &it.nonce,
                it.signed_at,
            ),
            Presented::Rpc(it) => (
                &it.access_key_id,
                it.security_token.as_ref(),
                &it.nonce,
                it.signed_at,
            ),
        }
    }
}

fn mismatch() -> RpcError {
    let message = "Specified signature is not matched with our calculation.";
    RpcError::bad("SignatureDoesNotMatch", message)
}

fn unreadable(error: &PresentedError) -> RpcError {
    match error {
        PresentedError::MissingDate | PresentedError::Missing { .. } => {
            RpcError::bad("MissingParameter", error.to_string())
        }
        PresentedError::MalformedDate { .. } => {
            RpcError::bad("InvalidTimeStamp.Format", error.to_string())
        }
        _ => RpcError::bad("IncompleteSignature", error.to_string()),
    }
}

fn unacceptable(error: KeyError) -> RpcError {
    match error {
        KeyError::Unknown => RpcError::not_found(
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        ),
        KeyError::Token => {
            let code = "InvalidSecurityToken.MismatchWithAccessKey";
            RpcError::bad(code, "Specified SecurityToken mismatch with the AccessKey.")
        }
        KeyError::Expired => RpcError::bad(
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        ),
    }
}
