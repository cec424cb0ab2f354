//! An outage of name resolution. The child that measures it has a name server of its own, in
//! namespaces where nobody else asks it.
//!
//! Connections outlive such an outage, so the sink's are cut as it begins. A name server is gone in
//! two ways: it is there and cannot tell, or it says nothing at all.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use url::Url;

use super::{LATENCY, Recovery, measure};
use crate::child::{Setup, report};
use crate::sink::Sink;

/// The name of the sink.
const SINK: &str = "sink.bench.example";
const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// The files that have the C library ask the name server of this process, and no other service.
const FILES: [(&str, &str); 2] = [
    ("resolv.conf", "nameserver 127.0.0.1\n"),
    ("nsswitch.conf", "hosts: files dns\n"),
];

/// Arguments of the child.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    setup: Setup,
    /// How the name server is gone.
    #[arg(long)]
    behaviour: DnsBehaviour,
    /// For how long.
    #[arg(long)]
    seconds: u64,
}

/// What a name server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DnsBehaviour {
    /// It answers.
    Answering,
    /// It says that it cannot tell.
    Failing,
    /// It says nothing.
    Silent,
}

impl DnsBehaviour {
    /// As on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Answering => "answering",
            Self::Failing => "failing",
            Self::Silent => "silent",
        }
    }
}

/// Measures in a child.
pub(super) async fn measure_in_child(
    setup: &Setup,
    behaviour: DnsBehaviour,
    seconds: u64,
) -> Result<Recovery> {
    let seconds = seconds.to_string();
    let args = ["--behaviour", behaviour.name(), "--seconds", &seconds];
    let figures = setup.figures_of_isolated("lose-names", &args).await?;
    let [first_event, usual_rate] = figures.map(Duration::from_secs_f64);
    Ok(Recovery {
        first_event,
        usual_rate,
    })
}

/// Measures, and reports the seconds to the first event and to the usual rate.
pub(crate) async fn lose_names(args: Args) -> Result<()> {
    let Args {
        setup,
        behaviour,
        seconds,
    } = args;
    mount(&setup.folder)?;
    let names = NameServer::start().await?;
    let emulated = setup.emulated_cloud(None).await?;
    let sink = Sink::start(&setup.folder, LATENCY).await?;
    let mut url: Url = sink.url.parse()?;
    url.set_host(Some(SINK))?;
    let outage = async |sink: Sink| {
        names.behaviour.send_replace(behaviour);
        let sink = sink.killed_for(Duration::ZERO).await?;
        sleep(Duration::from_secs(seconds)).await;
        let came = sink.arrivals().await?.count;
        ensure!(came == 0, "{came} events came without a name");
        names.behaviour.send_replace(DnsBehaviour::Answering);
        Ok(sink)
    };
    let recovery = measure(&emulated, sink, url.as_str(), outage).await?;
    report(&[
        recovery.first_event.as_secs_f64(),
        recovery.usual_rate.as_secs_f64(),
    ])
}

fn mount(folder: &Path) -> Result<()> {
    for (name, content) in FILES {
        let file = folder.join(name);
        std::fs::write(&file, content)?;
        let mut mount = Command::new("mount");
        let place = Path::new("/etc").join(name);
        mount.arg("--bind").args([&file, &place]);
        let mounted = mount.status().context("cannot run `mount`")?;
        ensure!(mounted.success(), "cannot mount over `{}`", place.display());
    }
    Ok(())
}

/// A name server for which every name is this machine's.
struct NameServer {
    behaviour: watch::Sender<DnsBehaviour>,
    serving: JoinHandle<()>,
}

impl NameServer {
    async fn start() -> Result<Self> {
        let socket = UdpSocket::bind((ADDRESS, 53)).await;
        let socket = socket.context("no name server")?;
        let (behaviour, current) = watch::channel(DnsBehaviour::Answering);
        Ok(Self {
            behaviour,
            serving: tokio::spawn(serve(socket, current)),
        })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, behaviour: watch::Receiver<DnsBehaviour>) {
    let mut query = [0; 512];
    while let Ok((length, client)) = socket.recv_from(&mut query).await {
        let behaviour = *behaviour.borrow();
        if let Some(answer) = query
            .get(..length)
            .and_then(|query| answer(query, behaviour))
        {
            // The client asks again if it does not arrive.
            let _ = socket.send_to(&answer, client).await;
        }
    }
}

/// The answer to a query (RFC 1035, 4.1), if there is one.
fn answer(query: &[u8], behaviour: DnsBehaviour) -> Option<Vec<u8>> {
    let (header, rest) = query.split_first_chunk::<12>()?;
    let name_length = rest.iter().position(|byte| *byte == 0)? + 1;
    let question = rest.get(..name_length + 4)?;
    let is_about_ipv4 = question.get(name_length..)?.starts_with(&[0, 1]);
    let (code, answers) = match behaviour {
        DnsBehaviour::Silent => return None,
        DnsBehaviour::Failing => (2, 0),
        DnsBehaviour::Answering => (0, u8::from(is_about_ipv4)),
    };
    let [id_high, id_low, ..] = *header;
    // A response, recursion desired and available; one question.
    let mut answer = vec![
        id_high,
        id_low,
        0x81,
        0x80 | code,
        0,
        1,
        0,
        answers,
        0,
        0,
        0,
        0,
    ];
    answer.extend(question);
    if answers > 0 {
        // The name of the question, A, IN, to be kept for no time at all, four bytes.
        answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(ADDRESS.octets());
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question about `a.b`, of this type.
    fn query(kind: u8) -> Vec<u8> {
        let mut query = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        query.extend([1, b'a', 1, b'b', 0, 0, kind, 0, 1]);
        query
    }

    #[test]
    fn names_are_this_machines_over_ipv4_alone() {
        let told = answer(&query(1), DnsBehaviour::Answering).unwrap();
        assert_eq!((told[..4].to_vec(), told[7]), (vec![7, 9, 0x81, 0x80], 1));
        assert!(told.ends_with(&[0, 4, 127, 0, 0, 1]));
        let told = answer(&query(28), DnsBehaviour::Answering).unwrap();
        assert_eq!((told[7], told.len()), (0, query(28).len()));
    }

    #[test]
    fn a_server_that_is_gone_fails_or_is_silent() {
        let failing = answer(&query(1), DnsBehaviour::Failing).unwrap();
        assert_eq!((failing[3] & 15, failing[7]), (2, 0));
        assert_eq!(answer(&query(1), DnsBehaviour::Silent), None);
        assert_eq!(
            answer(&query(1)[..15], DnsBehaviour::Answering),
            None,
            "cut off"
        );
    }
}
