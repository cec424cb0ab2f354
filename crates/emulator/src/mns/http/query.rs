//! Query parameters of a request.
//!
//! Names are matched without regard to case, because the service's own documentation
//! mixes it. A `+` is a plus sign, never a blank: receipt handles hold them unencoded.

use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;

use crate::mns::attributes::in_range;
use crate::mns::refusal::{Code, Refusal};

/// Parameters by their lower-case names, decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query; every parameter must be one of `known`.
    pub(super) fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Refusal> {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let pairs: Vec<_> = pairs.map(decode).collect::<Result<_, _>>()?;
        match pairs
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            None => Ok(Self(pairs)),
            Some((name, _)) => Err(Refusal::new(
                Code::InvalidQueryString,
                format!("The query parameter {name} is not known here."),
            )),
        }
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be a number in `range`.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Refusal> {
        self.get(name)
            .map(|value| in_range(name, value, range))
            .transpose()
    }
}

fn decode(pair: &str) -> Result<(String, String), Refusal> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let text = |text| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map_err(|_| Refusal::from(Code::InvalidQueryString))
    };
    Ok((text(name)?.to_ascii_lowercase(), text(value)?.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_may_be_sent_encoded_or_not() {
        for query in ["ReceiptHandle=1-a+b/c==", "receipthandle=1-a%2Bb%2Fc%3D%3D"] {
            let query = Query::parse(Some(query), &["receipthandle"]).unwrap();
            assert_eq!(query.get("ReceiptHandle"), Some("1-a+b/c=="));
        }
    }

    #[test]
    fn unknown_parameters_and_broken_encoding_are_refused() {
        for query in ["other=1", "waitseconds=1&other", "waitseconds=%ff"] {
            let refusal = Query::parse(Some(query), &["waitseconds"]).unwrap_err();
            assert_eq!(refusal.code, Code::InvalidQueryString, "{query}");
        }
        assert_eq!(Query::parse(Some("&&"), &[]), Ok(Query::default()));
    }

    #[test]
    fn numbers_are_checked_against_their_range() {
        let query = Query::parse(
            Some("waitseconds=31&numOfMessages=16"),
            &["waitseconds", "numofmessages"],
        )
        .unwrap();
        assert_eq!(query.number("numOfMessages", 1..=16), Ok(Some(16)));
        assert_eq!(query.number("missing", 1..=16), Ok(None));
        assert_eq!(
            query.number("waitseconds", 0..=30).unwrap_err().code,
            Code::InvalidArgument
        );
    }
}
