//! The fields of an upload form, and its file, which must come last.

mod pieces;

use std::error::Error;

use axum::body::Body;
use bytes::Bytes;
use multer::{Field, Multipart};

use self::pieces::{Futile, Pieces, Progress};
use crate::blobs::{Blobs, StoredBlob};
use crate::oss::address::{self, MAX_KEY_BYTES};
use crate::oss::error::{OssError, Result};
use crate::oss::incoming::{self, Incoming};
use crate::oss::request::OssRequest;

/// Longest value of a field other than the file, in bytes.
const MAX_VALUE_BYTES: u64 = 2 * 1024 * 1024;
/// More than any form needs; both bound what a form can make us remember.
const MAX_FIELDS: usize = 256;
const MAX_FIELDS_BYTES: usize = 8 * 1024 * 1024;
const FILE: &str = "file";
/// Stands in `key` for the file's name.
const FILENAME: &str = "${filename}";

/// Names in lower case and values, in the order of the form.
pub(crate) type Fields = Vec<(String, String)>;

/// A form that is being read.
pub(super) struct Form<'a> {
    multipart: Multipart<'a>,
    progress: Progress,
    fields: Fields,
    file: Option<Field<'a>>,
}

impl Form<'_> {
    /// Begins to read the body as a form.
    ///
    /// # Errors
    /// `RequestIsNotMultiPartContent`, `EntityTooLarge`.
    pub(super) fn begin(request: &OssRequest, body: &mut Incoming) -> Result<Self> {
        body.refuse_announced(MAX_FIELDS_BYTES as u64)?;
        let content_type = request.header("content-type")?.unwrap_or_default();
        Self::of(content_type, body.take())
    }

    fn of(content_type: &str, body: Body) -> Result<Self> {
        let boundary = multer::parse_boundary(content_type).map_err(|_| {
            let message = "Bucket POST must be of the enclosure-type multipart/form-data.";
            OssError::bad("RequestIsNotMultiPartContent", message)
        })?;
        let progress = Progress::default();
        Ok(Self {
            multipart: Multipart::new(Pieces::of(body, progress.clone()), boundary),
            progress,
            fields: Vec::new(),
            file: None,
        })
    }

    /// Reads up to the file.
    ///
    /// # Errors
    /// `MalformedPOSTRequest`, `FieldItemTooLong`, `IncorrectNumberOfFilesInPOSTRequest`.
    pub(super) async fn read_fields(&mut self) -> Result<()> {
        let mut bytes = 0;
        while let Some(mut field) = self.multipart.next_field().await? {
            self.progress.made();
            let name = field.name().unwrap_or_default().to_ascii_lowercase();
            if name == FILE {
                self.file = Some(field);
                return Ok(());
            }
            let value = read_value(&mut field, &self.progress).await?;
            bytes += name.len() + value.len();
            if self.fields.len() == MAX_FIELDS || bytes > MAX_FIELDS_BYTES {
                return Err(malformed("too many fields"));
            }
            self.fields.push((name, value));
        }
        let message = "POST requires exactly one file upload per request.";
        Err(OssError::bad(
            "IncorrectNumberOfFilesInPOSTRequest",
            message,
        ))
    }

    /// All fields before the file, in order, names in lower case.
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The value of a field; `name` in lower case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// The key to store the file under.
    ///
    /// # Errors
    /// `InvalidArgument` when there is none, `InvalidObjectName` when it is much too long.
    pub(super) fn key(&self) -> Result<String> {
        let key = self
            .get("key")
            .ok_or_else(|| OssError::invalid_argument("key", ""))?;
        let filename = self
            .file
            .as_ref()
            .and_then(Field::file_name)
            .unwrap_or_default();
        // The name may stand in the key many times.
        if key.len().max(filename.len()) > 2 * MAX_KEY_BYTES {
            return Err(address::invalid_key(key));
        }
        Ok(key.replace(FILENAME, filename))
    }

    /// Properties of the object that the form states. The type is the form's, else the file's own.
    pub(super) fn described(&self) -> Vec<(&str, &str)> {
        let mut pairs = Vec::new();
        let own_type = self.file.as_ref().and_then(Field::content_type);
        pairs.extend(own_type.map(|own| ("content-type", own.as_ref())));
        pairs.extend(
            self.fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        pairs.extend(
            self.get("x-oss-content-type")
                .map(|given| ("content-type", given)),
        );
        pairs
    }

    /// Keeps the file. What follows it is ignored.
    ///
    /// # Errors
    /// `EntityTooLarge`, `IncompleteBody`.
    pub(super) async fn keep_file(&mut self, blobs: &Blobs, limit: u64) -> Result<StoredBlob> {
        let mut writer = blobs.writer().await?;
        if let Some(file) = &mut self.file {
            while let Some(chunk) = file.chunk().await? {
                self.progress.made();
                check_length(writer.length(), &chunk, limit)?;
                writer.write(chunk).await?;
            }
        }
        Ok(writer.finish().await?)
    }
}

/// Reads a form to the end of its file: the fields before it, and its length. `None` if it is
/// refused.
pub(crate) async fn read(content_type: &str, body: Body) -> Option<(Fields, u64)> {
    let mut form = Form::of(content_type, body).ok()?;
    form.read_fields().await.ok()?;
    let mut length = 0;
    if let Some(file) = &mut form.file {
        while let Some(chunk) = file.chunk().await.ok()? {
            form.progress.made();
            length += chunk.len() as u64;
        }
    }
    Some((form.fields, length))
}

/// The answer to a body that ends early, or that leads to nothing.
pub(super) fn unreadable(cause: &(dyn Error + 'static)) -> OssError {
    cause
        .downcast_ref::<Futile>()
        .map_or_else(incoming::incomplete, |futile| {
            malformed(&futile.to_string())
        })
}

/// The answer to a form that cannot be read.
pub(super) fn malformed(why: &str) -> OssError {
    let message = "The body of your POST request is not well-formed multipart/form-data.";
    OssError::bad("MalformedPOSTRequest", message).with("Reason", why)
}

async fn read_value(field: &mut Field<'_>, progress: &Progress) -> Result<String> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        progress.made();
        if value.len() as u64 + chunk.len() as u64 > MAX_VALUE_BYTES {
            return Err(OssError::bad(
                "FieldItemTooLong",
                "Your form field is too long.",
            ));
        }
        value.extend_from_slice(&chunk);
    }
    String::from_utf8(value).map_err(|_| malformed("a field is not UTF-8"))
}

fn check_length(so_far: u64, chunk: &Bytes, limit: u64) -> Result<()> {
    if so_far + chunk.len() as u64 > limit {
        Err(OssError::too_large(limit))
    } else {
        Ok(())
    }
}
