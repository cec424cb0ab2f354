//! Documents of requests. They are two levels deep, so they are written out by hand.

use std::fmt::Write as _;

use quick_xml::escape::partial_escape;

use crate::names::{ETag, ObjectKey};

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// Asks to delete these objects and to report those that were: how the quiet form reports
/// those that were not is documented nowhere.
pub(crate) fn delete(keys: &[ObjectKey]) -> String {
    let mut xml = format!("{DECLARATION}<Delete><Quiet>false</Quiet>");
    for key in keys {
        // Writing to a string cannot fail.
        let _ = write!(
            xml,
            "<Object><Key>{}</Key></Object>",
            partial_escape(key.as_str())
        );
    }
    xml + "</Delete>"
}

/// Lists the parts of an upload, in order.
pub(crate) fn complete_multipart_upload<'a>(
    parts: impl IntoIterator<Item = (u32, &'a ETag)>,
) -> String {
    let mut xml = format!("{DECLARATION}<CompleteMultipartUpload>");
    for (number, etag) in parts {
        let etag = etag.quoted();
        let etag = partial_escape(&etag);
        // Writing to a string cannot fail.
        let _ = write!(
            xml,
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        );
    }
    xml + "</CompleteMultipartUpload>"
}
