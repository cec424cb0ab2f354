//! The picture of the dashboard (`docs/dashboard.png`), made of a run of the pipeline.
//!
//! Prometheus scrapes the binaries as the `PodMonitor`s say and answers the dashboard's own queries;
//! a page draws the answers, and Chromium takes its picture. Nobody judges the picture, so no run
//! of the tests makes it. The variables `PROMETHEUS` and `CHROMIUM` name the two where they are not
//! installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fake_api_server::FakeApiServer;
use serde_json::{Value, json};
use testbed::{Fault, FaultKind, Process, eventually, workspace_root};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::fixture::{Fixture, pipeline, portrait};
use crate::metrics::{controller, fill};

const RUN: Duration = Duration::from_mins(12);
/// Rates are of five minutes; what comes before is of a shorter time.
const SHOWN_SECONDS: u64 = 10 * 60;
const STEP_SECONDS: u64 = 5;

#[tokio::test]
#[ignore = "takes twelve minutes and needs Prometheus and Chromium: draws docs/dashboard.png"]
async fn the_dashboard_is_drawn() {
    let pipeline = pipeline(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let server = FakeApiServer::new();
    let socket = server.listen().await.unwrap();
    fill(&server, &pipeline);
    let controller = Process::start(controller(&socket, folder.path()).await).await;
    let controller = controller.unwrap();
    let (prometheus, base) = prometheus(&pipeline, &controller, folder.path()).await;
    work(&pipeline).await;
    let answers = answers(&pipeline.services.http, &base).await;
    draw(&answers).await;
    drop(prometheus);
    controller.stop().await.unwrap();
    pipeline.stop().await;
}

/// Starts Prometheus; returns it with its URL.
async fn prometheus(pipeline: &Fixture, controller: &Process, folder: &Path) -> (Child, String) {
    let addresses = pipeline.services.addresses();
    let job = |name: &str, target: &str, labels: Value| json!({"job_name": name, "static_configs": [{"targets": [target], "labels": labels}]});
    let config = json!({
        "global": {"scrape_interval": format!("{STEP_SECONDS}s")},
        "scrape_configs": [
            job("adapter", &addresses.source_adapter, json!({"namespace": "shop", "source": "photos"})),
            job("face", &addresses.face_recognition, json!({"namespace": "shop"})),
            job("controller", controller.address("http").unwrap(), json!({"namespace": "mnsoss-system"})),
        ],
    });
    let file = folder.join("prometheus.yml");
    fs::write(&file, config.to_string()).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let child = Command::new(program("PROMETHEUS", "prometheus"))
        .arg(format!("--config.file={}", file.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let listens = || std::net::TcpStream::connect(address).is_ok();
    eventually("Prometheus listens", listens).await;
    (child, format!("http://{address}"))
}

/// Photos in waves, some trouble, and things that are no photos.
async fn work(pipeline: &Fixture) {
    let admin = &pipeline.cloud.account.admin;
    let started = Instant::now();
    let mut trouble = None;
    for index in 0.. {
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        if minutes * 60.0 > RUN.as_secs_f64() {
            break;
        }
        let is_trouble = (5.0..6.5).contains(&minutes);
        if is_trouble && trouble.is_none() {
            let kind = FaultKind::Error {
                status: 503,
                code: "ServiceUnavailable",
            };
            let fault = Fault {
                probability: Some(0.5),
                ..Fault::always("face", "*", kind)
            };
            trouble = Some(admin.add_fault(&fault).await.unwrap().id);
        } else if !is_trouble && let Some(id) = trouble.take() {
            admin.remove_fault(id).await.unwrap();
        }
        match index % 20 {
            3 => drop(pipeline.upload("notes.txt", "not a photo".into()).await),
            11 => drop(
                pipeline
                    .upload("broken.jpg", portrait().slice(..2000))
                    .await,
            ),
            _ => drop(pipeline.upload(&format!("{index}.jpg"), portrait()).await),
        }
        // From one photo in 1.6 s to three a second, in waves of four minutes.
        let wave = (minutes * std::f64::consts::PI / 2.0).sin();
        sleep(Duration::from_secs_f64(0.95 - 0.6 * wave)).await;
    }
}

/// The dashboard with the answers to its queries.
async fn answers(http: &reqwest::Client, base: &str) -> Value {
    let path = workspace_root().join("deploy/observability/dashboard.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let to = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let to = to.as_secs();
    let from = to - SHOWN_SECONDS;
    let mut panels = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let mut series = Vec::new();
        for target in panel["targets"].as_array().unwrap() {
            let query = [
                ("query", target["expr"].as_str().unwrap().to_owned()),
                ("start", from.to_string()),
                ("end", to.to_string()),
                ("step", STEP_SECONDS.to_string()),
            ];
            let url = reqwest::Url::parse_with_params(&format!("{base}/api/v1/query_range"), query);
            let answer = http.get(url.unwrap()).send().await.unwrap();
            let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            assert_eq!(answer["status"], "success", "{target}: {answer}");
            let legend = target["legendFormat"].as_str().unwrap();
            let found = answer["data"]["result"].as_array().unwrap();
            series.extend(found.iter().map(|line| line_of(line, legend)));
        }
        assert!(!series.is_empty(), "{} has no line", panel["title"]);
        let unit = &panel["fieldConfig"]["defaults"]["unit"];
        panels.push(json!({"title": panel["title"], "unit": unit, "series": series}));
    }
    json!({"title": dashboard["title"], "from": from, "to": to, "panels": panels})
}

/// A line of a plot: its name by Grafana's pattern, and its points as numbers.
fn line_of(line: &Value, legend: &str) -> Value {
    let labels = line["metric"].as_object().unwrap();
    let name = labels
        .iter()
        .fold(legend.to_owned(), |name, (label, value)| {
            name.replace(&format!("{{{{{label}}}}}"), value.as_str().unwrap())
        });
    let points = line["values"].as_array().unwrap().iter();
    let number = |point: &Value| point[1].as_str().unwrap().parse::<f64>().unwrap();
    // JSON has no word for what is no number.
    let points: Vec<_> = points
        .map(|point| json!([point[0], number(point)]))
        .collect();
    json!({"name": name, "points": points})
}

async fn draw(answers: &Value) {
    let page = include_str!("dashboard.html").replace("/* ANSWERS */", &answers.to_string());
    let folder = workspace_root().join("target/dashboard");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("index.html");
    fs::write(&file, page).unwrap();
    let picture = workspace_root().join("docs/dashboard.png");
    let status = Command::new(program("CHROMIUM", "chromium"))
        .args([
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--window-size=1280,1640",
        ])
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", file.display()))
        .stderr(Stdio::null())
        .status()
        .await
        .unwrap();
    assert!(status.success(), "{status}");
}

/// What is installed, or what the variable names.
fn program(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| usual.into(), PathBuf::from)
}
