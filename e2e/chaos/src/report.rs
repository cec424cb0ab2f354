//! The report of a run, as a table for people and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::counts::Count;
use crate::fault::Fault;
use crate::ledger::Totals;

/// Mistakes that are named in the table; JSON has them all.
const SHOWN: usize = 20;

/// The report of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The seed of all random choices.
    pub seed: u64,
    /// `containers` or `processes`.
    pub isolation: String,
    /// Why it was those.
    pub reason: String,
    /// How long faults went on, in seconds.
    pub window_s: u64,
    /// From the first upload to the last look, in seconds.
    pub elapsed_s: u64,
    /// Photos that were uploaded.
    pub photos: usize,
    /// Versions of them that OSS took.
    pub versions: usize,
    /// Different events that the face service took.
    pub events: usize,
    /// Requests with events that reached it.
    pub deliveries: u64,
    /// Versions whose event never arrived, and photos without their one correct result. While
    /// messages are left, what they hold is among them.
    pub lost: usize,
    /// Versions for which the face API answered more than once, because an answer or the
    /// process that waited for it was lost.
    pub processed_twice: usize,
    /// Deliveries of events that had been taken before.
    pub duplicates: u64,
    /// Of these, those that cost no face API call.
    pub duplicates_recognised: u64,
    /// Messages left in the queue.
    pub left_in_queue: u64,
    /// Events that the adapter gave up on.
    pub dead_letters: usize,
    /// Injected faults.
    pub faults: Vec<FaultLine>,
    /// How the services fared.
    pub services: Vec<ServiceLine>,
    /// Everything that is not as it should be, one line each.
    pub mistakes: Vec<String>,
}

/// One kind of fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultLine {
    /// Its kind.
    pub kind: Fault,
    /// How often it was injected, each time survived unless something is lost.
    pub injected: u64,
    /// Calls, processes or photos that it struck; at least, where the emulator was killed.
    pub struck: u64,
}

/// How one service fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceLine {
    /// Its name.
    pub name: &'static str,
    /// Starts after the first.
    pub restarts: u64,
    /// Most memory resident, in KiB; 0 if the system does not say.
    pub peak_kib: u64,
}

/// Findings in the bucket, the queue and the dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) left_in_queue: u64,
    /// `subject: code reason` of each.
    pub(crate) dead_letters: Vec<String>,
    /// By the photo's key.
    pub(crate) mistakes: BTreeMap<String, String>,
    pub(crate) strays: Vec<String>,
}

/// Parameters of the run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setting {
    pub(crate) seed: u64,
    pub(crate) isolation: String,
    pub(crate) reason: String,
    pub(crate) window_s: u64,
    pub(crate) elapsed_s: u64,
    pub(crate) photos: usize,
    pub(crate) services: Vec<ServiceLine>,
    pub(crate) faults: BTreeMap<Fault, Count>,
}

impl Report {
    /// Judges what was written down and what was found.
    pub(crate) fn new(setting: Setting, totals: &Totals, findings: &Findings) -> Self {
        let lost: BTreeSet<_> = totals
            .unannounced
            .iter()
            .chain(findings.mistakes.keys())
            .collect();
        let unrecognised = totals.unrecognised.len() as u64;
        Self {
            seed: setting.seed,
            isolation: setting.isolation,
            reason: setting.reason,
            window_s: setting.window_s,
            elapsed_s: setting.elapsed_s,
            photos: setting.photos,
            versions: totals.stored,
            events: totals.events,
            deliveries: totals.deliveries,
            lost: lost.len(),
            processed_twice: totals.analysed_twice,
            duplicates: totals.duplicates,
            duplicates_recognised: totals.duplicates.saturating_sub(unrecognised),
            left_in_queue: findings.left_in_queue,
            dead_letters: findings.dead_letters.len(),
            mistakes: mistakes(totals, findings)
                .into_iter()
                .chain(never_struck(&setting.faults))
                .collect(),
            faults: setting.faults.iter().map(FaultLine::of).collect(),
            services: setting.services,
        }
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }
}

impl FaultLine {
    fn of((&kind, count): (&Fault, &Count)) -> Self {
        Self {
            kind,
            injected: count.injected,
            struck: count.struck,
        }
    }
}

/// A fault that struck nothing proves nothing, however well the run ended.
fn never_struck(faults: &BTreeMap<Fault, Count>) -> impl Iterator<Item = String> {
    let never = faults.iter().filter(|(_, count)| count.struck == 0);
    never.map(|(fault, _)| format!("a fault had no effect: {fault}"))
}

