//! Validation rules that several fields share, with messages that say what to write.
//!
//! They are CEL and run inside the API server, so each stays cheap: fields carry a
//! `maxLength`, and no rule looks at more than its own field's subtree.

use kube_core::Rule;

use crate::template_keys::TemplateKeys;

fn pattern(expression: &str, message: &str) -> Rule {
    Rule::new(format!("self.matches('{expression}')")).message(message)
}

/// The name of a Kubernetes object.
pub(crate) fn object_name() -> Rule {
    pattern(
        "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        "must be the name of an object: lower-case letters, digits, `-` and `.`, with a letter or digit at both ends",
    )
}

/// The name of a namespace.
pub(crate) fn namespace() -> Rule {
    pattern(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "must be the name of a namespace: lower-case letters, digits and `-`, with a letter or digit at both ends",
    )
}

/// A key in a Secret's data.
pub(crate) fn secret_key() -> Rule {
    pattern(
        "^[-._a-zA-Z0-9]+$",
        "must be a key of a Secret: letters, digits, `-`, `_` and `.`",
    )
}

/// A queue or a topic of MNS.
pub(crate) fn mns_name() -> Rule {
    pattern(
        "^[A-Za-z0-9][-A-Za-z0-9]*$",
        "must be a name in MNS: letters, digits and `-`, beginning with a letter or digit",
    )
}

/// A bucket of OSS.
pub(crate) fn bucket() -> Rule {
    pattern(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "must be the name of a bucket: lower-case letters, digits and `-`, with a letter or digit at both ends",
    )
}

/// A region of the cloud.
pub(crate) fn region() -> Rule {
    pattern(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "must be the name of a region, such as `cn-shanghai`",
    )
}

/// An endpoint: scheme and host, nothing else.
pub(crate) fn mns_endpoint() -> Rule {
    pattern(
        "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+/?$",
        "must be an http or https URL without a user, a path or a query, such as `https://<account>.mns.<region>.aliyuncs.com`",
    )
}

/// The number of an account.
pub(crate) fn account_id() -> Rule {
    pattern("^[0-9]+$", "must be the number of an account: digits only")
}

/// A role of RAM by its full name.
pub(crate) fn role_arn() -> Rule {
    pattern(
        "^acs:ram::[0-9]+:role/[-.A-Za-z0-9]+$",
        "must be the full name of a role, `acs:ram::<account>:role/<name>`",
    )
}

/// An identity provider of RAM by its full name.
pub(crate) fn oidc_provider_arn() -> Rule {
    pattern(
        "^acs:ram::[0-9]+:oidc-provider/[-._A-Za-z0-9]+$",
        "must be the full name of an identity provider, `acs:ram::<account>:oidc-provider/<name>`",
    )
}

/// `v1` or `group/version`.
pub(crate) fn api_version() -> Rule {
    pattern(
        "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "must be an API version such as `v1` or `eventing.knative.dev/v1`",
    )
}

/// The kind of an object.
pub(crate) fn kind() -> Rule {
    pattern("^[A-Za-z][-A-Za-z0-9]*$", "must be a kind such as `Broker`")
}

/// Certificates as text.
pub(crate) fn pem() -> Rule {
    Rule::new("self.contains('-----BEGIN CERTIFICATE-----')")
        .message("must hold certificates in PEM, beginning with `-----BEGIN CERTIFICATE-----`")
}

/// A length of time, in the form that [`parse_duration`](crate::parse_duration) takes.
pub(crate) fn duration() -> Rule {
    Rule::new(
        "self.matches('^P([0-9]{1,4}D)?(T([0-9]{1,6}H)?([0-9]{1,6}M)?([0-9]{1,9}([.][0-9]{1,9})?S)?)?$') \
         && self.matches('[0-9][DHMS]$')",
    )
    .message("must be an ISO 8601 duration such as `PT0.5S`, `PT30S` or `PT2M`")
}

/// A length of time that is not nothing.
pub(crate) fn not_zero() -> Rule {
    Rule::new("self.matches('[1-9]')").message("must be longer than zero")
}

/// Names of event attributes.
pub(crate) fn extension_names() -> Rule {
    Rule::new("self.all(name, name.matches('^[a-z0-9]+$'))")
        .message("names of attributes may hold lower-case letters and digits only")
}

/// Names of event attributes that CloudEvents itself uses.
pub(crate) fn extension_names_are_free() -> Rule {
    Rule::new(
        "self.all(name, !(name in ['specversion', 'id', 'source', 'type', 'subject', 'time', \
         'datacontenttype', 'dataschema', 'data', 'database64']))",
    )
    .message("attributes that CloudEvents itself defines, such as `id`, `source` and `type`, cannot be overridden")
}

/// Names of events in OSS, or groups of them.
pub(crate) fn event_names() -> Rule {
    Rule::new(
        "self.all(name, name.matches('^[A-Za-z0-9:]+[*]?$') && !name.startsWith('oss:'))",
    )
    .message(
        "must be names of OSS events such as `ObjectCreated:PutObject`, or groups such as `ObjectCreated:*`, without `oss:`",
    )
}

