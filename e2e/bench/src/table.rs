//! The report for people: lines while it runs, a table in the end, the same as Markdown.

use std::fmt::Write as _;

use crate::figure::Figure;
use crate::report::Report;
use crate::row::{NamedFigure, Row};

const HEAD: [&str; 7] = [
    "row",
    "value",
    "min–max",
    "reference",
    "ratio",
    "target",
    "met",
];

/// Between these lines a page holds its last table.
const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- end of table -->\n";

/// The page with this table in the place that it has for one; `None` if it has none.
pub(crate) fn put_into(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_old, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

/// One row as one line.
pub(crate) fn line(row: &Row) -> String {
    let [_, value, spread, reference, ratio, target, met] = cells(row);
    let mut line = format!("{}: {value} ({spread})", row.name);
    if !reference.is_empty() {
        let _ = write!(line, ", {ratio} of {reference}");
    }
    if !target.is_empty() {
        let _ = write!(line, ", {target}: {met}");
    }
    for beside in &row.beside {
        let _ = write!(line, "; {}", named(beside));
    }
    line
}

/// The table for a terminal.
pub(crate) fn text(report: &Report) -> String {
    let lines: Vec<_> = report.rows.iter().map(cells).collect();
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; HEAD.len()] = std::array::from_fn(width);
    let mut text = format!("{}\n", report.machine.line());
    let mut group = "";
    for (row, line) in report.rows.iter().zip(&lines) {
        if row.group != group {
            group = row.group;
            let head = HEAD.map(str::to_owned);
            let _ = write!(text, "\n{group}\n  {}\n", padded(&head, &widths));
        }
        let _ = writeln!(text, "  {}", padded(line, &widths));
        let _ = writeln!(text, "      {}", remarks(row));
    }
    text.push('\n');
    text + &closing(report)
}

/// The table as Markdown, without a heading.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = format!("{}\n", report.machine.line());
    let mut group = "";
    for row in &report.rows {
        if row.group != group {
            group = row.group;
            let _ = write!(text, "\n### {group}\n\n| {} | beside |\n", HEAD.join(" | "));
            let _ = writeln!(text, "|{}", " --- |".repeat(HEAD.len() + 1));
        }
        let [name, rest @ ..] = cells(row);
        let first = [format!("{name}: {}", row.measures)];
        let cells = first.into_iter().chain(rest).chain([beside(row)]);
        // A bar would end the cell.
        let cells: Vec<_> = cells.map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
    text + &closing(report)
}

fn cells(row: &Row) -> [String; HEAD.len()] {
    let unit = row.value.unit;
    [
        row.name.clone(),
        amount(&row.value),
        spread(&row.value),
        row.reference.as_ref().map(named).unwrap_or_default(),
        row.ratio.as_ref().map(amount).unwrap_or_default(),
        row.target
            .map(|target| target.text(unit))
            .unwrap_or_default(),
        row.met.map(yes_or_no).unwrap_or_default(),
    ]
}

fn yes_or_no(met: bool) -> String {
    if met { "yes" } else { "NO" }.to_owned()
}

fn remarks(row: &Row) -> String {
    if row.beside.is_empty() {
        return row.measures.clone();
    }
    format!("{}; {}", row.measures, beside(row))
}

fn beside(row: &Row) -> String {
    let all: Vec<_> = row.beside.iter().map(named).collect();
    all.join(", ")
}

fn named(beside: &NamedFigure) -> String {
    format!("{} {}", beside.name, amount(&beside.figure))
}

fn amount(figure: &Figure) -> String {
    format!("{} {}", number(figure.median), figure.unit)
}

fn spread(figure: &Figure) -> String {
    format!("{}–{}", number(figure.min), number(figure.max))
}

fn padded(line: &[String; HEAD.len()], widths: &[usize; HEAD.len()]) -> String {
    let cells = line.iter().zip(widths);
    let padded: Vec<_> = cells
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    padded.join("  ").trim_end().to_owned()
}

fn closing(report: &Report) -> String {
    let judged: Vec<_> = report.rows.iter().filter_map(|row| row.met).collect();
    let met = judged.iter().filter(|met| **met).count();
    let mut text = format!("{met} of {} targets met.", judged.len());
    if report.quick {
        text.push_str(" Quick: few repetitions of small amounts.");
    }
    for failure in &report.failures {
        let _ = write!(text, "\n\nFAILED {}: {}", failure.group, failure.error);
    }
    text.push('\n');
    text
}

/// Three digits that count, and commas between thousands.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let size = value.abs();
    let decimals = match size {
        0.0 => 0,
        _ if size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() {
        return grouped;
    }
    format!("{grouped}.{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn numbers_have_three_digits_that_count() {
        for (value, expected) in [
            (0.0, "0"),
            (0.123_45, "0.123"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1234.5, "1,234"),
            (-1234.5, "-1,234"),
            (-123.4, "-123"),
            (1_234_567.0, "1,234,567"),
            (f64::NAN, "?"),
        ] {
            assert_eq!(number(value), expected, "{value}");
        }
    }

    #[test]
    fn a_page_gets_its_table_renewed() {
        let page = format!("# Title\n{BEGIN}old\n{END}more\n");
        let expected = format!("# Title\n{BEGIN}\nnew\n\n{END}more\n");
        assert_eq!(put_into(&page, "new\n"), Some(expected));
        for page in ["", BEGIN, "<!-- end of table -->\n<!-- table -->\n"] {
            assert_eq!(put_into(page, "new\n"), None, "{page}");
        }
        let benchmarks = include_str!("../../../docs/BENCHMARKS.md");
        assert!(put_into(benchmarks, "").is_some(), "BENCHMARKS.md");
    }

    #[test]
    fn text_is_aligned() {
        let expected = "\
2 × Abacus, 8 GiB, Linux 6.1, rustc 1.95.0, revision abc1234, load 0.25 at the start

adapter
  row       value           min–max      reference                 ratio  target   met
  20 ms     2,100 events/s  2,000–2,346  a | serial 20.0 events/s  100 ×  ≥ 100 ×  yes
      events from a full queue; CPU per event 212 µs

start
  row       value           min–max      reference                 ratio  target   met
  emulator  12.3 ms         12.3–12.3
      start to ready

1 of 1 targets met.

FAILED face: no photo
";
        assert_eq!(text(&sample()), expected);
    }

    #[test]
    fn markdown_has_one_table_per_group() {
        let expected = "\
2 × Abacus, 8 GiB, Linux 6.1, rustc 1.95.0, revision abc1234, load 0.25 at the start

### adapter

| row | value | min–max | reference | ratio | target | met | beside |
| --- | --- | --- | --- | --- | --- | --- | --- |
| 20 ms: events from a full queue | 2,100 events/s | 2,000–2,346 | a \\| serial 20.0 events/s | 100 × | ≥ 100 × | yes | CPU per event 212 µs |

### start

| row | value | min–max | reference | ratio | target | met | beside |
| --- | --- | --- | --- | --- | --- | --- | --- |
| emulator: start to ready | 12.3 ms | 12.3–12.3 |  |  |  |  |  |

1 of 1 targets met.

FAILED face: no photo
";
        assert_eq!(markdown(&sample()), expected);
    }

    #[test]
    fn a_row_fits_one_line() {
        let expected = "20 ms: 2,100 events/s (2,000–2,346), 100 × of a | serial 20.0 events/s, \
                        ≥ 100 ×: yes; CPU per event 212 µs";
        assert_eq!(line(&sample().rows[0]), expected);
    }
}
