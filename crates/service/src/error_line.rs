//! An error and its causes as one line.
//!
//! Our own errors never repeat their source, those of some libraries do; a cause that
//! its parent already contains is omitted.

use std::error::Error;

use transport::Printable;

/// The error, then each cause, separated by `: `, on one line. What cannot be seen is escaped.
#[must_use]
pub fn error_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    let parts = line.lines().map(str::trim).filter(|part| !part.is_empty());
    let line = parts.collect::<Vec<_>>().join(" ");
    Printable::new(&line).to_string()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_follow_once_and_on_one_line() {
        let table = [
            ("alone", anyhow!("no sink"), "no sink"),
            (
                "with cause",
                anyhow!("refused").context("no queue"),
                "no queue: refused",
            ),
            (
                "repeating its cause",
                anyhow!("refused").context("no queue: refused"),
                "no queue: refused",
            ),
            ("two lines", anyhow!("first\n  second\n"), "first second"),
            (
                "what cannot be seen",
                anyhow!("a\u{1b}[2J\u{202e}b"),
                r"a\u{1b}[2J\u{202e}b",
            ),
        ];
        for (name, error, expected) in table {
            assert_eq!(error_line(error.as_ref()), expected, "{name}");
        }
    }
}
