//! Where MNS is: the endpoint, account and region that a Secret and a source state.

use mns::{Endpoint, EndpointError};
use serde::Deserialize;
use source_api::MnsOssSourceSpec;
use thiserror::Error;

/// Where MNS is, as far as it is stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) url: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) region: Option<String>,
}

/// Why the location of MNS is not known. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LocationProblem {
    /// Neither the Secret nor the source states it.
    #[error("the endpoint of MNS is missing: give `{0}`, or `accountId` and `region`")]
    Missing(&'static str),
    /// The Secret and the source state different ones.
    #[error("`url` in the secret and `endpoint` of the source differ: leave out one of them")]
    Conflicting,
    /// The endpoint is invalid.
    #[error("{0}")]
    Url(EndpointError),
}

impl Location {
    /// The location that a source states itself.
    pub(super) fn of(spec: &MnsOssSourceSpec) -> Self {
        Self {
            url: spec.endpoint.clone(),
            account_id: spec.account_id.clone(),
            region: spec.region.clone(),
        }
    }

    /// The location in a Secret, completed by that of the source.
    pub(super) fn or(self, spec: &MnsOssSourceSpec) -> Result<Self, LocationProblem> {
        let source = Self::of(spec);
        if let (Some(url), Some(endpoint)) = (&self.url, &source.url)
            && url.trim_end_matches('/') != endpoint.trim_end_matches('/')
        {
            return Err(LocationProblem::Conflicting);
        }
        Ok(Self {
            url: self.url.or(source.url),
            account_id: self.account_id.or(source.account_id),
            region: self.region.or(source.region),
        })
    }

    /// The stated endpoint, else the public one of account and region. `name` is that of the
    /// endpoint where it is missing.
    pub(super) fn endpoint(self, name: &'static str) -> Result<Endpoint, LocationProblem> {
        let Self {
            url,
            account_id,
            region,
        } = self;
        let url = match (url, &account_id, &region) {
            (Some(url), _, _) => url,
            (None, Some(account), Some(region)) => {
                format!("https://{account}.mns.{region}.aliyuncs.com")
            }
            _ => return Err(LocationProblem::Missing(name)),
        };
        let mut endpoint: Endpoint = url.parse().map_err(LocationProblem::Url)?;
        if let Some(account_id) = account_id {
            endpoint = endpoint.with_account_id(account_id);
        }
        if let Some(region) = region {
            endpoint = endpoint.with_region(region);
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str, account_id: &str, region: &str) -> Location {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Location {
            url: some(url),
            account_id: some(account_id),
            region: some(region),
        }
    }

    fn spec(location: &Location) -> MnsOssSourceSpec {
        let text = serde_json::json!({
            "sink": {"uri": "http://sink.test"},
            "topic": "t",
            "endpoint": location.url,
            "accountId": location.account_id,
            "region": location.region,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn source_stands_in_for_what_the_secret_leaves_open() {
        let host = "http://emulator:8902";
        let table = [
            (
                location(host, "1", "r"),
                location("", "", ""),
                format!("{host} 1 r"),
            ),
            (
                location("", "", ""),
                location(host, "1", "r"),
                format!("{host} 1 r"),
            ),
            (
                location(host, "1", ""),
                location("", "2", "r"),
                format!("{host} 1 r"),
            ),
            (
                location(host, "", ""),
                location("http://emulator:8902/", "", ""),
                format!("{host} ? ?"),
            ),
            (
                location("", "", ""),
                location("", "12", "cn-shanghai"),
                "https://12.mns.cn-shanghai.aliyuncs.com 12 cn-shanghai".to_owned(),
            ),
            (
                location(host, "", ""),
                location("http://other", "", ""),
                LocationProblem::Conflicting.to_string(),
            ),
            (
                location("", "12", ""),
                location("", "", ""),
                LocationProblem::Missing("url").to_string(),
            ),
        ];
        for (secret, source, expected) in table {
            let name = format!("{secret:?} {source:?}");
            let endpoint = secret.or(&spec(&source)).and_then(|it| it.endpoint("url"));
            let outcome = match endpoint {
                Ok(endpoint) => format!(
                    "{endpoint} {} {}",
                    endpoint.account_id().unwrap_or("?"),
                    endpoint.region().unwrap_or("?")
                ),
                Err(problem) => problem.to_string(),
            };
            assert_eq!(outcome, expected, "{name}");
        }
    }
}
