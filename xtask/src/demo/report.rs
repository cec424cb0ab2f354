//! The output of the demo: a line or a JSON object per photo, and where the time went.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

/// One photo that came back.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    /// The photo that was sent.
    pub(super) source: &'a Path,
    /// The annotated photo.
    pub(super) target: &'a Path,
    /// How many faces were found.
    pub(super) faces: u32,
    /// From the start of the upload until the result lay in the bucket.
    pub(super) elapsed_ms: u64,
}

impl Line<'_> {
    pub(super) fn print(&self, json: bool, out: &mut impl Write) -> Result<()> {
        if json {
            serde_json::to_writer(&mut *out, self)?;
            writeln!(out)?;
        } else {
            let faces = if self.faces == 1 {
                "1 face".to_owned()
            } else {
                format!("{} faces", self.faces)
            };
            let (source, target) = (self.source.display(), self.target.display());
            writeln!(out, "{source} → {target}  {faces}, {} ms", self.elapsed_ms)?;
        }
        out.flush()?;
        Ok(())
    }
}

/// A stage of the way and the time that photos spent in it, all together.
pub(super) struct Share {
    pub(super) stage: &'static str,
    pub(super) total: Duration,
    pub(super) count: u64,
}

/// Prints the table of where the time went, one row per stage, in the order of the
/// way; the bar shows the share of the sum.
pub(super) fn print_shares(shares: &[Share], out: &mut impl Write) -> Result<()> {
    const BAR: f64 = 30.0;
    let sum: f64 = shares.iter().map(|share| share.total.as_secs_f64()).sum();
    writeln!(out, "\nwhere the time went            per photo   share")?;
    for share in shares {
        let part = if sum > 0.0 {
            share.total.as_secs_f64() / sum
        } else {
            0.0
        };
        let each = share
            .total
            .checked_div(u32::try_from(share.count.max(1))?)
            .unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of 30 signs"
        )]
        let bar = "█".repeat((part * BAR).round() as usize);
        let each_ms = each.as_secs_f64() * 1000.0;
        writeln!(
            out,
            "  {:<27} {each_ms:>7.1} ms   {:>4.0} %  {bar}",
            share.stage,
            part * 100.0
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_for_people_or_for_programs() {
        let line = Line {
            source: Path::new("a b.jpg"),
            target: Path::new("out/a b.after.jpg"),
            faces: 1,
            elapsed_ms: 7,
        };
        let print = |json| {
            let mut out = Vec::new();
            line.print(json, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(print(false), "a b.jpg → out/a b.after.jpg  1 face, 7 ms\n");
        assert_eq!(
            print(true),
            "{\"source\":\"a b.jpg\",\"target\":\"out/a b.after.jpg\",\"faces\":1,\"elapsed_ms\":7}\n"
        );
    }

    #[test]
    fn shares_add_up_to_the_whole() {
        let share = |stage, ms| Share {
            stage,
            total: Duration::from_millis(ms),
            count: 2,
        };
        let mut out = Vec::new();
        print_shares(&[share("fetch", 30), share("draw", 90)], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("fetch                          15.0 ms     25 %"),
            "{text}"
        );
        assert!(
            text.contains("draw                           45.0 ms     75 %"),
            "{text}"
        );
    }
}
