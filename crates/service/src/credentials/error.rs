//! Why there are no credentials. No text here quotes what was read.

use std::io;
use std::path::PathBuf;

use http::StatusCode;
use thiserror::Error;
use transport::{Disposition, TransportError};

/// Why there are no credentials, or no new ones.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Nothing was configured.
    #[error(
        "no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, \
         or {file_option} to a mounted Secret, or ALIBABA_CLOUD_ROLE_ARN, \
         ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE for RRSA, \
         or ALIBABA_CLOUD_ECS_METADATA to the role of this machine"
    )]
    NoSource {
        /// The option for a file.
        file_option: &'static str,
    },
    /// The environment has an incomplete key pair.
    #[error(transparent)]
    Variables(signing::CredentialsError),
    /// The environment has only some of the variables for a role.
    #[error("variable `{missing}` is missing although `{present}` is set")]
    IncompleteRole {
        /// The variable to set.
        missing: &'static str,
        /// The variable that shows the intent.
        present: &'static str,
    },
    /// The address that issues keys is invalid. It may be a secret, so it is not repeated.
    #[error("variable `{variable}` is not an http or https URL")]
    Uri {
        /// The variable.
        variable: &'static str,
    },
    /// A variable leads to no host of STS.
    #[error(
        "variable `{variable}` leads to no host of STS: give a host such as \
         `sts-vpc.cn-shanghai.aliyuncs.com`, an http or https URL without a path, or a region \
         such as `cn-shanghai`"
    )]
    StsEndpoint {
        /// The variable.
        variable: &'static str,
    },
    /// A mounted file cannot be read.
    #[error("cannot read `{}`: check that the {} is mounted there", path.display(), mounted)]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What should be mounted there.
        mounted: &'static str,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A mounted file does not hold credentials.
    #[error("`{}` does not hold credentials", path.display())]
    Content {
        /// The file or directory.
        path: PathBuf,
        /// Where the fault is.
        #[source]
        source: signing::CredentialsError,
    },
    /// A mounted directory holds neither one document nor the files of a key pair.
    #[error("`{}` holds neither one JSON document nor the files `accessKeyId` and `accessKeySecret`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The service that issues credentials did not answer.
    #[error("no credentials from {service}")]
    Unanswered {
        /// Name of the service.
        service: &'static str,
        /// The error of the call.
        #[source]
        source: TransportError,
    },
    /// The service answered with an error.
    #[error(
        "{service} refused with status {status}, code `{code}`{}",
        advice(code)
    )]
    Refused {
        /// Name of the service.
        service: &'static str,
        /// The status of the response.
        status: StatusCode,
        /// The service's own code; empty if it gave none.
        code: String,
    },
    /// The response has no credentials in it.
    #[error("the response of {service} holds no credentials")]
    InvalidResponse {
        /// Name of the service.
        service: &'static str,
    },
}

impl CredentialsError {
    /// What to do next.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::NoSource { .. }
            | Self::Variables(_)
            | Self::IncompleteRole { .. }
            | Self::Uri { .. }
            | Self::StsEndpoint { .. }
            | Self::Content { .. }
            | Self::Directory { .. } => Disposition::Permanent,
            Self::Refused { status, .. } if status.is_client_error() => Disposition::Permanent,
            // A Secret may be mounted later, and an invalid response may be a passing fault.
            Self::Unreadable { .. } | Self::Refused { .. } | Self::InvalidResponse { .. } => {
                Disposition::Retry
            }
            Self::Unanswered { source, .. } => source.disposition(),
        }
    }
}

/// What to do about a refusal of STS; empty where the code says it all.
fn advice(code: &str) -> &'static str {
    match code {
        "AuthenticationFail.NoPermission" => {
            ": check ALIBABA_CLOUD_OIDC_PROVIDER_ARN, and that the role's trust policy names this \
             provider and, as `oidc:sub`, this pod's service account"
        }
        "AuthenticationFail.OIDCToken.AudienceNotMatch" => {
            ": project the token for an audience that the OIDC provider has as a client id, \
             which is `sts.aliyuncs.com` in ACK"
        }
        "AuthenticationFail.OIDCToken.Expired" => {
            ": check that the file of ALIBABA_CLOUD_OIDC_TOKEN_FILE is a projected token, which \
             Kubernetes renews, and the clock of the node"
        }
        "AuthenticationFail.OIDCToken.InvalidSignature"
        | "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch" => {
            ": ALIBABA_CLOUD_OIDC_PROVIDER_ARN must be the provider of this cluster, and know its \
             keys of today"
        }
        "EntityNotExist.Role" => ": check ALIBABA_CLOUD_ROLE_ARN",
        _ => "",
    }
}
