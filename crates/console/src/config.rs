//! What the console was told to do, checked once. Every mistake is reported, each with what to
//! set.

mod access;
mod bucket;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use mns::QueueName;
use service::credentials::CredentialSource;
use service::findings::{Findings, http_url, present, present_path};
use url::Url;

use crate::Args;
use crate::args::{OperationArgs, QueueArgs};
pub use access::Access;
pub(crate) use access::Proof;
pub use bucket::BucketConfig;
pub use service::ConfigError;

/// Knative's default, when even Knative does not say.
const PORT: u16 = 8080;

/// Everything the console needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where photos and results are.
    pub bucket: BucketConfig,
    /// The queue between bucket and adapter.
    pub queue: QueueConfig,
    /// Who may use the page.
    pub access: Access,
    /// Where the console listens.
    pub operation: Operation,
    /// Where credentials come from.
    pub credentials: CredentialSource,
}

/// The queue between bucket and adapter.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// Where MNS is; the mounted Secret says it if this does not.
    pub endpoint: Option<Url>,
    /// The queue; none is shown without it.
    pub name: Option<QueueName>,
    /// The source that knows the queue, in a cluster.
    pub source: Option<String>,
}

/// Where the console listens.
#[derive(Clone, Debug)]
pub struct Operation {
    /// For page, events, health and metrics.
    pub listen: SocketAddr,
    /// Where to write the bound address.
    pub announce: Option<PathBuf>,
}

impl Config {
    /// Checks the arguments and, through `lookup`, the variables that hold credentials. An
    /// empty value counts as absent.
    ///
    /// # Errors
    /// Permanent; names every bad or missing setting and what it should be.
    pub fn from_args(
        args: Args,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let Args {
            bucket,
            queue,
            access,
            operation,
            telemetry: _,
        } = args;
        let mut found = Findings::default();
        let file = present_path(bucket.credentials_file.clone());
        let credentials = CredentialSource::from_vars(file, "CREDENTIALS_FILE", lookup)
            .map_err(|error| found.add(service::error_line(&error)))
            .ok();
        let bucket = BucketConfig::check(&mut found, &bucket);
        let queue = QueueConfig::check(&mut found, &queue);
        let access = Access::check(&mut found, access);
        let operation = Operation::check(&mut found, operation);
        let (Some(bucket), Some(access), Some(credentials)) = (bucket, access, credentials) else {
            return Err(found.into());
        };
        found.none()?;
        Ok(Self {
            bucket,
            queue,
            access,
            operation,
            credentials,
        })
    }
}

impl QueueConfig {
    fn check(found: &mut Findings, args: &QueueArgs) -> Self {
        let url = "a URL such as `https://<account>.mns.<region>.aliyuncs.com`";
        let endpoint = found.optional("MNS_ENDPOINT", args.mns_endpoint.as_deref(), url, http_url);
        let rule = "the name of an MNS queue, in letters, digits and `-`";
        let name = found.optional("MNS_QUEUE", args.mns_queue.as_deref(), rule, |text| {
            QueueName::try_new(text).ok()
        });
        let source = present(args.source.as_deref()).map(str::to_owned);
        Self {
            endpoint,
            name,
            source,
        }
    }
}

impl Operation {
    fn check(found: &mut Findings, args: OperationArgs) -> Self {
        let OperationArgs {
            listen,
            port,
            announce,
        } = args;
        let port = found.number("PORT", port.as_deref(), (0, u16::MAX));
        let listen = found.listen("LISTEN", listen.as_deref());
        let any = (Ipv4Addr::UNSPECIFIED, port.unwrap_or(PORT));
        Self {
            listen: listen.unwrap_or(any.into()),
            announce: present_path(announce),
        }
    }
}

#[cfg(test)]
mod tests;
