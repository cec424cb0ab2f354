//! `source-controller doctor`: examines a source of the cluster that the controller works for.

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

use super::{Findings, NO_SECRET, Places, Verdict, examine, examine_scaling};

/// Examines a source, from its bucket to its queue and its adapter, and says what to do.
///
/// Uploads an empty object to the bucket, and removes it.
#[derive(Clone, Debug, Parser)]
#[command(name = "doctor", max_term_width = 100)]
pub struct DoctorArgs {
    /// The source, as `NAMESPACE/NAME`.
    #[arg(value_name = "SOURCE", value_parser = source_name)]
    pub source: (String, String),
    /// Bucket to look at, for a source that has no `eventRule`.
    #[arg(long, value_name = "NAME")]
    pub bucket: Option<String>,
    /// Endpoint of OSS [default: the region's].
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    pub oss_endpoint: Option<Url>,
    /// How the bucket is put into that endpoint: `virtual`, `path` or `cname`.
    #[arg(long, value_name = "FORM", default_value = "virtual")]
    pub oss_addressing: Addressing,
    /// Which endpoints of the cloud are called.
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
    /// When something is to be done, or the cluster does not answer.
    pub async fn run(self) -> anyhow::Result<()> {
        let client = Client::try_default().await;
        let client = client.context("cannot tell which cluster to look at")?;
        let findings = self.examine(client).await?;
        // Whoever stops reading has seen enough.
        let _ = write!(std::io::stdout(), "{findings}");
        ensure!(findings.is_fine(), "something is to be done");
        Ok(())
    }

    /// Examines the source.
    ///
    /// # Errors
    /// When the cluster does not answer, or there is no such source.
    pub async fn examine(&self, client: Client) -> anyhow::Result<Findings> {
        let (namespace, name) = &self.source;
        let sources: Api<MnsOssSource> = Api::namespaced(client.clone(), namespace);
        let source = sources
            .get_opt(name)
            .await
            .context("cannot read the source")?;
        let source = source.with_context(|| format!("there is no source `{namespace}/{name}`"))?;
        let mut findings = Findings::default();
        findings.add("source", readiness(&source));
        let scaling = examine_scaling(&client, &source).await;
        findings.add("scaling", scaling.context("cannot look for KEDA")?);
        let Some(token) = &source.spec.access_token else {
            findings.add("credentials", Verdict::Skipped(NO_SECRET.to_owned()));
            return Ok(findings);
        };
        let reference = &token.secret_key_ref;
        let secrets: Api<Secret> = Api::namespaced(client, namespace);
        let secret = secrets.get_opt(&reference.name).await;
        let secret = secret.context("cannot read the Secret")?;
        let data = secret.and_then(|secret| secret.data);
        let Some(document) = data.and_then(|mut data| data.remove(&reference.key)) else {
            let text = format!(
                "there is no Secret `{}` with the key `{}`: make it",
                reference.name, reference.key
            );
            findings.add("credentials", Verdict::Wrong(text));
            return Ok(findings);
        };
        let places = Places {
            bucket: self.bucket.clone(),
            open_api: self.endpoints.mns_open_endpoint.clone(),
            oss: self.oss_endpoint.clone(),
            addressing: self.oss_addressing,
            private: self.endpoints.allow_private_endpoints.clone(),
        };
        findings
            .0
            .extend(examine(&source, &document.0, &places).await?.0);
        Ok(findings)
    }
}

/// The condition that sums up all others.
fn readiness(source: &MnsOssSource) -> Verdict {
    let conditions = source.status.iter().flat_map(|status| &status.conditions);
    let ready = conditions.into_iter().find(|it| it.type_ == READY);
    let Some(ready) = ready else {
        let text = "it has no status: see whether the controller runs and keeps its namespace";
        return Verdict::Wrong(text.to_owned());
    };
    if ready.status == ConditionStatus::True {
        return Verdict::Fine("it is ready, and so is its adapter".to_owned());
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Verdict::Wrong(format!(
        "it is not ready: {} {}",
        text(&ready.reason),
        text(&ready.message)
    ))
}
