//! Encryption by the service, as a writer asks for it. Nothing is encrypted here: what was asked
//! for is checked, kept and shown.

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::error::{OssError, Result};
use super::xml::Xml;

const ALGORITHM: &str = "x-oss-server-side-encryption";
const KEY_ID: &str = "x-oss-server-side-encryption-key-id";
const DATA_ALGORITHM: &str = "x-oss-server-side-data-encryption";
const SM4: &str = "SM4";
/// The key that the service takes when it is told none.
const SERVICE_KEY: &str = "00000000-0000-4000-8000-000000000000";

/// How the service is to encrypt an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Encryption {
    /// By keys of OSS.
    Aes256,
    /// The same by another algorithm.
    Sm4,
    /// By keys of KMS.
    Kms {
        /// The key.
        key_id: String,
        /// Whether the data is encrypted by SM4 instead of AES256.
        sm4: bool,
    },
}

impl Encryption {
    /// Reads what request headers or form fields ask for; `find` gives one by lower-case name.
    ///
    /// # Errors
    /// `InvalidEncryptionAlgorithmError` for an algorithm that is none, `InvalidArgument` for a
    /// detail that the algorithm does not have.
    pub(crate) fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Option<Self>> {
        let (key_id, data) = (find(KEY_ID), find(DATA_ALGORITHM));
        if data.is_some_and(|data| data != SM4) {
            return Err(invalid_algorithm());
        }
        let encryption = match find(ALGORITHM) {
            Some("KMS") => {
                return Ok(Some(Self::Kms {
                    key_id: key_id.unwrap_or(SERVICE_KEY).to_owned(),
                    sm4: data.is_some(),
                }));
            }
            Some("AES256") => Some(Self::Aes256),
            Some(SM4) => Some(Self::Sm4),
            Some(_) => return Err(invalid_algorithm()),
            None => None,
        };
        match (key_id, data) {
            (Some(key_id), _) => Err(OssError::invalid_argument(KEY_ID, key_id)),
            (None, Some(data)) => Err(OssError::invalid_argument(DATA_ALGORITHM, data)),
            (None, None) => Ok(encryption),
        }
    }

    /// Adds the rule of a bucket to a document about it.
    pub(crate) fn describe(rule: Option<&Self>, xml: &mut Xml) {
        let Some(rule) = rule else {
            xml.text("SSEAlgorithm", "None");
            return;
        };
        let (algorithm, key_id, data) = rule.parts();
        xml.text("SSEAlgorithm", algorithm);
        for (name, text) in [("KMSMasterKeyID", key_id), ("KMSDataEncryption", data)] {
            if let Some(text) = text {
                xml.text(name, text);
            }
        }
    }

    /// Algorithm, key and algorithm of the data.
    fn parts(&self) -> (&'static str, Option<&str>, Option<&'static str>) {
        match self {
            Self::Aes256 => ("AES256", None, None),
            Self::Sm4 => (SM4, None, None),
            Self::Kms { key_id, sm4 } => ("KMS", Some(key_id), sm4.then_some(SM4)),
        }
    }

    /// The headers of an answer about the object.
    pub(crate) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let (algorithm, key_id, data) = self.parts();
        let pairs = [
            (ALGORITHM, Some(algorithm)),
            (KEY_ID, key_id),
            (DATA_ALGORITHM, data),
        ];
        // All came as headers, or as form fields checked to be fit for one.
        pairs
            .into_iter()
            .filter_map(|(name, text)| {
                let value = HeaderValue::try_from(text?).ok()?;
                Some((HeaderName::from_static(name), value))
            })
            .collect()
    }
}

fn invalid_algorithm() -> OssError {
    let message = "The encryption request you specified is not valid. Supported values: AES256, \
                   KMS and SM4.";
    OssError::bad("InvalidEncryptionAlgorithmError", message)
}
