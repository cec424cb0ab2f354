//! Runs an image as a restricted pod would, and checks that it works there.
//!
//! Read-only root, no capabilities, no way to gain rights, the image's own user, few files
//! and processes: what the `restricted` profile of Pod Security and the manifests demand.
//! An image that needs more fails here and not in a user's cluster.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use service::{ConnectOptions, http_client};
use tempfile::NamedTempFile;
use testbed::command::read;
use testbed::{Engine, Progress, poll_until};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::{Built, Image};

/// Starting takes milliseconds; a loaded machine may take its time.
const START_DEADLINE: Duration = Duration::from_secs(30);
/// For one request to a process that may not listen yet.
const CALL_DEADLINE: Duration = Duration::from_secs(2);

/// A name that only the container's `/etc/hosts` knows.
const PEER: &str = "peer.images.test";

/// Where the controller finds the way to its API server.
const KUBECONFIG: &str = "/kubeconfig";

/// A process of an image, and what it needs to start.
struct Process {
    /// The binary in the image.
    path: &'static str,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// The process must call this listener, whose host it can only know by name.
    calls: Option<TcpListener>,
    /// A file that it reads, and its place in the container.
    file: Option<(NamedTempFile, &'static str)>,
}

/// Checks the image's settings, then starts each of its binaries.
///
/// # Errors
/// When something is not as a cluster needs it; the process's own words are included.
pub(crate) async fn check(engine: Engine, built: &Built) -> Result<()> {
    let user = read(engine.command().args([
        "inspect",
        "--type=image",
        "--format={{.Config.User}}",
        &built.reference,
    ]))?;
    ensure!(
        user == "65532:65532",
        "runs as user `{user}`, which a cluster does not take for a number other than root's"
    );
    for (health, process) in processes(built.image).await? {
        let path = process.path;
        let checked = check_process(engine, &built.reference, health, process).await;
        checked.with_context(|| format!("`{path}`"))?;
        println!(
            "{} {path}: healthy under restrictions, ends on SIGTERM",
            built.reference
        );
    }
    Ok(())
}

/// Each binary of the image, and where it is to listen.
async fn processes(image: Image) -> Result<Vec<(SocketAddr, Process)>> {
    let [first, second] = [free_address().await?, free_address().await?];
    Ok(match image {
        Image::Source => vec![
            (first, controller(first).await?),
            (second, adapter(second).await?),
        ],
        Image::Face => vec![(first, face(first)), (second, console(second)?)],
        Image::Emulator => vec![(first, emulator(first))],
    })
}

/// Found by binding it for a moment. Somebody else may take it meanwhile, but the ports
/// that the system picks are rarely picked twice in a row.
async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

/// Without a cluster it can only ask for one, and be healthy meanwhile.
async fn controller(health: SocketAddr) -> Result<Process> {
    let api = TcpListener::bind("127.0.0.1:0").await?;
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "check",
        "contexts": [{"name": "check", "context": {"cluster": "check", "user": "check"}}],
        "clusters": [{"name": "check", "cluster": {
            "server": format!("http://{PEER}:{}", api.local_addr()?.port()),
        }}],
        "users": [{"name": "check", "user": {}}],
    });
    let file = readable(&kubeconfig.to_string())?;
    Ok(Process {
        path: "/source-controller",
        arguments: Vec::new(),
        variables: vec![
            ("CONTROLLER_LISTEN", health.to_string()),
            ("KUBECONFIG", KUBECONFIG.to_owned()),
            ("ADAPTER_IMAGE", "example.com/adapter".to_owned()),
        ],
        calls: Some(api),
        file: Some((file, KUBECONFIG)),
    })
}

/// A file that the image's user can read, who is not ours.
fn readable(text: &str) -> Result<NamedTempFile> {
    let file = NamedTempFile::new()?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    std::fs::write(&file, text)?;
    Ok(file)
}

async fn adapter(health: SocketAddr) -> Result<Process> {
    let queue = TcpListener::bind("127.0.0.1:0").await?;
    let port = queue.local_addr()?.port();
    Ok(Process {
        path: "/source-adapter",
        arguments: Vec::new(),
        variables: vec![
            ("ADAPTER_LISTEN", health.to_string()),
            ("K_SINK", "http://localhost".to_owned()),
            ("MNS_QUEUE", "images".to_owned()),
            ("MNS_ENDPOINT", format!("http://{PEER}:{port}")),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id".to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret".to_owned()),
        ],
        calls: Some(queue),
        file: None,
    })
}

