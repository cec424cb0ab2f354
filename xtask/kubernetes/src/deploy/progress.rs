//! The progress that a person sees while objects become ready.
//!
//! On a terminal a line with a spinner for each object; elsewhere one line for each event, so that a
//! log of CI has the same content.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

const TICK: Duration = Duration::from_millis(120);

/// The whole display.
pub(crate) struct Progress {
    bars: Option<MultiProgress>,
}

impl Progress {
    /// On standard error, whatever that is.
    pub(crate) fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars }
    }

    /// Prints nothing, for tests.
    #[cfg(test)]
    pub(crate) fn hidden() -> Self {
        Self {
            bars: Some(MultiProgress::with_draw_target(
                indicatif::ProgressDrawTarget::hidden(),
            )),
        }
    }

    /// Something that happened.
    pub(crate) fn say(&self, text: &str) {
        match &self.bars {
            // A closed terminal is no reason to stop.
            Some(bars) => drop(bars.println(text)),
            None => eprintln!("{text}"),
        }
    }

    /// Something that takes time.
    pub(crate) fn start(&self, name: String) -> Line<'_> {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner().with_style(style()));
            bar.set_prefix(name.clone());
            bar.enable_steady_tick(TICK);
            bar
        });
        Line {
            progress: self,
            name,
            bar,
            last: String::new(),
        }
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{spinner} {prefix} {wide_msg:.dim} {elapsed}");
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// One thing that takes time. Its line is gone when this is dropped.
pub(crate) struct Line<'a> {
    progress: &'a Progress,
    name: String,
    bar: Option<ProgressBar>,
    last: String,
}

impl Line<'_> {
    /// The reason for the wait; shown again only when it changes.
    pub(crate) fn waits(&mut self, why: &str) {
        if self.last == why {
            return;
        }
        why.clone_into(&mut self.last);
        match &self.bar {
            Some(bar) => bar.set_message(why.to_owned()),
            None => eprintln!("{}: {why}", self.name),
        }
    }

    /// It came to its end.
    pub(crate) fn done(self, how: &str) {
        self.progress.say(&format!("{} {how}", self.name));
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
