//! Runs the tests that need a cluster, by default on one that is created for them.
//!
//! The cluster has a kubeconfig of its own, so that the current context does not change. Its
//! versions are pinned in `e2e/versions.toml`. After a failure, logs and objects of the cluster
//! are in `target/e2e/logs`.

mod kind;
mod node;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::images::{self, Built, Image};
use crate::versions::{Knative, Versions};
use kind::Kind;
use node::Node;
use testbed::command::{execute, succeeds};
use testbed::{Engine, workspace_root};

/// The configuration of the deployment, and its cloud.
const CONFIG: &str = "e2e/deploy.toml";
const EMULATOR: &str = "e2e/emulator.yaml";
const EMULATOR_NAMESPACE: &str = "mnsoss-emulator";

/// The emulator's development pair. It opens nothing but emulators.
const KEYS: [(&str, &str); 2] = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tEmulatorDevelopment"),
    (
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "emulator-development-only",
    ),
];

const FOLDER: &str = "target/e2e";
const WAIT: &str = "--timeout=300s";

/// Options of `cargo xtask e2e`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the cluster afterwards; the next run with --keep takes it up again.
    #[arg(long)]
    keep: bool,
    /// Test on the cluster of the current context, with the Knative that is there. Images are
    /// pushed to --repository, or loaded with `ctr` into a cluster that is this machine alone.
    #[arg(long, conflicts_with = "keep")]
    use_current_context: bool,
    /// Registry and folder that the cluster of the current context pulls from.
    #[arg(long, value_name = "PREFIX", requires = "use_current_context")]
    repository: Option<String>,
    /// Builder of images, which also runs the cluster: docker or podman [default: docker, else podman].
    #[arg(long)]
    engine: Option<Engine>,
    /// Options of the tests: a part of a name, `--list`, `--test-threads 1`.
    #[arg(last = true)]
    tests: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let versions = Versions::load()?;
    let engine = args.engine.map_or_else(Engine::detect_builder, Ok)?;
    require("kubectl", "https://kubernetes.io/docs/tasks/tools/")?;
    std::fs::create_dir_all(workspace_root().join(FOLDER)).context("cannot make `target/e2e`")?;
    if args.use_current_context {
        let delivery = match &args.repository {
            Some(repository) => ImageDelivery::Registry(repository),
            None => ImageDelivery::Node(Node::find(Command::new("kubectl"))?),
        };
        return Target { delivery }.test(engine, &args.tests);
    }
    let kind = Kind::start(engine, &versions.kind, &kubeconfig())?;
    let target = Target {
        delivery: ImageDelivery::Kind(&kind),
    };
    let tested = target
        .install(&versions.knative)
        .and_then(|()| target.test(engine, &args.tests));
    if args.keep {
        eprintln!("the cluster stays: KUBECONFIG={}", kubeconfig().display());
        return tested;
    }
    // The tests' own failure comes first.
    let stopped = kind.stop();
    tested.and(stopped)
}

fn kubeconfig() -> PathBuf {
    workspace_root().join(FOLDER).join("kubeconfig")
}

fn require(program: &str, where_from: &str) -> Result<()> {
    let is_there = succeeds(Command::new(program).arg("version").arg("--client"));
    anyhow::ensure!(
        is_there,
        "`{program}` is needed and does not run: see {where_from}"
    );
    Ok(())
}

/// The cluster that is tested on.
struct Target<'a> {
    delivery: ImageDelivery<'a>,
}