fn face(health: SocketAddr) -> Process {
    Process {
        path: "/app/face-recognition",
        arguments: Vec::new(),
        variables: vec![
            ("LISTEN", health.to_string()),
            ("UPLOAD_OSS_PATH", "target".to_owned()),
            ("FACE_BACKEND", "local".to_owned()),
            ("ACCESSKEY_ID", "id".to_owned()),
            ("ACCESSKEY_SECRET", "secret".to_owned()),
        ],
        calls: None,
        file: None,
    }
}

fn console(health: SocketAddr) -> Result<Process> {
    const TOKEN: &str = "/token";
    Ok(Process {
        path: "/app/console",
        arguments: Vec::new(),
        variables: vec![
            ("LISTEN", health.to_string()),
            ("OSS_BUCKET", "images".to_owned()),
            ("OSS_REGION", "cn-shanghai".to_owned()),
            ("UPLOAD_OSS_PATH", "target".to_owned()),
            ("CONSOLE_TOKEN_FILE", TOKEN.to_owned()),
            ("ACCESSKEY_ID", "id".to_owned()),
            ("ACCESSKEY_SECRET", "secret".to_owned()),
        ],
        calls: None,
        file: Some((readable("a token of enough characters")?, TOKEN)),
    })
}

fn emulator(health: SocketAddr) -> Process {
    let arguments = [
        "--oss=127.0.0.1:0",
        "--mns=127.0.0.1:0",
        "--mns-open=127.0.0.1:0",
        "--face=127.0.0.1:0",
        "--sts=127.0.0.1:0",
    ]
    .map(ToOwned::to_owned);
    Process {
        path: "/emulator",
        arguments: arguments
            .into_iter()
            .chain([format!("--admin={health}")])
            .collect(),
        variables: Vec::new(),
        calls: None,
        file: None,
    }
}

async fn check_process(
    engine: Engine,
    reference: &str,
    health: SocketAddr,
    process: Process,
) -> Result<()> {
    let container = Container::start(engine, reference, &process)?;
    let called = async {
        if let Some(peer) = process.calls {
            let accepted = timeout(START_DEADLINE, peer.accept()).await;
            accepted.context("does not find a host by its name")??;
        }
        wait_until_healthy(health).await
    };
    let checked = called.await;
    checked.with_context(|| format!("it said: {}", container.logs()))?;
    container.stop()
}

async fn wait_until_healthy(address: SocketAddr) -> Result<()> {
    let client = http_client(&ConnectOptions::default())?;
    let url = format!("http://{address}/health");
    poll_until("health", START_DEADLINE, || async {
        let response = client.get(&url).timeout(CALL_DEADLINE).send().await;
        Ok(match response {
            Ok(response) if response.status().is_success() => Progress::Done(()),
            Ok(response) => Progress::Pending(format!("{} from `{url}`", response.status())),
            Err(error) => Progress::Pending(error.to_string()),
        })
    })
    .await
}

/// A running container, gone when this is.
struct Container {
    engine: Engine,
    id: String,
}

impl Container {
    fn start(engine: Engine, reference: &str, process: &Process) -> Result<Self> {
        let mut run = engine.command();
        run.args([
            "run",
            "--detach",
            "--read-only",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
        ]);
        run.args(["--ulimit=nofile=4096:4096", "--ulimit=nproc=512:512"]);
        run.args(["--network=host", &format!("--add-host={PEER}:127.0.0.1")]);
        run.args(
            process
                .variables
                .iter()
                .map(|(name, value)| format!("--env={name}={value}")),
        );
        if let Some((file, place)) = &process.file {
            run.arg(format!("--volume={}:{place}:ro", file.path().display()));
        }
        run.args([&format!("--entrypoint={}", process.path), reference]);
        let id = read(run.args(&process.arguments))?;
        Ok(Self { engine, id })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.engine.command();
        command.args(words).arg(&self.id);
        command
    }

    fn logs(&self) -> String {
        let logs = self.command(&["logs"]).output();
        logs.map_or_else(
            |error| format!("nothing ({error})"),
            |logs| {
                [logs.stdout, logs.stderr]
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                    .concat()
            },
        )
    }

    /// Tells the process to end; it must do so by itself, and call it a success.
    fn stop(&self) -> Result<()> {
        read(&mut self.command(&["stop", "--time=20"]))?;
        let code = read(&mut self.command(&["inspect", "--format={{.State.ExitCode}}"]))?;
        ensure!(
            code == "0",
            "ended with code {code} on SIGTERM: {}",
            self.logs()
        );
        Ok(())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Nothing more can be done about a container that stays.
        let _ = read(&mut self.command(&["rm", "--force"]));
    }
}
