//! Reads chosen fields of a JSON object, without parsing their values.
//!
//! Only the fields that are asked for are kept, as slices of the text: as a tree, a document of
//! tiny values would take a hundred times its size.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The values of `names` in the object that `text` holds. What is `null` or missing is `None`;
/// of a name that occurs twice the last counts, as in most languages.
pub(super) fn fields<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> serde_json::Result<Found<'a, N>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = reader.deserialize_map(Fields(names))?;
    reader.end()?;
    Ok(found)
}

/// The values of `names` in the object that `text` holds, and those of `inner` in the object that is
/// the field at position `outer`, in one pass. That field's own value is not given.
///
/// # Errors
/// Also if that field is no object.
pub(super) fn nested_fields<'a, const N: usize, const M: usize>(
    text: &'a str,
    names: [&str; N],
    outer: usize,
    inner: [&str; M],
) -> serde_json::Result<(Found<'a, N>, Found<'a, M>)> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = reader.deserialize_map(Nested {
        names,
        outer,
        inner: Fields(inner),
    })?;
    reader.end()?;
    Ok(found)
}

type Found<'a, const N: usize> = [Option<&'a RawValue>; N];

struct Nested<'n, const N: usize, const M: usize> {
    names: [&'n str; N],
    outer: usize,
    inner: Fields<'n, M>,
}

impl<'de, const N: usize, const M: usize> Visitor<'de> for Nested<'_, N, M> {
    type Value = (Found<'de, N>, Found<'de, M>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut found_inside) = ([None; N], [None; M]);
        while let Some(position) = map.next_key_seed(Position(&self.names))? {
            if position == Some(self.outer) {
                found_inside = map.next_value_seed(self.inner)?;
            } else {
                take(&mut map, position, &mut found)?;
            }
        }
        Ok((found, found_inside))
    }
}

/// Takes the value of the key at this position, and skips that of any other.
fn take<'de, A: MapAccess<'de>>(
    map: &mut A,
    position: Option<usize>,
    found: &mut [Option<&'de RawValue>],
) -> Result<(), A::Error> {
    match position.and_then(|position| found.get_mut(position)) {
        Some(place) => {
            let value: &RawValue = map.next_value()?;
            *place = (value.get() != "null").then_some(value);
        }
        None => drop(map.next_value::<IgnoredAny>()?),
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Fields<'n, const N: usize>([&'n str; N]);

impl<'de, const N: usize> Visitor<'de> for Fields<'_, N> {
    type Value = Found<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(position) = map.next_key_seed(Position(&self.0))? {
            take(&mut map, position, &mut found)?;
        }
        Ok(found)
    }
}

impl<'de, const N: usize> DeserializeSeed<'de> for Fields<'_, N> {
    type Value = Found<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_map(self)
    }
}

/// Reads a key as its position among the names that are asked for.
#[derive(Clone, Copy)]
struct Position<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Position<'_, N> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for Position<'_, N> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}
