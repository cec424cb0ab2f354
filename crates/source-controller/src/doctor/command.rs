//! `source-controller doctor`: checks a source of the controller's cluster.

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use clap::Parser;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use oss::Addressing;
use service::settings::endpoint_url;
use source_api::{ConditionStatus, MnsOssSource, READY};
use url::Url;

use crate::args::EndpointArgs;

use super::{CheckResult, DoctorReport, EndpointOverrides, NO_SECRET, examine, examine_scaling};

/// Checks a source, from its bucket to its queue and its adapter, and says what to do.
///
/// Uploads an empty object to the bucket, and removes it.
#[derive(Clone, Debug, Parser)]
#[command(name = "doctor", max_term_width = 100)]
pub struct DoctorArgs {
    /// The source, as `NAMESPACE/NAME`.
    #[arg(value_name = "SOURCE", value_parser = source_name)]
    pub source: (String, String),
    /// Bucket to check, for a source that has no `eventRule`.
    #[arg(long, value_name = "NAME")]
    pub bucket: Option<String>,
    /// Endpoint of OSS [default: the region's].
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    pub oss_endpoint: Option<Url>,
    /// How the bucket is put into that endpoint: `virtual`, `path` or `cname`.
    #[arg(long, value_name = "FORM", default_value = "virtual")]
    pub oss_addressing: Addressing,
    /// Endpoints of the cloud.
    #[command(flatten)]
    pub endpoints: EndpointArgs,
}

fn source_name(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => Err("it must be `NAMESPACE/NAME`".to_owned()),
    }
}

impl DoctorArgs {
    /// Prints the table.
    ///
    /// # Errors
    /// When a check failed, or the API server does not respond.
    pub async fn run(self) -> anyhow::Result<()> {
        let client = Client::try_default().await;
        let client = client.context("no kubeconfig and no in-cluster configuration")?;
        let report = self.examine(client).await?;
        // A closed pipe is no error.
        let _ = write!(std::io::stdout(), "{report}");
        ensure!(
            !report.has_failures(),
            "some checks failed, see the lines marked `to do`"
        );
        Ok(())
    }

    /// Checks the source.
    ///
    /// # Errors
    /// When the API server does not respond, or there is no such source.
    pub async fn examine(&self, client: Client) -> anyhow::Result<DoctorReport> {
        let (namespace, name) = &self.source;
        let sources: Api<MnsOssSource> = Api::namespaced(client.clone(), namespace);
        let source = sources
            .get_opt(name)
            .await
            .context("cannot read the source")?;
        let source = source.with_context(|| format!("there is no source `{namespace}/{name}`"))?;
        let mut report = DoctorReport::default();
        report.add("source", readiness(&source));
        let scaling = examine_scaling(&client, &source).await;
        report.add("scaling", scaling.context("cannot look for KEDA")?);
        let Some(token) = &source.spec.access_token else {
            report.add("credentials", CheckResult::Skipped(NO_SECRET.to_owned()));
            return Ok(report);
        };
        let reference = &token.secret_key_ref;
        let secrets: Api<Secret> = Api::namespaced(client, namespace);
        let secret = secrets.get_opt(&reference.name).await;
        let secret = secret.context("cannot read the Secret")?;
        let data = secret.and_then(|secret| secret.data);
        let Some(document) = data.and_then(|mut data| data.remove(&reference.key)) else {
            let text = format!(
                "there is no Secret `{}` with the key `{}`: create it",
                reference.name, reference.key
            );
            report.add("credentials", CheckResult::Failed(text));
            return Ok(report);
        };
        let overrides = EndpointOverrides {
            bucket: self.bucket.clone(),
            open_api: self.endpoints.mns_open_endpoint.clone(),
            oss: self.oss_endpoint.clone(),
            addressing: self.oss_addressing,
            private: self.endpoints.allow_private_endpoints.clone(),
        };
        report
            .0
            .extend(examine(&source, &document.0, &overrides).await?.0);
        Ok(report)
    }
}

/// The condition that summarizes all others.
fn readiness(source: &MnsOssSource) -> CheckResult {
    let conditions = source.status.iter().flat_map(|status| &status.conditions);
    let ready = conditions.into_iter().find(|it| it.type_ == READY);
    let Some(ready) = ready else {
        let text = "it has no status: check that the controller runs and watches its namespace";
        return CheckResult::Failed(text.to_owned());
    };
    if ready.status == ConditionStatus::True {
        return CheckResult::Passed("it is ready, and so is its adapter".to_owned());
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    CheckResult::Failed(format!(
        "it is not ready: {} {}",
        text(&ready.reason),
        text(&ready.message)
    ))
}