fn mistakes(totals: &Totals, findings: &Findings) -> Vec<String> {
    let mut mistakes = Vec::new();
    for key in &totals.unannounced {
        mistakes.push(format!("`{key}`: no event of a version ever arrived"));
    }
    for (key, mistake) in &findings.mistakes {
        mistakes.push(format!("`{key}`: {mistake}"));
    }
    for key in &totals.unrecognised {
        mistakes.push(format!(
            "`{key}`: a duplicate was not recognised and cost a face API call"
        ));
    }
    if findings.left_in_queue > 0 {
        mistakes.push(format!(
            "{} messages are left in the queue",
            findings.left_in_queue
        ));
    }
    for letter in &findings.dead_letters {
        mistakes.push(format!("given up: {letter}"));
    }
    for key in &findings.strays {
        mistakes.push(format!("`{key}`: a result without a photo"));
    }
    mistakes.extend(totals.notes.iter().cloned());
    mistakes
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<36}{:>9}{:>9}", "fault", "injected", "struck")?;
        for FaultLine {
            kind,
            injected,
            struck,
        } in &self.faults
        {
            writeln!(f, "{:<36}{injected:>9}{struck:>9}", kind.name())?;
        }
        writeln!(f, "\n{:<36}{:>9}{:>9}", "service", "restarts", "peak MiB")?;
        for ServiceLine {
            name,
            restarts,
            peak_kib,
        } in &self.services
        {
            writeln!(f, "{name:<36}{restarts:>9}{:>9}", peak_kib.div_ceil(1024))?;
        }
        let injected: u64 = self.faults.iter().map(|line| line.injected).sum();
        writeln!(f)?;
        for (name, figure) in [
            ("faults injected", injected),
            ("photos", self.photos as u64),
            ("versions of them", self.versions as u64),
            ("events delivered", self.events as u64),
            ("lost", self.lost as u64),
            ("processed twice", self.processed_twice as u64),
            ("duplicates", self.duplicates),
            ("duplicates recognised", self.duplicates_recognised),
            ("messages left", self.left_in_queue),
            ("dead letters", self.dead_letters as u64),
        ] {
            writeln!(f, "{name:<36}{figure:>9}")?;
        }
        for mistake in self.mistakes.iter().take(SHOWN) {
            writeln!(f, "wrong: {mistake}")?;
        }
        let verdict = if self.is_clean() {
            "nothing lost"
        } else {
            "FAILED"
        };
        write!(
            f,
            "\nseed {}, {} ({}), {} s of faults, {} s in all: {verdict}",
            self.seed, self.isolation, self.reason, self.window_s, self.elapsed_s
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(totals: &Totals, findings: &Findings) -> Report {
        report_with(2, totals, findings)
    }

    fn report_with(struck: u64, totals: &Totals, findings: &Findings) -> Report {
        let faults = [(
            Fault::FaceKilled,
            Count {
                injected: 2,
                struck,
            },
        )];
        let setting = Setting {
            seed: 7,
            isolation: "processes".into(),
            reason: "as was asked for".into(),
            window_s: 40,
            elapsed_s: 61,
            photos: 3,
            services: vec![ServiceLine {
                name: "face-recognition",
                restarts: 2,
                peak_kib: 20_000,
            }],
            faults: faults.into(),
        };
        Report::new(setting, totals, findings)
    }

    #[test]
    fn the_table_can_be_read() {
        let totals = Totals {
            stored: 4,
            events: 5,
            deliveries: 9,
            duplicates: 3,
            analysed_twice: 1,
            ..Totals::default()
        };
        let report = report(&totals, &Findings::default());
        assert!(report.is_clean());
        insta::assert_snapshot!(report, @r"
        fault                                injected   struck
        face service killed                         2        2

        service                              restarts peak MiB
        face-recognition                            2       20

        faults injected                             2
        photos                                      3
        versions of them                            4
        events delivered                            5
        lost                                        0
        processed twice                             1
        duplicates                                  3
        duplicates recognised                       3
        messages left                               0
        dead letters                                0

        seed 7, processes (as was asked for), 40 s of faults, 61 s in all: nothing lost
        ");
    }

    #[test]
    fn everything_wrong_is_reported_and_a_photo_is_lost_once() {
        let totals = Totals {
            unannounced: vec!["a".into(), "b".into()],
            unrecognised: vec!["c".into()],
            notes: vec!["`emulator` ended by itself".into()],
            duplicates: 4,
            ..Totals::default()
        };
        let findings = Findings {
            left_in_queue: 2,
            dead_letters: vec!["d: 422".into()],
            mistakes: [("a".to_owned(), "there is no result".to_owned())].into(),
            strays: vec!["target/x".into()],
        };
        let report = report(&totals, &findings);
        assert!(!report.is_clean());
        assert_eq!((report.lost, report.duplicates_recognised), (2, 3));
        insta::assert_snapshot!(report.mistakes.join("\n"), @r"
        `a`: no event of a version ever arrived
        `b`: no event of a version ever arrived
        `a`: there is no result
        `c`: a duplicate was not recognised and cost a face API call
        2 messages are left in the queue
        given up: d: 422
        `target/x`: a result without a photo
        `emulator` ended by itself
        ");
    }

    #[test]
    fn a_fault_that_struck_nothing_is_a_mistake() {
        let report = report_with(0, &Totals::default(), &Findings::default());
        assert!(!report.is_clean());
        assert_eq!(
            report.mistakes,
            ["a fault had no effect: face service killed"]
        );
    }

    #[test]
    fn json_has_everything() {
        let report = report(&Totals::default(), &Findings::default());
        insta::assert_json_snapshot!(report, @r#"
        {
          "seed": 7,
          "isolation": "processes",
          "reason": "as was asked for",
          "window_s": 40,
          "elapsed_s": 61,
          "photos": 3,
          "versions": 0,
          "events": 0,
          "deliveries": 0,
          "lost": 0,
          "processed_twice": 0,
          "duplicates": 0,
          "duplicates_recognised": 0,
          "left_in_queue": 0,
          "dead_letters": 0,
          "faults": [
            {
              "kind": "face_killed",
              "injected": 2,
              "struck": 2
            }
          ],
          "services": [
            {
              "name": "face-recognition",
              "restarts": 2,
              "peak_kib": 20000
            }
          ],
          "mistakes": []
        }
        "#);
    }
}
