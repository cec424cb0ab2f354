//! Which labels and annotations users may put on adapter pods.
//!
//! Meshes, agents, network plugins and container runtimes take orders from the labels and
//! annotations of pods: to run another image, to mount a Secret, to join a network, to assume a
//! role of the cloud. The controller creates pods with its own permissions, so a user who may create
//! only sources would get all of that. Therefore only keys that are known to be harmless are
//! admitted, and those that an administrator adds.

use std::fmt;
use std::str::FromStr;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use kube_core::CustomResourceExt as _;

use crate::source::MnsOssSource;
use crate::template::PodTemplate;

/// Domains whose keys describe a pod and change nothing.
const HARMLESS: [&str; 2] = ["app.kubernetes.io", "prometheus.io"];

/// The keys that are admitted: those without a dot or a slash, which are everybody's own, those of
/// `app.kubernetes.io` and `prometheus.io`, and what an administrator adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateKeys(Vec<String>);

impl TemplateKeys {
    /// The first key of a template that is not admitted.
    #[must_use]
    pub fn refused<'a>(&self, template: &'a PodTemplate) -> Option<&'a str> {
        let labels = template.labels.keys();
        let mut keys = labels.chain(template.annotations.keys());
        keys.find(|key| !self.admits(key)).map(String::as_str)
    }

    fn admits(&self, key: &str) -> bool {
        let is_own = !key.is_empty() && key.bytes().all(is_plain);
        let mut entries = HARMLESS
            .into_iter()
            .chain(self.0.iter().map(String::as_str));
        is_own || entries.any(|entry| is_of(key, entry))
    }

    /// The same in CEL, of `self`, a map.
    pub(crate) fn rule(&self) -> String {
        let entries = HARMLESS
            .into_iter()
            .chain(self.0.iter().map(String::as_str));
        let entries = entries.map(|entry| {
            if entry.contains('/') {
                format!(" || key == '{entry}'")
            } else {
                format!(" || key.startsWith('{entry}/')")
            }
        });
        let entries: String = entries.collect();
        format!("self.all(key, key.matches('^[-_A-Za-z0-9]+$'){entries})")
    }
}

/// The resource's definition, for a cluster in which these keys are admitted.
#[must_use]
pub fn definition(keys: &TemplateKeys) -> CustomResourceDefinition {
    let mut definition = MnsOssSource::crd();
    let usual = TemplateKeys::default().rule();
    let schemas = definition.spec.versions.iter_mut();
    let schemas =
        schemas.filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut());
    for schema in schemas {
        let template = property(schema, "spec").and_then(|spec| property(spec, "template"));
        let fields = template.and_then(|template| template.properties.as_mut());
        let maps = fields.into_iter().flat_map(|fields| fields.values_mut());
        let rules = maps.filter_map(|map| map.x_kubernetes_validations.as_mut());
        for rule in rules.flatten().filter(|rule| rule.rule == usual) {
            rule.rule = keys.rule();
        }
    }
    definition
}

fn property<'a>(schema: &'a mut JSONSchemaProps, name: &str) -> Option<&'a mut JSONSchemaProps> {
    schema.properties.as_mut()?.get_mut(name)
}

impl fmt::Display for TemplateKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// Domains such as `example.com`, all of whose keys are admitted, and single keys such as
/// `example.com/team`, separated by commas.
impl FromStr for TemplateKeys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let entries: Vec<_> = entries.map(str::to_owned).collect();
        match entries.iter().find(|entry| !is_entry(entry)) {
            Some(wrong) => Err(format!(
                "`{wrong}` is neither a domain such as `example.com` nor a key such as `example.com/team`"
            )),
            None => Ok(Self(entries)),
        }
    }
}

/// A domain with at least one dot, alone or with a name behind a slash. Nothing that could
/// mean something else in CEL.
fn is_entry(entry: &str) -> bool {
    let (domain, name) = entry.split_once('/').unwrap_or((entry, "name"));
    let is_label = |label: &str| {
        let is_right =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_right)
    };
    let is_name = |byte: u8| is_plain(byte) || byte == b'.';
    domain.contains('.')
        && domain.split('.').all(is_label)
        && !name.is_empty()
        && name.bytes().all(is_name)
}

fn is_of(key: &str, entry: &str) -> bool {
    key == entry
        || key
            .strip_prefix(entry)
            .is_some_and(|rest| !entry.contains('/') && rest.starts_with('/'))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
