//! The namespaces that a controller watches.
//!
//! A watch covers either the whole cluster or one namespace. A controller that is limited to
//! some namespaces therefore has one watch of each kind for each of them, and needs no permission
//! in any other.

use std::collections::BTreeSet;
use std::str::FromStr;

use kube::api::{ApiResource, DynamicObject};
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
use kube::{Api, Client, Resource};

/// The namespaces whose sources a controller reconciles: some, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchedNamespaces(Vec<String>);

/// Names of namespaces; none means none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces(BTreeSet<String>);

/// What one watch covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WatchScope {
    /// The whole cluster.
    Cluster,
    /// One namespace.
    Namespace(String),
}

impl WatchedNamespaces {
    /// The whole cluster.
    #[must_use]
    pub fn cluster() -> Self {
        Self::default()
    }

    /// The scopes of the watches that a kind needs.
    pub(crate) fn watch_scopes(&self) -> Vec<WatchScope> {
        if self.0.is_empty() {
            vec![WatchScope::Cluster]
        } else {
            self.0.iter().cloned().map(WatchScope::Namespace).collect()
        }
    }

    /// Whether sources of this namespace are reconciled.
    pub(crate) fn includes(&self, namespace: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name == namespace)
    }

    /// The scope of the watch that covers `namespace`, if it is watched.
    pub(crate) fn scope_of(&self, namespace: &str) -> WatchScope {
        if self.0.is_empty() {
            WatchScope::Cluster
        } else {
            WatchScope::Namespace(namespace.to_owned())
        }
    }
}

impl WatchScope {
    /// The name of a watch on a kind in this scope, for caches.
    pub(crate) fn watch_name(&self, kind: &str) -> String {
        match self {
            Self::Cluster => kind.to_owned(),
            Self::Namespace(namespace) => format!("{kind} in {namespace}"),
        }
    }

    /// Whether the scope includes this namespace.
    pub(crate) fn includes(&self, namespace: Option<&str>) -> bool {
        match self {
            Self::Cluster => true,
            Self::Namespace(watched) => namespace == Some(watched),
        }
    }

    /// The objects of a kind in this scope.
    pub(crate) fn api<K>(&self, client: &Client) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match self {
            Self::Cluster => Api::all(client.clone()),
            Self::Namespace(namespace) => Api::namespaced(client.clone(), namespace),
        }
    }

    /// The metadata of objects of any kind in this scope.
    pub(crate) fn metadata(
        &self,
        client: Client,
        resource: &ApiResource,
    ) -> Api<PartialObjectMeta<DynamicObject>> {
        match self {
            Self::Cluster => Api::all_with(client, resource),
            Self::Namespace(namespace) => Api::namespaced_with(client, namespace, resource),
        }
    }
}

impl Namespaces {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// Names of namespaces, separated by commas; none for the whole cluster.
impl FromStr for WatchedNamespaces {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Namespaces(names) = text.parse()?;
        Ok(Self(names.into_iter().collect()))
    }
}

/// Names, separated by commas.
impl FromStr for Namespaces {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim);
        let names: BTreeSet<_> = names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(wrong) = names.iter().find(|name| !is_namespace(name)) {
            return Err(format!(
                "`{wrong}` is not the name of a namespace: up to 63 lower-case letters, digits and `-`"
            ));
        }
        Ok(Self(names))
    }
}

fn is_namespace(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_is_a_list_of_namespaces_or_the_cluster() {
        let namespaces = |names: &[&str]| {
            let names = names.iter().copied().map(str::to_owned);
            Ok(names.map(WatchScope::Namespace).collect())
        };
        let table: [(&str, Result<Vec<WatchScope>, ()>); 6] = [
            ("", Ok(vec![WatchScope::Cluster])),
            (" , ", Ok(vec![WatchScope::Cluster])),
            ("shop", namespaces(&["shop"])),
            ("shop, bakery,shop", namespaces(&["bakery", "shop"])),
            ("Shop", Err(())),
            ("shop,*", Err(())),
        ];
        for (text, expected) in table {
            let scopes = text
                .parse::<WatchedNamespaces>()
                .map(|namespaces| namespaces.watch_scopes());
            assert_eq!(scopes.map_err(drop), expected, "{text}");
        }
    }

    #[test]
    fn each_namespace_has_its_own_watch() {
        let cluster = WatchedNamespaces::cluster().scope_of("shop");
        assert_eq!(cluster, WatchScope::Cluster);
        assert_eq!(cluster.watch_name("secrets"), "secrets");
        assert!(cluster.includes(Some("bakery")) && cluster.includes(None));
        let shop = "shop"
            .parse::<WatchedNamespaces>()
            .unwrap()
            .scope_of("shop");
        assert_eq!(shop.watch_name("secrets"), "secrets in shop");
        assert!(shop.includes(Some("shop")));
        assert!(!shop.includes(Some("bakery")) && !shop.includes(None));
    }
}
