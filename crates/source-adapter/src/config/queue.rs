//! Where events come from.

use std::path::PathBuf;

use mns::{Endpoint, QueueName};
use service::settings::Expected;

/// Where events come from.
#[derive(Clone, Debug, clap::Args)]
pub struct QueueConfig {
    /// Endpoint of MNS [default: the Secret's `url`].
    #[arg(long = "mns-endpoint", env = "MNS_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub endpoint: Option<Endpoint>,
    /// The queue to receive from.
    #[arg(id = "mns-queue", long, env = "MNS_QUEUE", value_name = "NAME", value_parser = queue_name)]
    pub name: QueueName,
    /// A mounted Secret: a file with `{"url","accessKeyId","accessKeySecret"}`, or its directory.
    #[arg(long, env = "MNS_ACCESS_TOKEN_FILE", value_name = "PATH")]
    pub access_token_file: Option<PathBuf>,
}

fn endpoint(text: &str) -> Result<Endpoint, Expected> {
    let expected = "a URL such as `https://<account>.mns.<region>.aliyuncs.com`";
    text.parse().map_err(|_| Expected(expected.to_owned()))
}

fn queue_name(text: &str) -> Result<QueueName, Expected> {
    let expected = "the name of an MNS queue, in letters, digits and `-`";
    text.parse().map_err(|_| Expected(expected.to_owned()))
}
