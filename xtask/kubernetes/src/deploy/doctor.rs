//! Checks a deployment: the objects in the cluster, and what they use in the cloud.
//!
//! The checks in the cloud are in [`source_controller::doctor`]; the controller's image has them
//! as a command too.

mod face;

use anyhow::{Context as _, Result, ensure};
use kube::api::DynamicObject;
use manifests::{Addressing, Config};
use source_api::MnsOssSource;
use source_controller::doctor::{
    CheckResult, DoctorReport, EndpointOverrides, NO_SECRET, examine, examine_scaling,
};
use tokio::time::timeout;

use super::cluster::Cluster;
use super::identity::Identity;
use super::ready::{Readiness, readiness};
use super::{ClusterArgs, requirements, write_out};

const CLUSTER: &str = "cluster";

/// Prints the table.
///
/// # Errors
/// When a check failed.
pub(crate) async fn run(args: &ClusterArgs) -> Result<()> {
    let config = args.rendering.load()?;
    let objects = args.objects(&config)?;
    let connected = timeout(args.timeout(), Cluster::connect(args.context.as_deref())).await;
    let cluster = connected.unwrap_or_else(|_| anyhow::bail!("the API server does not respond"));
    let report = examine_all(&config, &objects, cluster).await?;
    write_out(&report.to_string())?;
    ensure!(
        !report.has_failures(),
        "some checks failed, see the lines marked `to do`"
    );
    Ok(())
}

/// Checks a deployment, without its cluster if there is none.
pub(super) async fn examine_all(
    config: &Config,
    objects: &[DynamicObject],
    cluster: Result<Cluster>,
) -> Result<DoctorReport> {
    let mut report = DoctorReport::default();
    let live = match cluster {
        Ok(cluster) => examine_cluster(&mut report, &cluster, objects).await?,
        Err(error) => {
            let why = format!("not checked: {error:#}");
            report.add(CLUSTER, CheckResult::Skipped(why));
            Vec::new()
        }
    };
    let source = source(&live).or_else(|| source(objects));
    let source = source.context("nothing that is rendered is a source")?;
    if source.spec.access_token.is_none() {
        report.add("credentials", CheckResult::Skipped(NO_SECRET.to_owned()));
        return Ok(report);
    }
    let secrets = match &config.credentials {
        Some(_) => objects,
        None => &live,
    };
    let Some(document) = document(secrets, &source) else {
        let text = "there are no keys: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or put them \
                    into the cluster's Secret";
        report.add("credentials", CheckResult::Failed(text.to_owned()));
        return Ok(report);
    };
    let overrides = endpoint_overrides(config)?;
    let of_source = examine(&source, &document, &overrides).await?;
    report.0.extend(of_source.0);
    let bucket = overrides.bucket(&source, &document).ok().flatten();
    let face_api = face::examine(config, &document, bucket.as_ref()).await?;
    report.add("face API", face_api);
    Ok(report)
}

/// Checks every object of the deployment, and returns those that exist.
async fn examine_cluster(
    report: &mut DoctorReport,
    cluster: &Cluster,
    objects: &[DynamicObject],
) -> Result<Vec<DynamicObject>> {
    let checked = match requirements::check(cluster, objects.to_vec()) {
        Ok(checked) => checked,
        Err(missing) => {
            report.add(CLUSTER, CheckResult::Failed(missing.to_string()));
            return Ok(Vec::new());
        }
    };
    let mut live = Vec::new();
    let mut failures = Vec::new();
    for object in &checked.objects {
        let identity = Identity::of(object);
        match cluster.get(&identity).await? {
            Some(found) => {
                if let Readiness::Waiting(why) = readiness(&found) {
                    failures.push(format!("{identity} {why}: {}", identity.describe()));
                }
                live.push(found);
            }
            None => failures.push(format!("{identity} is not there: run `cargo xtask deploy`")),
        }
    }
    if failures.is_empty() {
        let text = format!("{} objects are there and ready", live.len());
        report.add(CLUSTER, CheckResult::Passed(text));
    }
    for text in failures {
        report.add(CLUSTER, CheckResult::Failed(text));
    }
    if let Some(source) = source(&live) {
        report.add("scaling", examine_scaling(&cluster.client, &source).await?);
    }
    Ok(live)
}

fn source(objects: &[DynamicObject]) -> Option<MnsOssSource> {
    let found = objects
        .iter()
        .find(|object| is_kind(object, "MnsOssSource"))?;
    serde_json::from_value(serde_json::to_value(found).ok()?).ok()
}

fn is_kind(object: &DynamicObject, kind: &str) -> bool {
    object
        .types
        .as_ref()
        .is_some_and(|types| types.kind == kind)
}

/// The value in the source's Secret.
fn document(objects: &[DynamicObject], source: &MnsOssSource) -> Option<Vec<u8>> {
    let reference = &source.spec.access_token.as_ref()?.secret_key_ref;
    let mut secrets = objects.iter().filter(|object| is_kind(object, "Secret"));
    let secret = secrets.find(|it| it.metadata.name.as_ref() == Some(&reference.name))?;
    let mut secret: k8s_openapi::api::core::v1::Secret =
        serde_json::from_value(serde_json::to_value(secret).ok()?).ok()?;
    let text = secret
        .string_data
        .take()
        .and_then(|mut data| data.remove(&reference.key));
    let bytes = secret
        .data
        .take()
        .and_then(|mut data| data.remove(&reference.key));
    text.map(String::into_bytes).or_else(|| Some(bytes?.0))
}

fn endpoint_overrides(config: &Config) -> Result<EndpointOverrides> {
    let open_api = config.mns_open_endpoint.as_ref();
    let oss = config.oss_endpoint.as_ref();
    Ok(EndpointOverrides {
        bucket: Some(config.oss_bucket.clone()),
        open_api: open_api.map(|url| url.parse()).transpose()?,
        oss: oss.map(|url| url.parse()).transpose()?,
        addressing: match config.oss_addressing {
            None | Some(Addressing::Virtual) => oss::Addressing::VirtualHosted,
            Some(Addressing::Path) => oss::Addressing::Path,
            Some(Addressing::Cname) => oss::Addressing::Cname,
        },
        private: config
            .controller_private_endpoints
            .parse()
            .map_err(anyhow::Error::msg)?,
    })
}
