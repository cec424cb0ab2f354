//! A string that a service may send as any other type: anything but a string is read as empty.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A string, empty where the service sent another type. That is skipped, because a `serde_json::Value`
/// of it might take a hundred times the size of the response.
#[derive(Debug, Default)]
pub(crate) struct LenientString(pub(crate) String);

impl<'de> Deserialize<'de> for LenientString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor)
    }
}

struct LenientVisitor;

impl<'de> Visitor<'de> for LenientVisitor {
    type Value = LenientString;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<LenientString, E> {
        Ok(LenientString(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<LenientString, E> {
        Ok(LenientString::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<LenientString, E> {
        Ok(LenientString::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<LenientString, E> {
        Ok(LenientString::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<LenientString, E> {
        Ok(LenientString::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<LenientString, E> {
        Ok(LenientString::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<LenientString, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(LenientString::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<LenientString, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(LenientString::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_none() {
        for (json, expected) in [
            (r#""a\nb""#, "a\nb"),
            ("null", ""),
            ("true", ""),
            ("-7", ""),
            ("7", ""),
            ("1.5", ""),
            (r#"[{"a":"b"}]"#, ""),
            (r#"{"a":["b"]}"#, ""),
        ] {
            let words: LenientString = serde_json::from_str(json).unwrap();
            assert_eq!(words.0, expected, "{json}");
        }
    }
}
