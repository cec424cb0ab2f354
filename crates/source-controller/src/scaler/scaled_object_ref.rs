//! Parses KEDA's `ScaledObjectRef`: the source and the threshold in a trigger's metadata.

use source_api::Autoscaling;
use tonic::Status;

use super::wire::ScaledObjectRef;

/// The entry of a trigger's metadata that names the source.
pub(crate) const SOURCE: &str = "source";
/// The entry with the number of messages per pod.
pub(crate) const LAG_THRESHOLD: &str = "lagThreshold";
/// An entry that could only name another namespace.
const NAMESPACE: &str = "namespace";

/// The source of a trigger. Both are valid names of Kubernetes, so they cannot lead to another path
/// of the API server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceName {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl TryFrom<&ScaledObjectRef> for SourceName {
    type Error = Status;

    fn try_from(object: &ScaledObjectRef) -> Result<Self, Status> {
        let metadata = &object.scaler_metadata;
        let namespace = &object.namespace;
        if metadata.get(NAMESPACE).is_some_and(|it| it != namespace) {
            return Err(Status::permission_denied(
                "a ScaledObject may query only sources of its own namespace",
            ));
        }
        let name = metadata.get(SOURCE).map_or("", String::as_str);
        let is_source = is_name(name, 253, true) && is_name(namespace, 63, false);
        if is_source {
            Ok(Self {
                namespace: namespace.clone(),
                name: name.to_owned(),
            })
        } else {
            Err(Status::invalid_argument(format!(
                "the trigger's metadata must have `{SOURCE}`, the name of an MnsOssSource in the namespace of the \
                 ScaledObject"
            )))
        }
    }
}

/// The number of messages per pod.
pub(super) fn lag_threshold(object: &ScaledObjectRef) -> Result<i32, Status> {
    let range = Autoscaling::LAG_THRESHOLDS;
    let Some(text) = object.scaler_metadata.get(LAG_THRESHOLD) else {
        return Ok(Autoscaling::LAG_THRESHOLD);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        Status::invalid_argument(format!(
            "`{LAG_THRESHOLD}` in the trigger's metadata must be a whole number from {} to {}",
            range.start(),
            range.end()
        ))
    })
}

/// Whether a text is a valid name of an object (RFC 1123), with or without dots.
fn is_name(text: &str, max_bytes: usize, has_dots: bool) -> bool {
    let is_inner = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || byte == b'-'
            || has_dots && byte == b'.'
    };
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-');
    text.len() <= max_bytes && text.bytes().all(is_inner) && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn scaled_object_ref(namespace: &str, metadata: &[(&str, &str)]) -> ScaledObjectRef {
        let metadata = metadata.iter();
        ScaledObjectRef {
            name: "anything".to_owned(),
            namespace: namespace.to_owned(),
            scaler_metadata: metadata
                .map(|&(name, text)| (name.to_owned(), text.to_owned()))
                .collect(),
        }
    }

    #[test]
    fn only_names_of_sources_in_its_own_namespace_are_accepted() {
        let long = "a".repeat(254);
        let source = |name| vec![(SOURCE, name)];
        let table = [
            ("shop", source("photos"), Ok(())),
            ("shop", source("photos.v2"), Ok(())),
            (
                "shop",
                vec![(SOURCE, "photos"), (NAMESPACE, "shop")],
                Ok(()),
            ),
            (
                "shop",
                vec![(SOURCE, "photos"), (NAMESPACE, "bakery")],
                Err(Code::PermissionDenied),
            ),
            ("shop", vec![], Err(Code::InvalidArgument)),
            ("", source("photos"), Err(Code::InvalidArgument)),
            (
                "shop/../bakery",
                source("photos"),
                Err(Code::InvalidArgument),
            ),
            (
                "shop",
                source("../secrets/photos"),
                Err(Code::InvalidArgument),
            ),
            ("shop", source(".."), Err(Code::InvalidArgument)),
            ("shop", source(&long), Err(Code::InvalidArgument)),
        ];
        for (namespace, metadata, expected) in table {
            let source = SourceName::try_from(&scaled_object_ref(namespace, &metadata));
            let code = source.map(drop).map_err(|status| status.code());
            assert_eq!(code, expected, "{namespace} {metadata:?}");
        }
    }

    #[test]
    fn threshold_is_a_positive_number_or_the_default() {
        let threshold = |text| {
            let status = lag_threshold(&scaled_object_ref("shop", &[(LAG_THRESHOLD, text)]));
            status.map_err(|status| status.code())
        };
        assert_eq!(threshold("8"), Ok(8));
        for text in ["0", "-1", "many", "1000001", ""] {
            assert_eq!(threshold(text), Err(Code::InvalidArgument), "{text}");
        }
        let default = lag_threshold(&scaled_object_ref("shop", &[])).unwrap();
        assert_eq!(default, Autoscaling::LAG_THRESHOLD);
    }
}
