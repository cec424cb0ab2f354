//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::schedule::Size;

/// Sends photos through the pipeline while everything around them breaks, and proves that
/// none is lost.
///
/// Services are killed, cut off the network and given expired credentials; APIs and sink
/// fail, stall, break off and repeat themselves. At the end each photo must have its one
/// correct result, the queue must be empty and every duplicate recognised. Exits with a
/// failure if that is not so.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask chaos", bin_name = "cargo xtask chaos")]
pub struct Args {
    /// Seed of everything that is left to chance [default: a new one each time]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many photos go through.
    #[arg(long, value_name = "COUNT", default_value_t = 600, value_parser = photos)]
    photos: usize,
    /// How long things go wrong, in minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: u64,
    /// The form for every change: 200 photos, 40 seconds.
    #[arg(long, conflicts_with_all = ["photos", "minutes"])]
    short: bool,
    /// Runtime of the services.
    #[arg(long, default_value = "auto")]
    isolation: Isolation,
    /// Write the report to this file as well, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Runtime of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Isolation {
    /// Containers where that is possible, else processes.
    Auto,
    /// Containers on a network of their own, or nothing.
    Containers,
    /// Processes of this machine.
    Processes,
}

/// Options of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Decides all that is left to chance.
    pub seed: u64,
    /// How much is done.
    pub size: Size,
    /// Runtime of the services.
    pub isolation: Isolation,
    /// Without faults, it is the calm run that others are compared with.
    pub is_calm: bool,
    /// For the test of the test: what is taken away by hand.
    pub theft: Option<Theft>,
}

/// A theft that the suite must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theft {
    /// One message of the queue.
    Message,
    /// One result.
    Result,
}

impl Args {
    /// The options of the command line.
    #[must_use]
    pub fn options(&self) -> Options {
        let size = Size {
            photos: self.photos,
            window: Duration::from_mins(self.minutes),
        };
        Options {
            seed: self.seed.unwrap_or_else(|| rand::random::<u32>().into()),
            size: if self.short { Size::SHORT } else { size },
            isolation: self.isolation,
            is_calm: false,
            theft: None,
        }
    }
}

/// The marks on the photos hold no larger numbers.
fn photos(text: &str) -> Result<usize, String> {
    let count = text
        .parse()
        .ok()
        .filter(|count| (1..=100_000).contains(count));
    count.ok_or_else(|| "it must be a number from 1 to 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_short_form_has_one_size() {
        let read = |words: &[&str]| Args::try_parse_from([&["chaos"], words].concat());
        let short = read(&["--short", "--seed", "5"]).unwrap().options();
        assert_eq!((short.seed, short.size), (5, Size::SHORT));
        assert!(read(&["--short", "--minutes", "3"]).is_err());
        let long = read(&["--minutes", "3"]).unwrap().options();
        assert_eq!(long.size.window, Duration::from_mins(3));
    }
}
