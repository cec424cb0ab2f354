//! Applies everything that is rendered to a cluster, and waits until it works.
//!
//! Nothing is templated here and nothing decided: what to apply comes from [`manifests`],
//! and whether it works is asked of the objects themselves.

mod apply;
mod cluster;
mod console;
mod diagnosis;
mod diff;
mod doctor;
mod identity;
mod inventory;
mod keys;
mod order;
mod progress;
mod ready;
mod requirements;
mod secret_version;
mod undeploy;
mod wait;

use std::io::{ErrorKind, Write as _};
use std::slice;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use kube::api::DynamicObject;
use manifests::Config;
use tokio::time::{Instant, sleep};

use apply::{Outcome, apply};
use cluster::Cluster;
use identity::Identity;
use inventory::Inventory;
use progress::Progress;

use crate::render;

/// Interval of polling.
const POLL: Duration = Duration::from_secs(1);

/// Where the deployment is, and how long each part of it may take.
#[derive(Debug, clap::Args)]
pub(crate) struct ClusterArgs {
    #[command(flatten)]
    rendering: render::ConfigArgs,
    /// Context of the kubeconfig [default: the current one].
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// How long to wait for the cluster, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
}

/// Options of `cargo xtask deploy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Print what would be applied, secrets hidden; talk to no cluster.
    #[arg(long, conflicts_with = "diff")]
    dry_run: bool,
    /// Show what would change in the cluster; change nothing.
    #[arg(long)]
    diff: bool,
}

pub(crate) async fn run(args: &Args) -> Result<()> {
    let config = args.cluster.rendering.load()?;
    let objects = args.cluster.objects(&config)?;
    if args.dry_run {
        return print(objects);
    }
    let mut cluster = Cluster::connect(args.cluster.context.as_deref()).await?;
    let progress = Progress::new();
    let objects = keys::keep(&cluster, objects, &config, &progress).await?;
    let checked = requirements::check(&cluster, objects)?;
    for identity in checked.left_out {
        progress.say(&format!(
            "{identity} is left out: its software is not installed in the cluster"
        ));
    }
    if args.diff {
        show_differences(&cluster, &checked.objects).await
    } else {
        deploy(
            &mut cluster,
            &checked.objects,
            args.cluster.timeout(),
            &progress,
        )
        .await?;
        console::open(&cluster, &config, &progress).await
    }
}

pub(crate) use doctor::run as run_doctor;
pub(crate) use undeploy::run as run_undeploy;

impl ClusterArgs {
    /// The rendered objects, in the order in which they are applied. Objects without a namespace, as
    /// in the walkthrough's own manifests, go into the sample's.
    fn objects(&self, config: &Config) -> Result<Vec<DynamicObject>> {
        let mut objects = self.rendering.objects(config)?;
        for object in &mut objects {
            if !order::is_cluster_wide(&Identity::of(object)) {
                let namespace = &mut object.metadata.namespace;
                namespace.get_or_insert_with(|| config.sample_namespace.clone());
            }
        }
        objects.sort_by_key(|object| order::place(&Identity::of(object)));
        Ok(objects)
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

fn print(objects: Vec<DynamicObject>) -> Result<()> {
    let texts = objects.into_iter().map(diff::shown);
    let texts: Vec<_> = texts.collect::<Result<_>>()?;
    write_out(&format!("---\n{}", texts.join("---\n")))
}

/// Writes to standard output. A closed pipe, as with `head`, is no error.
fn write_out(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

async fn show_differences(cluster: &Cluster, objects: &[DynamicObject]) -> Result<()> {
    let mut different = 0;
    for object in objects {
        let difference = diff::diff(cluster, object).await?;
        different += usize::from(!difference.is_empty());
        write_out(&difference)?;
    }
    eprintln!("{different} of {} objects would change", objects.len());
    Ok(())
}

/// Applies `objects` and waits until all are ready.
async fn deploy(
    cluster: &mut Cluster,
    objects: &[DynamicObject],
    timeout: Duration,
    progress: &Progress,
) -> Result<()> {
    let (foundations, rest): (Vec<_>, Vec<_>) = objects
        .iter()
        .partition(|object| order::is_foundation(&Identity::of(object)));
    let applied = apply_all(cluster, &foundations, timeout, progress).await?;
    wait::until_ready(cluster, &applied, timeout, progress).await?;
    learn_kinds(cluster, objects, timeout).await?;
    let mut inventory = Inventory::load(cluster.client.clone(), objects).await?;
    inventory.add(objects.iter().map(Identity::of)).await?;
    let applied = apply_all(cluster, &rest, timeout, progress).await?;
    wait::until_ready(cluster, &applied, timeout, progress).await?;
    progress.say("everything is ready");
    Ok(())
}

/// New definitions are new kinds, a moment after they are established.
async fn learn_kinds(
    cluster: &mut Cluster,
    objects: &[DynamicObject],
    timeout: Duration,
) -> Result<()> {
    let deadline = Instant::now() + timeout;
    loop {
        cluster.refresh().await?;
        let identities = objects.iter().map(Identity::of);
        let unknown = identities
            .into_iter()
            .find(|identity| cluster.api(identity).is_none());
        let Some(unknown) = unknown else {
            return Ok(());
        };
        ensure!(
            Instant::now() < deadline,
            "the cluster does not serve the kind of {unknown}, although its definition is there"
        );
        sleep(POLL).await;
    }
}

async fn apply_all(
    cluster: &Cluster,
    objects: &[&DynamicObject],
    timeout: Duration,
    progress: &Progress,
) -> Result<Vec<Identity>> {
    let mut applied = Vec::new();
    for object in objects {
        let identity = Identity::of(object);
        let outcome = loop {
            match apply(cluster, object).await? {
                Outcome::Created => break "created",
                Outcome::Changed => break "changed",
                Outcome::Unchanged => break "unchanged",
                // Someone ran `kubectl delete`; a new object replaces it.
                Outcome::Terminating => {
                    let terminating = slice::from_ref(&identity);
                    wait::until_gone(cluster, terminating, timeout, progress).await?;
                }
            }
        };
        progress.say(&format!("{identity} {outcome}"));
        applied.push(identity);
    }
    Ok(applied)
}

#[cfg(test)]
mod tests;
