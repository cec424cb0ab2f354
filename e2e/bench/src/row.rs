//! One row of the table: a value, what it stands beside, and what it should be.

use serde::Serialize;

use crate::figure::Figure;

/// One thing that was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    /// The name on the command line that selects it; set when it is added.
    pub(crate) group: &'static str,
    /// Tells it from the others of its group.
    pub(crate) name: String,
    /// Name of the measurement, in a few words.
    pub(crate) measures: String,
    /// The value.
    pub(crate) value: Figure,
    /// Figures measured beside it in the same repetitions.
    pub(crate) beside: Vec<NamedFigure>,
    /// What it is compared with.
    pub(crate) reference: Option<NamedFigure>,
    /// Value divided by reference.
    pub(crate) ratio: Option<Figure>,
    /// The bound.
    pub(crate) target: Option<Target>,
    /// Whether its median is what it should be.
    pub(crate) met: Option<bool>,
}

/// A figure with a name of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct NamedFigure {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    #[serde(flatten)]
    pub(crate) figure: Figure,
}

/// A bound for the value or for the ratio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Target {
    /// What is bounded.
    of: Subject,
    /// The kind of bound.
    bound: Bound,
    /// The bound, in the unit of the value if it is of that.
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Subject {
    Value,
    Ratio,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtLeast,
    AtMost,
}

impl Row {
    /// A value alone.
    pub(crate) fn new(name: impl Into<String>, measures: impl Into<String>, value: Figure) -> Self {
        Self {
            group: "",
            name: name.into(),
            measures: measures.into(),
            value,
            beside: Vec::new(),
            reference: None,
            ratio: None,
            target: None,
            met: None,
        }
    }

    /// Shows another figure with it.
    pub(crate) fn beside(mut self, name: impl Into<String>, figure: Figure) -> Self {
        let name = name.into();
        self.beside.push(NamedFigure { name, figure });
        self
    }

    /// Compares it with a reference that was measured in the same run, in the same unit.
    pub(crate) fn against(mut self, name: impl Into<String>, figure: Figure) -> Self {
        self.ratio = Some(self.value.ratio(&figure));
        let name = name.into();
        self.reference = Some(NamedFigure { name, figure });
        self.judge()
    }

    /// Says what it should be.
    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self.judge()
    }

    fn judge(mut self) -> Self {
        let figure = |target: &Target| match target.of {
            Subject::Value => Some(&self.value),
            Subject::Ratio => self.ratio.as_ref(),
        };
        self.met = self
            .target
            .and_then(|target| Some(target.is_met(figure(&target)?.median)));
        self
    }
}

impl Target {
    /// The value should not be less.
    pub(crate) fn at_least(limit: f64) -> Self {
        Self::of(Subject::Value, Bound::AtLeast, limit)
    }

    /// The value should not be more.
    pub(crate) fn at_most(limit: f64) -> Self {
        Self::of(Subject::Value, Bound::AtMost, limit)
    }

    /// The ratio should not be less.
    pub(crate) fn ratio_at_least(limit: f64) -> Self {
        Self::of(Subject::Ratio, Bound::AtLeast, limit)
    }

    /// The ratio should not be more.
    pub(crate) fn ratio_at_most(limit: f64) -> Self {
        Self::of(Subject::Ratio, Bound::AtMost, limit)
    }

    fn of(of: Subject, bound: Bound, limit: f64) -> Self {
        Self { of, bound, limit }
    }

    /// A figure that is not a number meets no target.
    fn is_met(self, value: f64) -> bool {
        match self.bound {
            Bound::AtLeast => value >= self.limit,
            Bound::AtMost => value <= self.limit,
        }
    }

    /// As in the table: `≥ 100 ×`, `≤ 20 ms`.
    pub(crate) fn text(self, unit: &str) -> String {
        let sign = match self.bound {
            Bound::AtLeast => "≥",
            Bound::AtMost => "≤",
        };
        let unit = if self.of == Subject::Ratio {
            "×"
        } else {
            unit
        };
        format!("{sign} {} {unit}", self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: f64) -> Row {
        Row::new("name", "something", Figure::new("ms", [value]))
            .against("limit", Figure::new("ms", [10.0]))
    }

    #[test]
    fn targets_bind_value_or_ratio_from_either_side() {
        for (target, value, met) in [
            (Target::at_least(20.0), 20.0, true),
            (Target::at_least(20.0), 19.0, false),
            (Target::at_most(20.0), 20.0, true),
            (Target::at_most(20.0), 21.0, false),
            (Target::ratio_at_least(2.0), 20.0, true),
            (Target::ratio_at_least(2.0), 19.0, false),
            (Target::ratio_at_most(2.0), 21.0, false),
            (Target::at_most(20.0), f64::NAN, false),
        ] {
            assert_eq!(
                row(value).target(target).met,
                Some(met),
                "{target:?} {value}"
            );
        }
    }

    #[test]
    fn order_of_target_and_reference_does_not_matter() {
        let target = Target::ratio_at_most(2.0);
        let value = Figure::new("ms", [15.0]);
        let reference = Figure::new("ms", [10.0]);
        let one = Row::new("n", "m", value.clone());
        let other = Row::new("n", "m", value);
        assert_eq!(
            one.target(target).against("r", reference.clone()),
            other.against("r", reference).target(target)
        );
    }

    #[test]
    fn a_ratio_that_is_not_there_is_not_judged() {
        let alone = Row::new("n", "m", Figure::new("ms", [1.0]));
        assert_eq!(alone.target(Target::ratio_at_most(2.0)).met, None);
    }

    #[test]
    fn targets_read_as_in_the_table() {
        assert_eq!(Target::ratio_at_least(100.0).text("events/s"), "≥ 100 ×");
        assert_eq!(Target::at_most(0.2).text("calls"), "≤ 0.2 calls");
    }
}
