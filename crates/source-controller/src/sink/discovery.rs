//! Which version of a kind the cluster serves, and the DNS domain of the cluster.
//!
//! A manifest may be years older than the cluster. The requested version is used if it is served,
//! else the version of the group that the API server prefers. The result is cached until the kind's
//! definition changes.

use std::collections::HashMap;
use std::path::Path;

use kube::Client;
use kube::api::{ApiResource, GroupVersionKind};
use kube::core::discovery::Scope;
use kube::error::DiscoveryError;
use parking_lot::Mutex;

/// A kind in a version that the cluster serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// How to address objects of the kind.
    pub(crate) resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub(crate) is_namespaced: bool,
}

/// Discovers the kinds that the API server serves, and caches the results.
pub(crate) struct Discovery {
    client: Client,
    known: Mutex<HashMap<GroupVersionKind, Served>>,
}

impl Discovery {
    /// With an empty cache.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            known: Mutex::default(),
        }
    }

    /// The kind, in the requested version or the preferred one. `None` if it is not served.
    ///
    /// # Errors
    /// An error of the API server.
    pub(crate) async fn find(&self, api_version: &str, kind: &str) -> kube::Result<Option<Served>> {
        let asked = asked(api_version, kind);
        if let Some(served) = self.known.lock().get(&asked).cloned() {
            return Ok(Some(served));
        }
        let found = match self.at(&asked).await? {
            Some(served) => Some(served),
            None => self.in_another_version(&asked).await?,
        };
        if let Some(served) = &found {
            self.known.lock().insert(asked, served.clone());
        }
        Ok(found)
    }

    /// Drops the cached kinds of a group, because a definition in it changed.
    pub(crate) fn forget(&self, group: &str) {
        self.known.lock().retain(|asked, _| asked.group != group);
    }

    async fn at(&self, asked: &GroupVersionKind) -> kube::Result<Option<Served>> {
        match kube::discovery::pinned_kind(&self.client, asked).await {
            Ok((resource, capabilities)) => Ok(Some(Served {
                resource,
                is_namespaced: capabilities.scope == Scope::Namespaced,
            })),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(kube::Error::Discovery(DiscoveryError::MissingKind(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn in_another_version(&self, asked: &GroupVersionKind) -> kube::Result<Option<Served>> {
        if asked.group.is_empty() {
            return Ok(None);
        }
        for version in self.versions(&asked.group).await? {
            if version == asked.version {
                continue;
            }
            let candidate = GroupVersionKind {
                version,
                ..asked.clone()
            };
            if let Some(served) = self.at(&candidate).await? {
                return Ok(Some(served));
            }
        }
        Ok(None)
    }

    /// The versions of a group, the preferred one first, the others in the server's order.
    async fn versions(&self, group: &str) -> kube::Result<Vec<String>> {
        let groups = self.client.list_api_groups().await?.groups;
        let Some(group) = groups.into_iter().find(|found| found.name == group) else {
            return Ok(Vec::new());
        };
        let preferred = group.preferred_version.map(|version| version.version);
        let others = group.versions.into_iter().map(|version| version.version);
        let mut versions: Vec<String> = preferred.into_iter().collect();
        versions.extend(
            others
                .filter(|version| !versions.contains(version))
                .collect::<Vec<_>>(),
        );
        Ok(versions)
    }
}

fn asked(api_version: &str, kind: &str) -> GroupVersionKind {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    GroupVersionKind::gvk(group, version, kind)
}

/// The domain of most clusters.
const DEFAULT: &str = "cluster.local";
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The configured domain, else the one in this pod's `resolv.conf`, else `cluster.local`.
#[must_use]
pub fn cluster_domain(configured: Option<&str>) -> String {
    let configured = configured
        .map(|domain| domain.trim().trim_matches('.'))
        .filter(|domain| !domain.is_empty());
    configured
        .map(str::to_owned)
        .or_else(|| from_resolv_conf(&std::fs::read_to_string(Path::new(RESOLV_CONF)).ok()?))
        .unwrap_or_else(|| DEFAULT.to_owned())
}

/// A pod's search list has `svc.<domain>` in it.
fn from_resolv_conf(text: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("search"))
        .flat_map(str::split_whitespace)
        .find_map(|domain| domain.strip_prefix("svc."))
        .map(|domain| domain.trim_end_matches('.').to_owned())
        .filter(|domain| !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_list_of_a_pod_names_the_domain() {
        let table = [
            (
                "usual",
                "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.0.0.10\n",
                Some("cluster.local"),
            ),
            (
                "custom, with dots at the end",
                "nameserver 10.0.0.10\nsearch a.svc.k8s.example.com. svc.k8s.example.com.",
                Some("k8s.example.com"),
            ),
            ("not in a pod", "search example.com\n", None),
            ("empty", "", None),
            ("no domain", "search svc.", None),
        ];
        for (name, text, expected) in table {
            assert_eq!(from_resolv_conf(text).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn configured_domain_wins() {
        assert_eq!(cluster_domain(Some(" k8s.test. ")), "k8s.test");
    }
}
