//! Attributes that the source object sets on every event (`spec.ceOverrides`).

use std::collections::BTreeMap;

use events::{Event, ExtensionValue, is_extension_name};
use serde::Deserialize;
use service::Findings;

/// Extension attributes and their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(BTreeMap<String, String>);

impl Overrides {
    /// Sets the attributes, replacing what the event has.
    pub fn apply(&self, event: &mut Event) {
        for (name, value) in &self.0 {
            event.set_extension(name, ExtensionValue::String(value.clone()));
        }
    }

    pub(super) fn check(found: &mut Findings, text: Option<&str>) -> Self {
        let expected = "JSON like `{\"extensions\":{\"name\":\"value\"}}`, names in letters and \
                        digits and not those of CloudEvents itself";
        found
            .optional("K_CE_OVERRIDES", text, expected, Self::parse)
            .unwrap_or_default()
    }

    /// Knative lets upper case through; CloudEvents does not, so names are lowered.
    fn parse(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(default)]
            extensions: BTreeMap<String, String>,
        }
        let document: Document = serde_json::from_str(text).ok()?;
        let extensions: BTreeMap<_, _> = document
            .extensions
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        extensions
            .keys()
            .all(|name| is_extension_name(name))
            .then_some(Self(extensions))
    }
}
