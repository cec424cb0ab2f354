//! A sink, parsed: exactly the forms that can be resolved.

use thiserror::Error;
use url::Url;

use crate::destination::{DestinationSpec, ObjectReference, SinkSpec};

/// A receiver of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    /// What it is.
    pub target: Target,
    /// CA certificates in PEM that the user gave.
    pub ca_certs: Option<String>,
    /// The OIDC audience that the user gave.
    pub audience: Option<String>,
}

/// The target of a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An object whose address must be looked up.
    Object {
        /// The object.
        reference: ObjectReference,
        /// A relative reference to resolve against the address.
        path: Option<String>,
        /// Whether the older form was used. Knative creates no `EventType` for such a source.
        is_legacy: bool,
    },
    /// A URL.
    Url(Url),
}

/// Why a sink is invalid. Permanent: the user must change it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Nothing is given.
    #[error("neither `ref` nor `uri` is given")]
    Empty,
    /// Both forms are given.
    #[error("an object is given both under `ref` and beside it")]
    Twice,
    /// The older form lacks a field.
    #[error(
        "without `ref`, an object needs `apiVersion`, `kind` and `name`, and `{missing}` is missing"
    )]
    Incomplete {
        /// The first field that is missing.
        missing: &'static str,
    },
    /// A URL that stands alone must say where to connect.
    #[error("`{uri}` is not an absolute http or https URL")]
    NotAbsolute {
        /// As given.
        uri: String,
    },
    /// A URL beside an object must not lead elsewhere.
    #[error("`{uri}` stands beside an object and is not relative to it")]
    NotRelative {
        /// As given.
        uri: String,
    },
}

impl Sink {
    /// The URL that events go to, once an object's address is known.
    ///
    /// A path replaces the address's path, as RFC 3986 has it.
    ///
    /// # Errors
    /// Permanent: the path does not fit the address.
    pub fn resolve(&self, address: &Url) -> Result<Url, SinkError> {
        match &self.target {
            Target::Url(url) => Ok(url.clone()),
            Target::Object { path: None, .. } => Ok(address.clone()),
            Target::Object {
                path: Some(path), ..
            } => join(address, path),
        }
    }

    /// The object whose address must be looked up.
    #[must_use]
    pub fn reference(&self) -> Option<&ObjectReference> {
        match &self.target {
            Target::Object { reference, .. } => Some(reference),
            Target::Url(_) => None,
        }
    }
}

impl TryFrom<&SinkSpec> for Sink {
    type Error = SinkError;

    fn try_from(spec: &SinkSpec) -> Result<Self, SinkError> {
        let inline = inline_reference(spec)?;
        let is_legacy = inline.is_some();
        let reference = match (spec.reference.clone(), inline) {
            (Some(_), Some(_)) => return Err(SinkError::Twice),
            (reference, inline) => reference.or(inline),
        };
        Ok(Self {
            target: target(reference, spec.uri.as_deref(), is_legacy)?,
            ca_certs: spec.ca_certs.clone(),
            audience: spec.audience.clone(),
        })
    }
}

impl TryFrom<&DestinationSpec> for Sink {
    type Error = SinkError;

    fn try_from(spec: &DestinationSpec) -> Result<Self, SinkError> {
        Ok(Self {
            target: target(spec.reference.clone(), spec.uri.as_deref(), false)?,
            ca_certs: spec.ca_certs.clone(),
            audience: spec.audience.clone(),
        })
    }
}

/// The object that the older form names, if any of its fields is there.
fn inline_reference(spec: &SinkSpec) -> Result<Option<ObjectReference>, SinkError> {
    let SinkSpec {
        api_version,
        kind,
        name,
        namespace,
        ..
    } = spec;
    if [api_version, kind, name, namespace]
        .iter()
        .all(|field| field.is_none())
    {
        return Ok(None);
    }
    let field =
        |value: &Option<String>, missing| value.clone().ok_or(SinkError::Incomplete { missing });
    Ok(Some(ObjectReference {
        api_version: field(api_version, "apiVersion")?,
        kind: field(kind, "kind")?,
        name: field(name, "name")?,
        namespace: namespace.clone(),
        address: None,
    }))
}

fn target(
    reference: Option<ObjectReference>,
    uri: Option<&str>,
    is_legacy: bool,
) -> Result<Target, SinkError> {
    match (reference, uri) {
        (None, None) => Err(SinkError::Empty),
        (None, Some(uri)) => absolute(uri).map(Target::Url),
        (Some(reference), uri) => {
            if let Some(uri) = uri {
                join(&any_address()?, uri)?;
            }
            Ok(Target::Object {
                reference,
                path: uri.map(str::to_owned),
                is_legacy,
            })
        }
    }
}

fn absolute(uri: &str) -> Result<Url, SinkError> {
    Url::parse(uri)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| SinkError::NotAbsolute {
            uri: uri.to_owned(),
        })
}

/// Stands in for an address that is not known yet.
fn any_address() -> Result<Url, SinkError> {
    absolute("http://sink.invalid/")
}

/// Resolves a relative reference, and refuses one that leads to another place.
fn join(address: &Url, path: &str) -> Result<Url, SinkError> {
    address
        .join(path)
        .ok()
        .filter(|url| Url::parse(path).is_err() && url.origin() == address.origin())
        .ok_or_else(|| SinkError::NotRelative {
            uri: path.to_owned(),
        })
}
