//! The CORS rule that the console's page needs: the bucket must allow browsers to upload.

use anyhow::{Context as _, Result};
use k8s_openapi::ByteString;
use kube::api::DynamicObject;
use manifests::{CONSOLE, Config, SECRET, SECRET_KEY};
use oss::{Addressing, Bucket, Client, CorsRule, Endpoint, Region};
use serde_json::Value;
use service::ConnectOptions;
use signing::SecretDocument;
use testbed::console_rule;
use transport::Transport;
use url::Url;

use super::cluster::Cluster;
use super::identity::Identity;
use super::progress::Progress;

/// Prints the page's address, and adds its CORS rule to those of the bucket. A rule that cannot be
/// set is only reported: the page reports it as well.
///
/// # Errors
/// When the page's address cannot be read from the cluster.
pub(super) async fn open(cluster: &Cluster, config: &Config, progress: &Progress) -> Result<()> {
    if !config.console {
        return Ok(());
    }
    let origins = origins(cluster, config).await?;
    let rule = console_rule(origins);
    let (bucket, pages) = (&config.oss_bucket, rule.origins.join(" and "));
    progress.say(&format!("the console's page is at {pages}"));
    progress.say(&match allow(cluster, config, &rule).await {
        Ok(true) => format!("bucket `{bucket}` lets it upload: a CORS rule was added"),
        Ok(false) => format!("bucket `{bucket}` lets it upload already"),
        Err(error) => by_hand(bucket, &rule, &error),
    });
    Ok(())
}

pub(super) fn by_hand(bucket: &str, rule: &CorsRule, error: &anyhow::Error) -> String {
    let methods: Vec<_> = rule.methods.iter().map(http::Method::as_str).collect();
    format!(
        "the CORS rule of bucket `{bucket}` could not be set ({}): the keys need oss:GetBucketCors and \
         oss:PutBucketCors; or add it by hand: origins {}; methods {}; headers {}; exposed headers {}",
        service::error_line(error.as_ref()),
        rule.origins.join(", "),
        methods.join(", "),
        rule.headers.join(", "),
        rule.exposed.join(", "),
    )
}

/// The address that Knative gives the page, and those of the settings.
pub(super) async fn origins(cluster: &Cluster, config: &Config) -> Result<Vec<String>> {
    let service = identity(config, "serving.knative.dev/v1", "Service", CONSOLE);
    let object = read(cluster, &service).await?;
    let url = object.data.pointer("/status/url").and_then(Value::as_str);
    let url = url.with_context(|| format!("{service} has no URL"))?;
    let own = url.trim_end_matches('/').to_owned();
    let others = config.console_origins.iter();
    let others = others.filter(|other| **other != own).cloned().collect();
    Ok([vec![own], others].concat())
}

/// Adds the rule with the keys in the sample's Secret.
pub(super) async fn allow(cluster: &Cluster, config: &Config, rule: &CorsRule) -> Result<bool> {
    let secret = identity(config, "v1", "Secret", SECRET);
    let data = read(cluster, &secret).await?.data["data"][SECRET_KEY].take();
    let ByteString(document) = serde_json::from_value(data)
        .with_context(|| format!("{secret} has no entry `{SECRET_KEY}`"))?;
    let document = SecretDocument::from_json(std::str::from_utf8(&document)?)
        .with_context(|| format!("the entry `{SECRET_KEY}` of {secret}"))?;
    Ok(bucket(config, document)?.add_cors_rule(rule).await?)
}

/// The bucket as it is reached from here: at the endpoint of browsers, if one is set.
fn bucket(config: &Config, document: SecretDocument) -> Result<Bucket> {
    let region: Region = config.oss_region.parse()?;
    let url = config.console_oss_endpoint.as_ref();
    let endpoint = match url.or(config.oss_endpoint.as_ref()) {
        None => Endpoint::for_region(&region, false),
        Some(url) => Endpoint::new(&Url::parse(url)?, addressing(config), region)?,
    };
    let transport = Transport::connect(&ConnectOptions::default())?;
    let client = Client::builder(endpoint, document.credentials).build_on(transport);
    Ok(client.bucket(config.oss_bucket.parse()?))
}

fn addressing(config: &Config) -> Addressing {
    match config.oss_addressing {
        None | Some(manifests::Addressing::Virtual) => Addressing::VirtualHosted,
        Some(manifests::Addressing::Path) => Addressing::Path,
        Some(manifests::Addressing::Cname) => Addressing::Cname,
    }
}

fn identity(config: &Config, api_version: &str, kind: &str, name: &str) -> Identity {
    Identity {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: Some(config.sample_namespace.clone()),
        name: name.to_owned(),
    }
}

async fn read(cluster: &Cluster, identity: &Identity) -> Result<DynamicObject> {
    let object = cluster.get(identity).await?;
    object.with_context(|| format!("{identity} is not there"))
}