/// Whether any of the fields of the older form of a sink is there. `namespace` is a word of
/// CEL itself and therefore escaped.
const IS_INLINE: &str =
    "has(self.apiVersion) || has(self.kind) || has(self.name) || has(self.__namespace__)";

/// A destination names something.
pub(crate) fn destination_is_given() -> Rule {
    Rule::new("has(self.ref) || has(self.uri)").message("needs `ref` or `uri`")
}

/// A sink names something, in either form.
pub(crate) fn sink_is_given() -> Rule {
    Rule::new(format!("has(self.ref) || has(self.uri) || {IS_INLINE}"))
        .message("needs `ref` or `uri` (or `apiVersion`, `kind` and `name` in the older form)")
}

/// The two forms of a sink exclude each other.
pub(crate) fn inline_sink_is_alone() -> Rule {
    Rule::new(format!("!has(self.ref) || !({IS_INLINE})")).message(
        "give the object either under `ref` or by `apiVersion`, `kind` and `name` beside it, not both",
    )
}

/// The older form of a sink is complete.
pub(crate) fn inline_sink_is_complete() -> Rule {
    Rule::new(format!(
        "has(self.ref) || !({IS_INLINE}) || (has(self.apiVersion) && has(self.kind) && has(self.name))"
    ))
    .message("without `ref`, an object needs all of `apiVersion`, `kind` and `name`")
}

/// A URI that stands alone says where to connect.
pub(crate) fn lone_uri_is_absolute(has_object: &str) -> Rule {
    Rule::new(format!(
        "!has(self.uri) || {has_object} || self.uri.matches('^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@:]+')"
    ))
    .message("`uri` must be an absolute http or https URL when there is no object beside it")
}

/// A URI beside an object cannot lead elsewhere: no scheme, and no host after `//`.
pub(crate) fn uri_beside_object_is_relative(has_object: &str) -> Rule {
    Rule::new(format!(
        "!has(self.uri) || !({has_object}) || !self.uri.matches('^([A-Za-z][-+.A-Za-z0-9]*:|[/\\\\\\\\]{{2}})')"
    ))
    .message("`uri` beside an object must be relative, such as `/path`")
}

/// A toleration without a value to compare.
pub(crate) fn toleration_exists() -> Rule {
    Rule::new(
        "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
    )
    .message("`operator: Exists` takes no `value`")
}

/// A toleration of every taint.
pub(crate) fn toleration_of_any_key() -> Rule {
    Rule::new(
        "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
    )
    .message("a toleration without `key` needs `operator: Exists`")
}

/// Kubernetes refuses a time to stay on a toleration that evicts nobody.
pub(crate) fn toleration_seconds() -> Rule {
    Rule::new("!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')")
        .message("`tolerationSeconds` is only for `effect: NoExecute`")
}

/// Names of labels, annotations and resources.
pub(crate) fn qualified_keys() -> Rule {
    Rule::new(
        "self.all(key, key.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
    )
    .message("keys must be names such as `team` or `example.com/team`, at most 63 characters after the `/`")
}

/// Keys of labels and annotations that no other program obeys.
pub(crate) fn template_keys() -> Rule {
    Rule::new(TemplateKeys::default().rule()).message(
        "keys must be plain words such as `team`, or of `app.kubernetes.io` or `prometheus.io`: others can change what the pod runs",
    )
}

/// Values of labels.
pub(crate) fn label_values() -> Rule {
    Rule::new("self.all(key, self[key].matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))")
        .message(
            "values must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
        )
}

/// A source reads from one place.
pub(crate) fn one_origin() -> Rule {
    Rule::new(
        "[has(self.eventRule), has(self.topic), has(self.queue)].exists_one(given, given)",
    )
    .message(
        "give exactly one of `eventRule` (an event rule and a queue are created), `topic` (a queue is created and subscribed) and `queue` (an existing queue)",
    )
}

/// Credentials come from one place.
pub(crate) fn one_kind_of_credentials() -> Rule {
    Rule::new("has(self.accessToken) != has(self.auth)").message(
        "give exactly one of `accessToken` (a Secret with a key pair) and `auth` (a ServiceAccount with a RAM role)",
    )
}

/// Without a Secret, the source itself says where MNS is.
pub(crate) fn endpoint_without_secret() -> Rule {
    Rule::new("!has(self.auth) || has(self.endpoint) || (has(self.accountId) && has(self.region))")
        .message("with `auth`, say where MNS is: `endpoint`, or `accountId` and `region`")
}

/// Pods run as one ServiceAccount.
pub(crate) fn one_service_account() -> Rule {
    Rule::new("!has(self.auth) || !has(self.serviceAccountName)")
        .message("with `auth`, the ServiceAccount is `auth.serviceAccountName`: leave out `serviceAccountName`")
}
