//! Reads chosen fields of a JSON object, and of the objects in it, without parsing their values.
//!
//! Only the fields that are asked for are kept, as slices of the text: as a tree, a document of
//! tiny values would take a hundred times its size.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Declares objects by the names of their fields in JSON. A field is text as it stands in the
/// document, or another such object. What is `null` or missing is `None`; of a name that occurs twice
/// the last counts, as in most languages.
macro_rules! objects {
    ($($(#[$doc:meta])* struct $object:ident { $($field:ident: $kind:ty = $name:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Default)]
        struct $object<'a> {
            $($field: Option<$kind>,)*
        }

        impl<'a> $crate::event::object::Object<'a> for $object<'a> {
            fn take<A: serde::de::MapAccess<'a>>(
                &mut self,
                name: &str,
                map: &mut A,
                nesting: $crate::event::object::Nesting,
            ) -> Result<(), A::Error> {
                match name {
                    $($name => self.$field = $crate::event::object::Field::read(map, nesting)?,)*
                    _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                }
                Ok(())
            }
        }
    )*};
}
pub(super) use objects;

/// An object of which some fields are read.
pub(super) trait Object<'a>: Default {
    /// Reads the value of the field of this name, or skips it.
    fn take<A: MapAccess<'a>>(
        &mut self,
        name: &str,
        map: &mut A,
        nesting: Nesting,
    ) -> Result<(), A::Error>;
}

/// What becomes of a field that should hold an object and holds something else.
#[derive(Clone, Copy)]
pub(super) enum Nesting {
    /// It is an error. Everything is read in one pass.
    Strict,
    /// It counts as an object without fields. Each level is a pass of its own.
    Lenient,
}

/// What a field can be read as.
pub(super) trait Field<'a>: Sized {
    fn read<A: MapAccess<'a>>(map: &mut A, nesting: Nesting) -> Result<Option<Self>, A::Error>;
}

impl<'a> Field<'a> for &'a RawValue {
    fn read<A: MapAccess<'a>>(map: &mut A, _: Nesting) -> Result<Option<Self>, A::Error> {
        let value: &RawValue = map.next_value()?;
        Ok((value.get() != "null").then_some(value))
    }
}

impl<'a, T: Object<'a>> Field<'a> for T {
    fn read<A: MapAccess<'a>>(map: &mut A, nesting: Nesting) -> Result<Option<Self>, A::Error> {
        match nesting {
            Nesting::Strict => map.next_value_seed(Reader::new(nesting)).map(Some),
            Nesting::Lenient => {
                let value = <&RawValue>::read(map, nesting)?;
                Ok(value.map(|value| whole(value.get(), nesting).unwrap_or_default()))
            }
        }
    }
}

/// The object that `text` holds.
pub(super) fn object<'a, T: Object<'a>>(text: &'a str) -> serde_json::Result<T> {
    whole(text, Nesting::Strict).or_else(|_| whole(text, Nesting::Lenient))
}

fn whole<'a, T: Object<'a>>(text: &'a str, nesting: Nesting) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let object = Reader::new(nesting).deserialize(&mut reader)?;
    reader.end()?;
    Ok(object)
}

/// The object at the beginning of `text`, and how long it is, if nothing about it is odd.
pub(super) fn leading_object<'a, T: Object<'a>>(text: &'a str) -> Option<(T, usize)> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let object = Reader::new(Nesting::Strict).deserialize(&mut reader).ok()?;
    Some((object, reader.into_iter::<IgnoredAny>().byte_offset()))
}

struct Reader<T> {
    nesting: Nesting,
    object: PhantomData<T>,
}

impl<T> Reader<T> {
    fn new(nesting: Nesting) -> Self {
        Self {
            nesting,
            object: PhantomData,
        }
    }
}

impl<'de, T: Object<'de>> DeserializeSeed<'de> for Reader<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<T, D::Error> {
        value.deserialize_map(self)
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut object = T::default();
        while let Some(Name(name)) = map.next_key()? {
            object.take(&name, &mut map, self.nesting)?;
        }
        Ok(object)
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
