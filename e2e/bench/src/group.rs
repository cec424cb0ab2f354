//! The names on the command line, and what stands behind each.

use anyhow::Result;
use clap::ValueEnum;

use crate::bench::Bench;
use crate::{
    adapter, annotate, backlog, capacity, controller, face, local, micro, peers, recovery, start,
};

/// Rows that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// The adapter's events per second, beside the serial way and a bare client.
    Adapter,
    /// The adapter's memory while a long queue is worked off.
    Backlog,
    /// Throughput at the limits of the cloud's services.
    Capacity,
    /// How soon events flow again after the sink or the queue was gone.
    Recovery,
    /// CPU time and memory to annotate photos of all sizes, beside libjpeg-turbo.
    Annotate,
    /// The original programs side by side with ours, where their binaries are given.
    Peers,
    /// The local back end's CPU time, and the faces it finds.
    Local,
    /// The face service's photos per second, latency and CPU time.
    Face,
    /// The cost of many sources for controller, API server and MNS.
    Controller,
    /// From process start to ready; sizes of binaries and images.
    Start,
    /// Bytes per second of signing, XML and event parsing.
    Micro,
}

impl Group {
    /// The chosen ones, or all if none is, in the order of their definition.
    pub(crate) fn chosen(named: &[Self]) -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|group| named.is_empty() || named.contains(group))
            .collect()
    }

    /// As on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Adapter => "adapter",
            Self::Backlog => "backlog",
            Self::Capacity => "capacity",
            Self::Recovery => "recovery",
            Self::Annotate => "annotate",
            Self::Peers => "peers",
            Self::Local => "local",
            Self::Face => "face",
            Self::Controller => "controller",
            Self::Start => "start",
            Self::Micro => "micro",
        }
    }

    /// Measures its rows.
    pub(crate) async fn run(self, bench: &mut Bench) -> Result<()> {
        match self {
            Self::Adapter => adapter::run(bench).await,
            Self::Backlog => backlog::run(bench).await,
            Self::Capacity => capacity::run(bench).await,
            Self::Recovery => recovery::run(bench).await,
            Self::Annotate => annotate::run(bench),
            Self::Peers => peers::run(bench).await,
            Self::Local => local::run(bench),
            Self::Face => face::run(bench).await,
            Self::Controller => controller::run(bench).await,
            Self::Start => start::run(bench).await,
            Self::Micro => micro::run(bench),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for group in Group::value_variants() {
            let value = group.to_possible_value().unwrap();
            assert_eq!(value.get_name(), group.name());
        }
    }

    #[test]
    fn nothing_chosen_is_everything() {
        assert_eq!(Group::chosen(&[]), Group::value_variants());
        assert_eq!(Group::chosen(&[Group::Start]), [Group::Start]);
    }
}