/// How images get into the cluster.
enum ImageDelivery<'a> {
    /// Loaded into the node of the cluster that was created.
    Kind(&'a Kind),
    /// Pushed to a registry with this prefix, for the cluster of the current context.
    Registry(&'a str),
    /// Loaded into the node of the cluster of the current context.
    Node(Node),
}

impl Target<'_> {
    fn kind(&self) -> Option<&Kind> {
        match self.delivery {
            ImageDelivery::Kind(kind) => Some(kind),
            ImageDelivery::Registry(_) | ImageDelivery::Node(_) => None,
        }
    }

    /// A program that talks to this cluster.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if self.kind().is_some() {
            command.env("KUBECONFIG", kubeconfig());
        }
        command
    }

    fn kubectl(&self, words: &[&str]) -> Result<()> {
        execute(self.command("kubectl").args(words))
    }

    /// Installs Knative and waits until it runs.
    fn install(&self, knative: &Knative) -> Result<()> {
        for manifest in knative.serving().iter().chain(&knative.eventing()) {
            self.kubectl(&[
                "apply",
                "--server-side",
                "--force-conflicts",
                "-f",
                manifest,
            ])?;
            // Kinds must be there before the next manifest uses them.
            self.kubectl(&["wait", "--for=condition=Established", "crd", "--all", WAIT])?;
        }
        let kourier = r#"{"data":{"ingress-class":"kourier.ingress.networking.knative.dev"}}"#;
        self.kubectl(&[
            "patch",
            "configmap/config-network",
            "-n",
            "knative-serving",
            "--type=merge",
            "-p",
            kourier,
        ])?;
        for namespace in ["knative-serving", "kourier-system", "knative-eventing"] {
            self.kubectl(&[
                "wait",
                "--for=condition=Available",
                "deployment",
                "--all",
                "-n",
                namespace,
                WAIT,
            ])?;
        }
        Ok(())
    }

    /// Builds, deploys and tests; keeps logs if that fails.
    fn test(&self, engine: Engine, tests: &[String]) -> Result<()> {
        let built = self.bring_images(engine)?;
        let tested = self.deploy(&built).and_then(|()| self.run_tests(tests));
        if tested.is_err() {
            self.keep_logs();
        }
        tested
    }

    fn bring_images(&self, engine: Engine) -> Result<Vec<Built>> {
        let all = [Image::Source, Image::Face, Image::Emulator];
        let repository = match self.delivery {
            ImageDelivery::Registry(repository) => repository,
            ImageDelivery::Kind(_) | ImageDelivery::Node(_) => images::REPOSITORY,
        };
        let built = images::build(engine, &all, repository, images::TAG)?;
        let folder = workspace_root().join(FOLDER);
        for Built { reference, .. } in &built {
            match &self.delivery {
                ImageDelivery::Kind(kind) => kind.load(engine, reference, &folder)?,
                ImageDelivery::Registry(_) => engine.push(reference)?,
                ImageDelivery::Node(node) => node.load(engine, reference, &folder)?,
            }
        }
        Ok(built)
    }

    fn deploy(&self, built: &[Built]) -> Result<()> {
        let reference = |wanted| {
            built
                .iter()
                .find(|built| built.image == wanted)
                .map_or("", |built| &built.reference)
        };
        self.kubectl(&["apply", "--server-side", "-f", EMULATOR])?;
        let image = format!("emulator={}", reference(Image::Emulator));
        self.kubectl(&[
            "set",
            "image",
            "deployment/emulator",
            &image,
            "-n",
            EMULATOR_NAMESPACE,
        ])?;
        self.kubectl(&[
            "rollout",
            "status",
            "deployment/emulator",
            "-n",
            EMULATOR_NAMESPACE,
            WAIT,
        ])?;
        // The topic has to be there before a source can subscribe to it, as in a cloud.
        self.run_tests(&["prepare".to_owned()])?;
        let ourselves = std::env::current_exe().context("cannot tell where this program is")?;
        let mut deploy = self.command(ourselves);
        deploy.args(["deploy", "--config", CONFIG]).envs(KEYS);
        deploy.env("MNSOSS_IMAGES_SOURCE", reference(Image::Source));
        deploy.env("MNSOSS_IMAGES_FACE", reference(Image::Face));
        execute(&mut deploy)
    }

    fn run_tests(&self, words: &[String]) -> Result<()> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut tests = self.command(cargo);
        execute(
            tests
                .args(["run", "--quiet", "--package", "e2e", "--"])
                .args(words),
        )
    }

    /// As far as possible: a broken cluster may not even return its logs.
    fn keep_logs(&self) {
        let folder = Path::new(FOLDER).join("logs");
        let output = format!("--output-directory={}", folder.display());
        let dumped = self.kubectl(&["cluster-info", "dump", "--all-namespaces", &output]);
        let kinds = "mnsosssources,brokers,triggers,services.serving.knative.dev,eventtypes,customresourcedefinitions";
        let shown = self.kubectl(&["get", kinds, "--all-namespaces", "-o", "yaml"]);
        let exported = self.kind().map_or(Ok(()), |kind| kind.export_logs(&folder));
        for error in [dumped, shown, exported]
            .into_iter()
            .filter_map(Result::err)
        {
            eprintln!("warning: {error:#}");
        }
        eprintln!(
            "logs and objects of the cluster are in {}",
            folder.display()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emulator_is_deployed_with_the_image_that_is_built() {
        let manifest = std::fs::read_to_string(workspace_root().join(EMULATOR)).unwrap();
        let image = format!("image: {}/emulator:{}\n", images::REPOSITORY, images::TAG);
        assert!(manifest.contains(&image), "{image}");
    }

    #[test]
    fn the_workflow_installs_the_pinned_kind_and_pins_its_actions() {
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(entry.unwrap().path()).unwrap()
        };
        let workflows = std::fs::read_dir(workspace_root().join(".github/workflows")).unwrap();
        let workflow: String = workflows.map(read).collect();
        let version = Versions::load().unwrap().kind.version;
        assert!(
            workflow.contains(&format!("sigs.k8s.io/kind@{version}\n")),
            "{version}"
        );
        let actions = workflow
            .lines()
            .filter_map(|line| line.split_once("uses: "));
        for (_, action) in actions {
            let commit = action.split(['@', ' ']).nth(1).unwrap();
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{action}"
            );
        }
    }

    #[test]
    fn the_deployment_under_test_is_configured_right() {
        let text = std::fs::read_to_string(workspace_root().join(CONFIG)).unwrap();
        let config = manifests::Config::load(&text, |_| None).unwrap();
        for endpoint in [
            Some(config.mns_endpoint),
            config.oss_endpoint,
            config.face_endpoint,
        ] {
            assert!(endpoint.is_some_and(|url| url.contains(EMULATOR_NAMESPACE)));
        }
    }
}
