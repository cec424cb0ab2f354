//! A sink that costs next to nothing: it reads a request, waits as long as it was told, says
//! 202 and counts. In a process of its own, so that its CPU time is not that of the process that
//! posts; its own clock says when the first and the last event came.

use std::collections::HashSet;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use testbed::{Launch, Process, Signal};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// How often the sink is asked what has come.
const POLL: Duration = Duration::from_millis(20);
/// Longer than this without one more event, and something is broken.
const STALL_DEADLINE: Duration = Duration::from_secs(30);

/// Counts of the events so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Arrivals {
    /// Events.
    pub(crate) count: u64,
    /// Bytes of their bodies.
    pub(crate) bytes: u64,
    /// From the first to the last one.
    pub(crate) seconds: f64,
    /// So long took 99 of 100 answers at most, from the request in full to the answer.
    pub(crate) p99_ms: f64,
    /// Events of different ids, where the sink was told to look at them.
    pub(crate) distinct: u64,
    /// So long took the fastest answer: the service time, as the clock has it.
    pub(crate) fastest_ms: f64,
}

impl Arrivals {
    /// Between the first and the last one: starting up is not part of it.
    #[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
    pub(crate) fn per_second(&self) -> f64 {
        self.count.saturating_sub(1) as f64 / self.seconds
    }
}

/// A running sink, as the bench sees it. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Sink {
    /// Where to post to.
    pub(crate) url: String,
    http: reqwest::Client,
    launch: Launch,
    process: Process,
}

impl Sink {
    /// Starts one that takes `latency` for each answer.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start(folder: &Path, latency: Duration) -> Result<Self> {
        let latency_ms = latency.as_millis().to_string();
        Self::launch(folder, "sink", &["--latency-ms", &latency_ms]).await
    }

    /// Starts one that answers at once and tells events apart by their ids.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn telling_apart(folder: &Path) -> Result<Self> {
        Self::launch(folder, "sink", &["--latency-ms", "0", "--tell-apart"]).await
    }

    /// Starts one with so many workers, which take `service_time` for each answer.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn with_workers(
        folder: &Path,
        workers: usize,
        service_time: Duration,
    ) -> Result<Self> {
        let latency_ms = service_time.as_millis().to_string();
        let args = [
            "--latency-ms",
            &latency_ms,
            "--workers",
            &workers.to_string(),
        ];
        Self::launch(folder, "slow-sink", &args).await
    }

    /// Starts one that says 200 and this to every post, instead of 202 and nothing.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn answering(
        folder: &Path,
        name: &'static str,
        latency: Duration,
        answer: &str,
    ) -> Result<Self> {
        let latency_ms = latency.as_millis().to_string();
        Self::launch(
            folder,
            name,
            &["--latency-ms", &latency_ms, "--answer", answer],
        )
        .await
    }

    async fn launch(folder: &Path, name: &'static str, args: &[&str]) -> Result<Self> {
        let args = std::iter::once(&"serve-sink").chain(args);
        let launch = Launch {
            name,
            executable: crate::child::EXECUTABLE.into(),
            args: args.map(Into::into).collect(),
            env: std::collections::BTreeMap::new(),
            folder: folder.to_owned(),
        };
        let process = Process::start(launch.clone()).await?;
        Ok(Self {
            url: format!("http://{}/", process.address("http")?),
            http: service::http_client(&service::ConnectOptions::default())?,
            launch,
            process,
        })
    }

    /// Kills it, and starts it again at the same address after `outage`. It counts anew.
    ///
    /// # Errors
    /// When it cannot be killed or started.
    pub(crate) async fn killed_for(self, outage: Duration) -> Result<Self> {
        let address = self.process.address("http")?.to_owned();
        self.process.kill().await?;
        sleep(outage).await;
        let mut launch = self.launch.clone();
        launch.args.extend(["--listen".into(), address.into()]);
        Ok(Self {
            process: Process::start(launch).await?,
            ..self
        })
    }

    /// Freezes it for `outage`: it takes connections and answers nothing. It counts anew.
    ///
    /// # Errors
    /// When it is gone.
    pub(crate) async fn frozen_for(self, outage: Duration) -> Result<Self> {
        self.process.signal(Signal::SIGSTOP)?;
        sleep(outage).await;
        self.process.signal(Signal::SIGCONT)?;
        self.forget().await?;
        Ok(self)
    }

    /// Counts of the events so far.
    ///
    /// # Errors
    /// When the sink is gone.
    pub(crate) async fn arrivals(&self) -> Result<Arrivals> {
        let answer = self.http.get(&self.url).send().await?.bytes().await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Forgets what has come.
    ///
    /// # Errors
    /// When the sink is gone.
    pub(crate) async fn forget(&self) -> Result<()> {
        self.http.delete(&self.url).send().await?;
        Ok(())
    }

    /// Waits until so many have come.
    ///
    /// # Errors
    /// When nothing has come for half a minute.
    pub(crate) async fn wait_for(&self, count: u64) -> Result<Arrivals> {
        let (mut before, mut since) = (0, Instant::now());
        loop {
            let arrivals = self.arrivals().await?;
            if arrivals.count >= count {
                return Ok(arrivals);
            }
            if arrivals.count > before {
                (before, since) = (arrivals.count, Instant::now());
            }
            anyhow::ensure!(
                since.elapsed() < STALL_DEADLINE,
                "only {before} of {count} events reached the sink"
            );
            sleep(POLL).await;
        }
    }
}

