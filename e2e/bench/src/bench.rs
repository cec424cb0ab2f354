//! One run: its options, the binaries under test, and the rows so far.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use testbed::{Binaries, Cloud, Services};

use crate::child::Setup;
use crate::machine::Machine;
use crate::peers::Peers;
use crate::report::{GroupFailure, Report};
use crate::row::Row;
use crate::table;

/// The packages that are built, in one go: another set would enable other features and build all
/// again.
const PACKAGES: [&str; 5] = [
    "emulator",
    "source-adapter",
    "source-controller",
    "face-recognition",
    "bench",
];

/// An emulator with a bucket wired to a queue, and room for services beside it.
#[derive(Debug)]
pub(crate) struct EmulatedCloud {
    /// The emulator, and what is started beside it.
    pub(crate) services: Services,
    /// The cloud as its user sees it.
    pub(crate) cloud: Cloud,
}

/// What one run measures beside the usual.
#[derive(Debug)]
pub(crate) struct Options {
    /// Fewer repetitions of smaller amounts.
    pub(crate) quick: bool,
    /// Outages of ten minutes as well.
    pub(crate) long_outages: bool,
    /// The Python with ONNX Runtime.
    pub(crate) onnxruntime: Option<PathBuf>,
    /// The original programs.
    pub(crate) peers: Peers,
}

/// One run.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The binaries under test, in the release profile.
    pub(crate) binaries: Binaries,
    /// The controller's binary, likewise.
    pub(crate) controller: PathBuf,
    options: Options,
    folder: TempDir,
    group: &'static str,
    report: Report,
}

impl Bench {
    /// Builds what is to be measured.
    ///
    /// # Errors
    /// When it does not build, or there is no place for temporary files.
    pub(crate) async fn new(options: Options) -> Result<Self> {
        // Looked at first: building is load.
        let machine = Machine::here();
        let messages = testbed::build(&PACKAGES).await?;
        Ok(Self {
            binaries: Binaries::from_cargo_messages(&messages)?,
            controller: testbed::executable(&messages, "source-controller")?,
            report: Report::new(options.quick, machine),
            options,
            folder: tempfile::tempdir().context("no temporary folder")?,
            group: "",
        })
    }

    /// The first in a full run, the second in a quick one.
    pub(crate) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.options.quick { quick } else { full }
    }

    /// The Python with ONNX Runtime, if one was given.
    pub(crate) fn onnxruntime(&self) -> Option<&Path> {
        self.options.onnxruntime.as_deref()
    }

    /// The original programs, as far as they were given.
    pub(crate) fn peers(&self) -> &Peers {
        &self.options.peers
    }

    /// Whether outages of ten minutes are measured.
    pub(crate) fn has_long_outages(&self) -> bool {
        self.options.long_outages
    }

    /// A folder for files of this run; it goes away with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts an emulator, with its log in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn emulated_cloud(&self, folder: &Path) -> Result<EmulatedCloud> {
        Setup::new(&self.binaries, folder)
            .emulated_cloud(None)
            .await
    }

    /// What a child runs the pipeline with, in the folder of this run.
    pub(crate) fn setup(&self) -> Setup {
        Setup::new(&self.binaries, self.folder())
    }

    /// Shows progress.
    pub(crate) fn step(&self, what: &str) {
        eprintln!("── {}: {what}", self.group);
    }

    /// Adds a row, and shows it at once.
    pub(crate) fn row(&mut self, mut row: Row) {
        row.group = self.group;
        eprintln!("   {}", table::line(&row));
        self.report.rows.push(row);
    }

    /// The rows that follow belong to the group of this name.
    pub(crate) fn enter(&mut self, group: &'static str) {
        self.group = group;
    }

    /// The group that was entered last could not be measured (to its end).
    pub(crate) fn failed(&mut self, error: &anyhow::Error) {
        eprintln!("   failed: {error:#}");
        self.report.failures.push(GroupFailure {
            group: self.group,
            error: format!("{error:#}"),
        });
    }

    /// All of it.
    pub(crate) fn into_report(self) -> Report {
        self.report
    }
}
