//! The multipart form of a PostObject upload.
//!
//! Written by hand because the transport sends whole bodies that it can send again. Values come
//! from a response of the service, so what would break out of its part is refused.

use bytes::Bytes;
use transport::BoxError;
use uuid::Uuid;

/// A form and the `Content-Type` that names its boundary.
pub(super) struct Form {
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

impl Form {
    /// The fields in this order and then the file, which must come last.
    pub(super) fn new(
        fields: &[(&str, &str)],
        file: &[u8],
        media_type: &str,
    ) -> Result<Self, BoxError> {
        let boundary = Uuid::new_v4().simple().to_string();
        let mut body = Vec::with_capacity(file.len() + 4096);
        for (name, value) in fields {
            if value.contains(['\r', '\n']) {
                return Err(format!("the form field `{name}` holds a line break").into());
            }
            let part = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo\"\r\n\
             Content-Type: {media_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Ok(Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            body: body.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_follows_the_fields() {
        let form = Form::new(
            &[("key", "a b"), ("policy", "e30=")],
            b"\x00\r\n",
            "image/png",
        );
        let form = form.unwrap();
        let (_, boundary) = form.content_type.split_once("boundary=").unwrap();
        let text = String::from_utf8(form.body.to_vec()).unwrap();
        insta::assert_debug_snapshot!(text.replace(boundary, "B").split("\r\n").collect::<Vec<_>>(), @r#"
        [
            "--B",
            "Content-Disposition: form-data; name=\"key\"",
            "",
            "a b",
            "--B",
            "Content-Disposition: form-data; name=\"policy\"",
            "",
            "e30=",
            "--B",
            "Content-Disposition: form-data; name=\"file\"; filename=\"photo\"",
            "Content-Type: image/png",
            "",
            "\0",
            "",
            "--B--",
            "",
        ]
        "#);
    }

    #[test]
    fn value_cannot_start_a_part_of_its_own() {
        let smuggled = "x\r\n--B\r\nContent-Disposition: form-data; name=\"key\"";
        assert!(Form::new(&[("policy", smuggled)], b"", "image/png").is_err());
    }
}
