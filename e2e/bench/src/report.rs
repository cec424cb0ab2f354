//! Everything that one run found out, as it is written to JSON.
//!
//! ```json
//! {
//!   "schema": 1,
//!   "quick": false,
//!   "machine": { "cores": 2, "cpu": "…", "kernel": "…", "rustc": "…", "revision": "…", "load": 0.3 },
//!   "rows": [{
//!     "group": "adapter", "name": "…", "measures": "…",
//!     "value": { "unit": "events/s", "median": 2.0, "min": 1.0, "max": 3.0, "repetitions": [1.0, 3.0, 2.0] },
//!     "beside": [{ "name": "…", "unit": "…", "median": 1.0, … }],
//!     "reference": { "name": "…", "unit": "…", "median": 1.0, … } or null,
//!     "ratio": { "unit": "×", "median": 2.0, … } or null,
//!     "target": { "of": "value" or "ratio", "bound": "at_least" or "at_most", "limit": 100.0 } or null,
//!     "met": true or false or null
//!   }],
//!   "failures": [{ "group": "…", "error": "…" }]
//! }
//! ```
//!
//! A number that could not be measured is `null`. The schema number grows when a field
//! changes its meaning, not when one is added.

use serde::Serialize;

use crate::machine::Machine;
use crate::row::Row;

/// The number of this schema.
const SCHEMA: u32 = 1;

/// One run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    schema: u32,
    /// Fewer repetitions and smaller amounts.
    pub(crate) quick: bool,
    /// Where it ran.
    pub(crate) machine: Machine,
    /// Rows in the order of their measurement.
    pub(crate) rows: Vec<Row>,
    /// Groups that could not be measured.
    pub(crate) failures: Vec<GroupFailure>,
}

/// A group that ended early.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct GroupFailure {
    /// Its name.
    pub(crate) group: &'static str,
    /// Why, with all causes.
    pub(crate) error: String,
}

impl Report {
    /// Nothing measured yet.
    pub(crate) fn new(quick: bool, machine: Machine) -> Self {
        Self {
            schema: SCHEMA,
            quick,
            machine,
            rows: Vec::new(),
            failures: Vec::new(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::figure::Figure;
    use crate::row::Target;

    /// A report with one row of everything.
    pub(crate) fn sample() -> Report {
        let mut report = Report::new(false, Machine::sample());
        let mut row = Row::new(
            "20 ms",
            "events from a full queue",
            Figure::new("events/s", [2100.0, 2000.0, 2345.6]),
        )
        .beside("CPU per event", Figure::new("µs", [212.0]))
        .against("a | serial", Figure::new("events/s", [21.0, 20.0, 19.0]))
        .target(Target::ratio_at_least(100.0));
        row.group = "adapter";
        let mut alone = Row::new("emulator", "start to ready", Figure::new("ms", [12.34]));
        alone.group = "start";
        report.rows = vec![row, alone];
        report.failures.push(GroupFailure {
            group: "face",
            error: "no photo".to_owned(),
        });
        report
    }

    #[test]
    fn json_is_what_the_schema_says() {
        let json = serde_json::to_value(sample()).unwrap();
        let row = &json["rows"][0];
        for (name, found, expected) in [
            ("schema", &json["schema"], serde_json::json!(1)),
            ("machine", &json["machine"]["cores"], serde_json::json!(2)),
            ("group", &row["group"], serde_json::json!("adapter")),
            ("value", &row["value"]["median"], serde_json::json!(2100.0)),
            (
                "repetitions",
                &row["value"]["repetitions"],
                serde_json::json!([2100.0, 2000.0, 2345.6]),
            ),
            (
                "beside",
                &row["beside"][0]["name"],
                serde_json::json!("CPU per event"),
            ),
            (
                "reference",
                &row["reference"]["unit"],
                serde_json::json!("events/s"),
            ),
            ("ratio", &row["ratio"]["median"], serde_json::json!(100.0)),
            (
                "target",
                &row["target"],
                serde_json::json!({"of": "ratio", "bound": "at_least", "limit": 100.0}),
            ),
            ("met", &row["met"], serde_json::json!(true)),
            (
                "row without a reference",
                &json["rows"][1]["ratio"],
                serde_json::Value::Null,
            ),
            (
                "failures",
                &json["failures"][0],
                serde_json::json!({"group": "face", "error": "no photo"}),
            ),
        ] {
            assert_eq!(*found, expected, "{name}");
        }
    }

    #[test]
    fn numbers_that_were_not_measured_are_null() {
        let row = Row::new("n", "m", Figure::new("ms", []));
        let json = serde_json::to_value(row).unwrap();
        assert_eq!(json["value"]["median"], serde_json::Value::Null);
    }
}
