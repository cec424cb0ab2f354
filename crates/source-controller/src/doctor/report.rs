//! The table that the doctor prints.

use std::fmt;
use std::iter::repeat_n;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// The result.
    pub result: CheckResult,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// It works.
    Passed(String),
    /// It does not; the text says what to do.
    Failed(String),
    /// It was not checked; the text says why.
    Skipped(String),
}

/// All checks, which print as a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoctorReport(pub Vec<Check>);

impl DoctorReport {
    /// Whether a check failed.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        let is_failure = |check: &Check| matches!(check.result, CheckResult::Failed(_));
        self.0.iter().any(is_failure)
    }

    /// Adds a line.
    pub fn add(&mut self, name: &'static str, result: CheckResult) {
        self.0.push(Check { name, result });
    }
}

impl fmt::Display for DoctorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|it| it.name.len()).max().unwrap_or(0);
        for Check { name, result } in &self.0 {
            let (state, text) = match result {
                CheckResult::Passed(text) => ("ok", text),
                CheckResult::Failed(text) => ("to do", text),
                CheckResult::Skipped(text) => ("skipped", text),
            };
            let indent: String = repeat_n(' ', width + 12).collect();
            let text = text.replace('\n', &format!("\n{indent}"));
            writeln!(f, "{name:width$}  {state:8}  {text}")?;
        }
        Ok(())
    }
}
