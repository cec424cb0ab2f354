//! The parameters of a request's query, decoded.

use http::Uri;

use super::error::{OssError, Result};

/// Decoded parameters in order. A `+` means a blank.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a request target.
    pub(crate) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The value of a parameter; empty when it has none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a parameter is there, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A parameter's value as a number; `None` when it is absent or has no value.
    ///
    /// # Errors
    /// `InvalidArgument` when it is not a number within `range`.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number
            .map(Some)
            .ok_or_else(|| OssError::invalid_argument(name, text))
    }

    /// All parameters, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(target: &'static str) -> Query {
        Query::of(&Uri::from_static(target))
    }

    #[test]
    fn parameters_are_decoded_and_may_lack_a_value() {
        let query = query("/b?uploads&prefix=a%2Fb+c&max-keys=7&max-keys=8");
        assert_eq!(query.get("uploads"), Some(""));
        assert_eq!(query.get("prefix"), Some("a/b c"));
        assert_eq!(query.get("marker"), None);
        assert_eq!(query.number("max-keys", 1..=1000).unwrap(), Some(7));
        assert_eq!(query.number("uploads", 1..=1000).unwrap(), None);
        assert_eq!(query.iter().count(), 4);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for target in ["/b?n=0", "/b?n=1001", "/b?n=x", "/b?n=-1"] {
            assert!(query(target).number("n", 1..=1000).is_err(), "{target}");
        }
    }
}
