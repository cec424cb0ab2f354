//! Attributes that the source object sets on every event (`spec.ceOverrides`).

use std::collections::BTreeMap;
use std::str::FromStr;

use events::{Event, ExtensionValue, is_extension_name};
use serde::Deserialize;
use service::settings::Expected;

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
}

/// Knative lets upper case through; CloudEvents does not, so names are lowered.
impl FromStr for Overrides {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(default)]
            extensions: BTreeMap<String, String>,
        }
        let expected = "JSON like `{\"extensions\":{\"name\":\"value\"}}`, names in letters and \
                        digits and not those of CloudEvents itself";
        let document: Option<Document> = serde_json::from_str(text).ok();
        let extensions = document.map(|document| {
            let lowered = document.extensions.into_iter();
            lowered.map(|(name, value)| (name.to_ascii_lowercase(), value))
        });
        let extensions = extensions.map(BTreeMap::from_iter);
        extensions
            .filter(|extensions| extensions.keys().all(|name| is_extension_name(name)))
            .map(Self)
            .ok_or_else(|| Expected(expected.to_owned()))
    }
}
