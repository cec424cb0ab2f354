//! The DNS domain of the cluster, as the pod's resolver knows it.

use std::path::Path;

/// What clusters have unless somebody chose otherwise.
const DEFAULT: &str = "cluster.local";
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The domain to use: the one that is configured, else what this pod's `resolv.conf` says,
/// else `cluster.local`.
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
