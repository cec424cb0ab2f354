//! How long after its start a binary is of use, and how large it is.
//!
//! Ready is what a kubelet sees: 200 from `/readiness`. The port is known beforehand and
//! knocked at every tenth of a millisecond, so that no announcement has to be waited for.

mod sizes;

use std::ffi::OsString;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use fake_api_server::FakeApiServer;
use testbed::meter::{self, Meter, Usage};
use testbed::{Launch, Service};

use crate::bench::Bench;
use crate::controller;
use crate::figure::{Figure, mb, ms};
use crate::row::{Row, Target};

const KNOCK: Duration = Duration::from_micros(100);
const GIVE_UP: Duration = Duration::from_secs(30);
/// A pod that is ready within this keeps no request waiting.
const TARGET_MS: f64 = 20.0;

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    let emulated = bench.emulated_cloud(bench.folder()).await?;
    let launch = |service| emulated.services.launch(service);
    let mut adapter = launch(Service::SourceAdapter)?;
    // Nothing listens there: being ready does not depend on the sink.
    let sink = ("K_SINK".to_owned(), "http://127.0.0.1:9/".to_owned());
    adapter.env.extend([sink]);
    let face = launch(Service::FaceRecognition)?;
    let emulator = launch(Service::Emulator)?;
    let server = FakeApiServer::new().listen().await?;
    let controller = controller::launch(&bench.controller, &server, bench.folder())?;
    for launch in [adapter, face, controller] {
        measure(
            bench,
            &launch,
            "--listen",
            "/readiness",
            Some(Target::at_most(TARGET_MS)),
        )?;
    }
    measure(bench, &emulator, "--admin", "/health", None)?;
    drop(emulated);
    sizes::run(bench)
}

/// Starts it again and again, alternately with a program that does nothing.
fn measure(
    bench: &mut Bench,
    launch: &Launch,
    flag: &str,
    path: &str,
    target: Option<Target>,
) -> Result<()> {
    bench.step(&format!("{} from start to ready", launch.name));
    let (mut ready, mut cpu, mut resident, mut nothing) = (vec![], vec![], vec![], vec![]);
    for _ in 0..bench.pick(21, 7) {
        let (wall, usage) = start_once(launch, flag, path)?;
        ready.push(ms(wall));
        cpu.push(ms(usage.cpu));
        resident.push(mb(usage.resident_bytes));
        nothing.push(ms(meter::run(Command::new("/bin/true"))?.wall));
    }
    let row = Row::new(
        launch.name,
        format!("start to 200 from {path}"),
        Figure::new("ms", ready),
    )
    .beside("CPU", Figure::new("ms", cpu))
    .beside("resident", Figure::new("MB", resident))
    .against("/bin/true", Figure::new("ms", nothing));
    bench.row(match target {
        Some(target) => row.target(target),
        None => row,
    });
    Ok(())
}

fn start_once(launch: &Launch, flag: &str, path: &str) -> Result<(Duration, Usage)> {
    let address = free_port()?;
    let mut command = Command::new(&launch.executable);
    command
        .args(with_address(&launch.args, flag, address))
        .env_clear()
        .envs(&launch.env)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = Instant::now();
    let child = Killed(command.spawn()?);
    while !answers(address, path)? {
        if started.elapsed() > GIVE_UP {
            bail!("`{}` did not become ready", launch.name);
        }
        std::thread::sleep(KNOCK);
    }
    let wall = started.elapsed();
    Ok((wall, Meter::of(child.0.id())?.read()?))
}

/// A child that is killed when its owner is done with it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Fails if it has ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The arguments, with another address after `flag`.
fn with_address(args: &[OsString], flag: &str, address: SocketAddr) -> Vec<OsString> {
    let mut args = args.to_vec();
    if let Some(index) = args.iter().position(|arg| arg == flag)
        && let Some(value) = args.get_mut(index + 1)
    {
        *value = address.to_string().into();
    }
    args
}

/// A port that was free a moment ago.
fn free_port() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}

/// Whether a GET is answered with 200 there.
fn answers(address: SocketAddr, path: &str) -> Result<bool> {
    match ask(address, path) {
        Ok(answer) => Ok(answer.starts_with(b"HTTP/1.1 200")),
        // Not there yet, or just about to be.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error).context("cannot knock"),
    }
}

fn ask(address: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(GIVE_UP))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_after_the_flag_is_replaced() {
        let address = SocketAddr::from(([127, 0, 0, 1], 7));
        let args = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let given = args(&["--listen", "127.0.0.1:0", "--other"]);
        let expected = args(&["--listen", "127.0.0.1:7", "--other"]);
        assert_eq!(with_address(&given, "--listen", address), expected);
        assert_eq!(with_address(&given, "--admin", address), given);
    }

    #[test]
    fn a_closed_port_does_not_answer() {
        assert!(!answers(free_port().unwrap(), "/health").unwrap());
    }
}
