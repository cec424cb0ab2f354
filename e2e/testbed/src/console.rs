//! The pipeline with its console: what `cargo xtask dev` keeps running, and what the tests in a
//! browser look at.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use http::Method;
use oss::CorsRule;
use tokio::sync::Mutex;

use crate::binaries::{Binaries, build, executable};
use crate::broker::Broker;
use crate::cloud::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, BUCKET, Cloud, QUEUE, REGION, TARGET};
use crate::process::{Launch, Process};
use crate::service::{Addresses, Service, Settings};
use crate::services::Services;

/// What people sign in with at the console that the testbed starts: known to everybody, as the
/// key pair of its cloud.
pub const CONSOLE_TOKEN: &str = "local-pipeline-console";

/// The pipeline with its console.
///
/// [`stop`](Self::stop) ends it in order; dropping it kills the processes.
#[derive(Debug)]
pub struct ConsolePipeline {
    /// Emulator, face service and adapter.
    pub services: Services,
    /// The cloud as the pipeline's user sees it.
    pub cloud: Cloud,
    /// `host:port` of the page.
    address: String,
    launch: Launch,
    /// While it runs.
    console: Mutex<Option<Process>>,
    _broker: Broker,
}

/// The binaries of a pipeline with its console.
#[derive(Debug, Clone)]
pub struct ConsoleBinaries {
    pipeline: Binaries,
    console: PathBuf,
}

impl ConsoleBinaries {
    /// Builds what is out of date, see [`build`].
    ///
    /// # Errors
    /// As [`build`].
    pub async fn build() -> Result<Self> {
        let messages = build(&[
            "emulator",
            "source-adapter",
            "face-recognition",
            "photo-console",
            "xtask",
        ]);
        let messages = messages.await?;
        Ok(Self {
            pipeline: Binaries::from_cargo_messages(&messages)?,
            console: executable(&messages, "photo-console")?,
        })
    }
}

impl ConsolePipeline {
    /// Starts everything, the console at `listen`, with the cross-origin rule that its page needs.
    /// Returns once the services are ready.
    ///
    /// # Errors
    /// When a process does not start (with the end of its log) or refuses a call.
    pub async fn start(
        binaries: &ConsoleBinaries,
        settings: Settings,
        listen: &str,
    ) -> Result<Self> {
        let mut services = Services::processes(binaries.pipeline.clone(), settings)?;
        let cloud = services.start_cloud().await?;
        let mut launch = launch(&services, binaries.console.clone(), listen)?;
        let console = Process::start(launch.clone()).await?;
        let address = console.address("http")?.to_owned();
        // It comes back where its pages look for it.
        launch.args = vec!["--listen".into(), address.clone().into()];
        allow_uploads(&cloud, &address).await?;
        let events = format!("http://{address}/events");
        services.start(Service::FaceRecognition).await?;
        let face_recognition = services.addresses().face_recognition;
        let broker = Broker::start(face_recognition, events.clone()).await?;
        let sink = ("K_SINK".to_owned(), broker.url());
        services.settings.adapter_env.extend([sink]);
        services.set_dead_letter_sink(&events);
        services.start(Service::SourceAdapter).await?;
        for service in [Service::FaceRecognition, Service::SourceAdapter] {
            services.ready(service).await?;
        }
        Ok(Self {
            services,
            cloud,
            address,
            launch,
            console: Mutex::new(Some(console)),
            _broker: broker,
        })
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Kills the console without warning. It stays away until it is started.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill_console(&self) -> Result<()> {
        match self.console.lock().await.take() {
            Some(console) => console.kill().await,
            None => Ok(()),
        }
    }

    /// Starts the console where it was, unless it runs.
    ///
    /// # Errors
    /// When it does not start (with the end of its log).
    pub async fn start_console(&self) -> Result<()> {
        let mut console = self.console.lock().await;
        if console.is_none() {
            *console = Some(Process::start(self.launch.clone()).await?);
        }
        Ok(())
    }

    /// Stops everything in the order of the flow, so that nothing in work is cut.
    ///
    /// # Errors
    /// When a process had to be killed or reports a failure; the others are stopped all the same.
    pub async fn stop(&self) -> Result<()> {
        let stopped = self.services.stop().await;
        match self.console.lock().await.take() {
            Some(console) => console.stop().await.and(stopped),
            None => stopped,
        }
    }
}

/// How to start the console at an emulator, without keys.
///
/// # Errors
/// When the token to sign in with cannot be written to `folder`.
pub fn console_launch(
    executable: PathBuf,
    addresses: &Addresses,
    folder: &Path,
    listen: &str,
) -> Result<Launch> {
    let token = folder.join("console-token");
    std::fs::write(&token, CONSOLE_TOKEN)
        .with_context(|| format!("cannot write `{}`", token.display()))?;
    let env = [
        ("OSS_BUCKET", BUCKET.to_owned()),
        ("OSS_REGION", REGION.to_owned()),
        ("OSS_ENDPOINT", format!("http://{}", addresses.oss)),
        ("OSS_ADDRESSING", "path".to_owned()),
        ("UPLOAD_OSS_PATH", TARGET.to_owned()),
        ("MNS_ENDPOINT", format!("http://{}", addresses.mns)),
        ("MNS_QUEUE", QUEUE.to_owned()),
        ("CONSOLE_TOKEN_FILE", token.display().to_string()),
        ("CONSOLE_INSECURE_COOKIE", "true".to_owned()),
    ];
    Ok(Launch {
        name: "console",
        executable,
        args: vec!["--listen".into(), listen.into()],
        env: env.map(|(name, value)| (name.to_owned(), value)).into(),
        folder: folder.to_owned(),
    })
}

fn launch(services: &Services, executable: PathBuf, listen: &str) -> Result<Launch> {
    let settings = &services.settings;
    let mut launch = console_launch(executable, &services.addresses(), &settings.folder, listen)?;
    let own = [
        ("ACCESSKEY_ID", ACCESS_KEY_ID),
        ("ACCESSKEY_SECRET", ACCESS_KEY_SECRET),
        ("RUST_LOG", &settings.log),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    launch.env.extend(own);
    Ok(launch)
}

async fn allow_uploads(cloud: &Cloud, address: &str) -> Result<()> {
    let names = [
        address.to_owned(),
        address.replace("127.0.0.1", "localhost"),
    ];
    let rule = console_rule(names.map(|name| format!("http://{name}")).to_vec());
    let added = cloud.bucket.add_cors_rule(&rule).await;
    added.context("cannot set the cross-origin rule of the bucket")?;
    Ok(())
}

/// The one cross-origin rule that the page needs of the bucket, opened at `origins`: it uploads by
/// form and reads by URL.
#[must_use]
pub fn console_rule(origins: Vec<String>) -> CorsRule {
    CorsRule {
        origins,
        methods: vec![Method::GET, Method::HEAD, Method::POST],
        headers: vec!["*".to_owned()],
        exposed: vec!["ETag".to_owned(), "x-oss-request-id".to_owned()],
    }
}
