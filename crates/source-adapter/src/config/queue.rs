//! Where events come from.

use std::path::PathBuf;

use mns::{Endpoint, QueueName};
use service::findings::{Findings, present_path};

use crate::args::QueueArgs;

/// Where events come from.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// Where MNS is; the mounted Secret says it if this does not.
    pub endpoint: Option<Endpoint>,
    /// The queue.
    pub name: QueueName,
    /// The mounted Secret.
    pub access_token_file: Option<PathBuf>,
}

impl QueueConfig {
    pub(super) fn check(found: &mut Findings, args: QueueArgs) -> Option<Self> {
        let QueueArgs {
            mns_endpoint,
            mns_queue,
            access_token_file,
        } = args;
        let url = "a URL such as `https://<account>.mns.<region>.aliyuncs.com`";
        let endpoint = found.optional("MNS_ENDPOINT", mns_endpoint.as_deref(), url, |text| {
            text.parse().ok()
        });
        let rule = "the name of an MNS queue, in letters, digits and `-`";
        let name = found.required("MNS_QUEUE", mns_queue.as_deref(), rule, |text| {
            QueueName::try_new(text).ok()
        });
        Some(Self {
            endpoint,
            name: name?,
            access_token_file: present_path(access_token_file),
        })
    }
}