/// Options of the role.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the bound address to this file.
    #[arg(long)]
    announce: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How long each answer takes.
    #[arg(long)]
    latency_ms: u64,
    /// JSON to answer with.
    #[arg(long)]
    answer: Option<String>,
    /// Tell events apart by their ids.
    #[arg(long)]
    tell_apart: bool,
    /// Answers that are worked on at one time; all of them if absent.
    #[arg(long)]
    workers: Option<usize>,
}

/// How a post is answered.
#[derive(Debug)]
struct SinkBehaviour {
    latency: Duration,
    answer: Option<Bytes>,
    tell_apart: bool,
    workers: Option<Semaphore>,
}

#[derive(Debug, Default)]
struct Counted {
    arrivals: Arrivals,
    first: Option<Instant>,
    ids: HashSet<u64>,
    answer_times_ms: Vec<f64>,
}

/// Serves until it is killed.
pub(crate) async fn serve(args: Args) -> Result<()> {
    let Args {
        announce,
        listen,
        latency_ms,
        answer,
        tell_apart,
        workers,
    } = args;
    let listener = TcpListener::bind(listen).await?;
    service::announce(&announce, &[("http", listener.local_addr()?)])?;
    let counted = Arc::new(Mutex::new(Counted::default()));
    let behaviour = Arc::new(SinkBehaviour {
        latency: Duration::from_millis(latency_ms),
        answer: answer.map(Bytes::from),
        tell_apart,
        workers: workers.map(Semaphore::new),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (counted, behaviour) = (counted.clone(), behaviour.clone());
        let serve =
            service_fn(move |request| serve_one(request, behaviour.clone(), counted.clone()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), serve);
        // A poster that goes away ends its connection and nothing else.
        tokio::spawn(async move { drop(connection.await) });
    }
}

async fn serve_one(
    request: Request<Incoming>,
    behaviour: Arc<SinkBehaviour>,
    counted: Arc<Mutex<Counted>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let lock = || counted.lock();
    let method = request.method().clone();
    let id = behaviour.tell_apart.then(|| id_of(&request));
    // A body that breaks off is counted with what came of it.
    let body = request.into_body().collect().await;
    let bytes = body.map_or(0, |body| body.to_bytes().len() as u64);
    let mut response = Response::default();
    if method == Method::POST {
        lock().note(bytes);
        lock().ids.extend(id);
        if !behaviour.latency.is_zero() {
            let came = Instant::now();
            behaviour.work().await;
            lock()
                .answer_times_ms
                .push(came.elapsed().as_secs_f64() * 1000.0);
        }
        match &behaviour.answer {
            Some(answer) => *response.body_mut() = Full::from(answer.clone()),
            None => *response.status_mut() = StatusCode::ACCEPTED,
        }
    } else if method == Method::DELETE {
        *lock() = Counted::default();
    } else {
        let arrivals = lock().arrivals();
        let json = serde_json::to_vec(&arrivals).unwrap_or_default();
        *response.body_mut() = Full::from(json);
    }
    Ok(response)
}

/// Enough of an event's id to tell it from others.
fn id_of(request: &Request<Incoming>) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.headers().get("ce-id").hash(&mut hasher);
    hasher.finish()
}

impl SinkBehaviour {
    async fn work(&self) {
        let _worker = match &self.workers {
            // An error never happens: the semaphore is not closed.
            Some(workers) => workers.acquire().await.ok(),
            None => None,
        };
        sleep(self.latency).await;
    }
}

impl Counted {
    fn arrivals(&mut self) -> Arrivals {
        let times = &mut self.answer_times_ms;
        times.sort_by(f64::total_cmp);
        let nth = |index: usize| times.get(index).copied().unwrap_or_default();
        Arrivals {
            distinct: self.ids.len() as u64,
            p99_ms: nth(times.len() * 99 / 100),
            fastest_ms: nth(0),
            ..self.arrivals
        }
    }

    fn note(&mut self, bytes: u64) {
        let now = Instant::now();
        let first = *self.first.get_or_insert(now);
        self.arrivals.count += 1;
        self.arrivals.bytes += bytes;
        self.arrivals.seconds = (now - first).as_secs_f64();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_from_first_to_last() {
        let mut counted = Counted::default();
        for number in 1..=5 {
            counted.note(10);
            counted.answer_times_ms.push(f64::from(6 - number));
        }
        counted.arrivals.seconds = 0.4;
        let arrivals = counted.arrivals();
        assert_eq!((arrivals.count, arrivals.bytes), (5, 50));
        assert!((arrivals.per_second() - 10.0).abs() < 1e-6);
        assert!((arrivals.p99_ms - 5.0).abs() < 1e-6);
        assert!((arrivals.fastest_ms - 1.0).abs() < 1e-6);
    }
}
