//! The original adapter beside ours: from a full queue to a sink that answers at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fake_api_server::{FakeApiServer, Socket};
use serde_json::json;
use testbed::QUEUE;
use testbed::meter::Usage;

use super::columns;
use super::image::{Image, Original};
use super::tls::TlsFront;
use crate::adapter::{DRAIN_DEADLINE, MeasuredAdapter};
use crate::bench::Bench;
use crate::child::{Setup, report};
use crate::figure::{Figure, mb};
use crate::messages;
use crate::row::{Row, Target};
use crate::sink::{Arrivals, Sink};

const SECRET: &str = "/api/v1/namespaces/default/secrets/mns";
/// The original takes the account and the region out of the name.
const MNS_HOST: &str = "1234567890123456.mns.cn-shanghai.aliyuncs.com";
/// Where a pod finds what opens the API server.
const ACCOUNT_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Arguments of a child that compares them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    setup: Setup,
    /// The original's binary.
    #[arg(long)]
    original: PathBuf,
    /// So many events each.
    #[arg(long)]
    events: u64,
}

/// Measures in children, and shows the rows.
pub(super) async fn rows(bench: &mut Bench, original: &Path) -> Result<()> {
    let events = bench.pick(20_000, 5_000).to_string();
    let args = ["--events", &events];
    let columns = columns(bench, "adapters", "compare-adapters", original, &args).await?;
    let [rate, cpu, peak, their_rate, their_cpu, their_peak] = columns;
    let row = |name: &str, measures: &str, unit, ours, theirs| {
        let row = Row::new(name, measures, Figure::new(unit, ours));
        row.against("original", Figure::new(unit, theirs))
    };
    let measures = "from a full queue to a sink, without latency";
    let rate = row("adapter, events", measures, "events/s", rate, their_rate);
    bench.row(rate.target(Target::ratio_at_least(6.0)));
    let measures = "user and system time of the adapter alone, its start included";
    let cpu = row("adapter, CPU per event", measures, "µs", cpu, their_cpu);
    bench.row(cpu.target(Target::ratio_at_most(0.12)));
    let measures = "VmHWM of the adapter";
    let peak = row("adapter, peak memory", measures, "MB", peak, their_peak);
    bench.row(peak);
    Ok(())
}

/// Lets ours and then the original work off the same queue, and reports three figures of each.
pub(crate) async fn compare(args: Args) -> Result<()> {
    let Args {
        setup,
        original,
        events,
    } = args;
    let emulated = setup.emulated_cloud(None).await?;
    let sink = Sink::start(&setup.folder, Duration::ZERO).await?;
    let (cloud, http) = (&emulated.cloud, &emulated.services.http);

    messages::fill(&cloud.queue, events, 0).await?;
    let adapter = MeasuredAdapter::start(&emulated, &sink.url, "source-adapter").await?;
    let arrivals = sink.wait_for(events).await?;
    cloud.drained(DRAIN_DEADLINE).await?;
    let ours = figures(&arrivals, adapter.end(http).await?.usage);

    messages::fill(&cloud.queue, events, 0).await?;
    sink.forget().await?;
    let mns: SocketAddr = emulated.services.addresses().mns.parse()?;
    let api_server = ApiServer::start(mns.port()).await?;
    let folder = setup.folder.join("original-adapter");
    let original = api_server.start_original(folder, &original, &sink.url)?;
    let arrivals = sink.wait_for(events).await;
    let arrivals = arrivals.with_context(|| original.last_words())?;
    cloud.drained(DRAIN_DEADLINE).await?;
    let theirs = figures(&arrivals, original.usage()?);
    report(&[ours, theirs].concat())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
fn figures(arrivals: &Arrivals, usage: Usage) -> [f64; 3] {
    [
        arrivals.per_second(),
        usage.cpu.as_secs_f64() * 1e6 / arrivals.count as f64,
        mb(usage.peak_bytes),
    ]
}

/// What the original reads its Secret from, over TLS as in a pod.
struct ApiServer {
    front: TlsFront,
    _socket: Socket,
}

impl ApiServer {
    /// With a Secret that leads to MNS in this port of the machine.
    async fn start(mns_port: u16) -> Result<Self> {
        let document = json!({
            "url": format!("http://{MNS_HOST}:{mns_port}"),
            "accessKeyId": testbed::ACCESS_KEY_ID,
            "accessKeySecret": testbed::ACCESS_KEY_SECRET,
        });
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "mns", "namespace": "default"},
            "data": {"mns": BASE64_STANDARD.encode(document.to_string())},
        });
        let server = FakeApiServer::new();
        server.put(SECRET, secret);
        let socket = server.listen().await?;
        let url = socket.url();
        let plain = url.trim_start_matches("http://");
        Ok(Self {
            front: TlsFront::start("127.0.0.1:0", "127.0.0.1", plain).await?,
            _socket: socket,
        })
    }

    /// Starts the original in a pod of this cluster.
    fn start_original(&self, folder: PathBuf, program: &Path, sink: &str) -> Result<Original> {
        let image = Image::new(folder, program, &[MNS_HOST])?;
        let certificate = self.front.certificate.as_bytes();
        image.put(&format!("{ACCOUNT_FOLDER}/ca.crt"), certificate)?;
        image.put(&format!("{ACCOUNT_FOLDER}/token"), b"token")?;
        let port = self.front.address.port().to_string();
        let env = [
            ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
            ("KUBERNETES_SERVICE_PORT", port.as_str()),
            ("NAMESPACE", "default"),
            ("SECRET_NAME", "mns"),
            ("SECRET_KEY", "mns"),
            ("SINK_URI", sink),
            ("MNS_TOPIC", "photos"),
            ("MNS_SUBSCRIPTION_ID", QUEUE),
        ];
        image.start(&[], &env)
    }
}
