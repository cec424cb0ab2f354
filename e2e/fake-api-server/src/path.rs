//! What a path of the API names.

/// A path such as `/apis/apps/v1/namespaces/shop/deployments/photos/status`, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    /// Group and version: `/api/v1` or `/apis/apps/v1`.
    pub(crate) root: String,
    pub(crate) namespace: Option<String>,
    pub(crate) plural: String,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

impl ResourcePath {
    /// `None` for a path that names no resource, such as one of discovery.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.strip_prefix('/')?.split('/').collect();
        let (root, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => (format!("/api/{version}"), rest),
            ["apis", group, version, rest @ ..] => (format!("/apis/{group}/{version}"), rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => {
                (Some((*namespace).to_owned()), rest)
            }
            _ => (None, rest),
        };
        let mut rest = rest.iter().map(|part| (*part).to_owned());
        let found = Self {
            root,
            namespace,
            plural: rest.next()?,
            name: rest.next(),
            subresource: rest.next(),
        };
        rest.next().is_none().then_some(found)
    }

    /// Whether an object at `self` is in the list at `list`.
    pub(crate) fn is_in(&self, list: &Self) -> bool {
        self.root == list.root
            && self.plural == list.plural
            && (list.namespace.is_none() || list.namespace == self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let table = [
            ("/api/v1/secrets", "/api/v1 - secrets - -"),
            (
                "/api/v1/namespaces/shop/secrets/s",
                "/api/v1 shop secrets s -",
            ),
            ("/api/v1/namespaces", "/api/v1 - namespaces - -"),
            ("/api/v1/namespaces/shop", "/api/v1 - namespaces shop -"),
            (
                "/api/v1/namespaces/shop/finalize",
                "/api/v1 - namespaces shop finalize",
            ),
            (
                "/apis/apps/v1/namespaces/shop/deployments/d/status",
                "/apis/apps/v1 shop deployments d status",
            ),
            (
                "/apis/apps/v1/deployments",
                "/apis/apps/v1 - deployments - -",
            ),
            ("/apis", "nothing"),
            ("/api/v1", "nothing"),
            ("/apis/apps/v1", "nothing"),
            ("/healthz", "nothing"),
            ("/apis/a/v1/namespaces/n/p/n/s/x", "nothing"),
        ];
        for (path, expected) in table {
            let or = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
            let found = ResourcePath::parse(path).map_or_else(
                || "nothing".to_owned(),
                |it| {
                    let (namespace, name) = (or(it.namespace), or(it.name));
                    let subresource = or(it.subresource);
                    format!("{} {namespace} {} {name} {subresource}", it.root, it.plural)
                },
            );
            assert_eq!(found, expected, "{path}");
        }
    }
}
