//! Whether everything works: the objects in the cluster, and what they use in the cloud.
//!
//! What is looked at in the cloud, and how, is in [`source_controller::doctor`]; the controller's
//! image has the same as a command.

mod face;

use anyhow::{Context as _, Result, ensure};
use kube::api::DynamicObject;
use manifests::{Addressing, Config};
use source_api::MnsOssSource;
use source_controller::doctor::{Findings, NO_SECRET, Places, Verdict, examine, examine_scaling};
use tokio::time::timeout;

use super::cluster::Cluster;
use super::identity::Identity;
use super::ready::{Readiness, readiness};
use super::{ClusterArgs, requirements, write_out};

const CLUSTER: &str = "cluster";

/// Prints the table.
///
/// # Errors
/// When something is to be done.
pub(crate) async fn run(args: &ClusterArgs) -> Result<()> {
    let config = args.rendering.load()?;
    let objects = args.objects(&config)?;
    let connected = timeout(args.patience(), Cluster::connect(args.context.as_deref())).await;
    let cluster = connected.unwrap_or_else(|_| anyhow::bail!("the cluster gives no answer"));
    let findings = examine_all(&config, &objects, cluster).await?;
    write_out(&findings.to_string())?;
    ensure!(findings.is_fine(), "something is to be done");
    Ok(())
}

/// Examines a deployment, without its cluster if there is none.
pub(super) async fn examine_all(
    config: &Config,
    objects: &[DynamicObject],
    cluster: Result<Cluster>,
) -> Result<Findings> {
    let mut findings = Findings::default();
    let live = match cluster {
        Ok(cluster) => examine_cluster(&mut findings, &cluster, objects).await?,
        Err(error) => {
            let why = format!("not examined: {error:#}");
            findings.add(CLUSTER, Verdict::Skipped(why));
            Vec::new()
        }
    };
    let source = source(&live).or_else(|| source(objects));
    let source = source.context("nothing that is rendered is a source")?;
    if source.spec.access_token.is_none() {
        findings.add("credentials", Verdict::Skipped(NO_SECRET.to_owned()));
        return Ok(findings);
    }
    let secrets = match &config.credentials {
        Some(_) => objects,
        None => &live,
    };
    let Some(document) = document(secrets, &source) else {
        let text = "there are no keys: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or put them \
                    into the cluster's Secret";
        findings.add("credentials", Verdict::Wrong(text.to_owned()));
        return Ok(findings);
    };
    let places = places(config)?;
    let of_source = examine(&source, &document, &places).await?;
    findings.0.extend(of_source.0);
    let bucket = places.bucket(&source, &document).ok().flatten();
    let face_api = face::examine(config, &document, bucket.as_ref()).await?;
    findings.add("face API", face_api);
    Ok(findings)
}

/// Looks at every object of the deployment, and gives those that are there.
async fn examine_cluster(
    findings: &mut Findings,
    cluster: &Cluster,
    objects: &[DynamicObject],
) -> Result<Vec<DynamicObject>> {
    let checked = match requirements::check(cluster, objects.to_vec()) {
        Ok(checked) => checked,
        Err(missing) => {
            findings.add(CLUSTER, Verdict::Wrong(missing.to_string()));
            return Ok(Vec::new());
        }
    };
    let mut live = Vec::new();
    let mut wrong = Vec::new();
    for object in &checked.objects {
        let identity = Identity::of(object);
        match cluster.get(&identity).await? {
            Some(found) => {
                if let Readiness::Waiting(why) = readiness(&found) {
                    wrong.push(format!("{identity} {why}: {}", identity.describe()));
                }
                live.push(found);
            }
            None => wrong.push(format!("{identity} is not there: run `cargo xtask deploy`")),
        }
    }
    if wrong.is_empty() {
        let text = format!("{} objects are there and ready", live.len());
        findings.add(CLUSTER, Verdict::Fine(text));
    }
    for text in wrong {
        findings.add(CLUSTER, Verdict::Wrong(text));
    }
    if let Some(source) = source(&live) {
        findings.add("scaling", examine_scaling(&cluster.client, &source).await?);
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

fn places(config: &Config) -> Result<Places> {
    let open_api = config.mns_open_endpoint.as_ref();
    let oss = config.oss_endpoint.as_ref();
    Ok(Places {
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
