//! Parts of the controller's files that a switch among the chart's values turns on.

use crate::config::Config;
use crate::controller;
use crate::file::File;
use crate::yaml::RenderError;

/// The controller's files, with a condition around the parts for KEDA.
pub(super) fn marked_files(with: &Config) -> Result<Vec<File>, RenderError> {
    let without = without_keda(with)?;
    let switched = |file: File| {
        let plain = without.iter().find(|plain| plain.path == file.path);
        let text = plain.map(|plain| switched(&file.text, &plain.text, "keda.enabled"));
        File {
            text: text.unwrap_or(file.text),
            ..file
        }
    };
    let with = controller::files(with)?;
    Ok(with.into_iter().map(switched).collect())
}

fn without_keda(config: &Config) -> Result<Vec<File>, RenderError> {
    controller::files(&Config {
        keda: false,
        ..config.clone()
    })
}

/// Puts a condition around the lines of a text that another text, otherwise the same, lacks.
fn switched(with: &str, without: &str, switch: &str) -> String {
    let mut text = String::new();
    let mut is_inside = false;
    let mut common = without.lines().peekable();
    for line in with.lines() {
        let is_common = common.next_if_eq(&line).is_some();
        if is_inside && is_common {
            text.push_str("{{- end }}\n");
        } else if !is_inside && !is_common {
            text.extend(["{{- if $.Values.", switch, " }}\n"]);
        }
        is_inside = !is_common;
        text.extend([line, "\n"]);
    }
    if is_inside {
        text.push_str("{{- end }}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_switch_adds_is_conditional() {
        let text = switched("a\nx\ny\nb\nz\n", "a\nb\n", "on");
        let block = |lines: &str| format!("{{{{- if $.Values.on }}}}\n{lines}{{{{- end }}}}\n");
        assert_eq!(text, format!("a\n{}b\n{}", block("x\ny\n"), block("z\n")));
    }

    /// A line that is not found again would be there with the switch alone.
    #[test]
    fn files_are_complete_without_the_switch() {
        let config = Config {
            keda: true,
            controller_namespaces: vec!["a".to_owned()],
            ..Config::standard()
        };
        let with = marked_files(&config).unwrap();
        for plain in without_keda(&config).unwrap() {
            let file = with.iter().find(|file| file.path == plain.path).unwrap();
            let mut is_inside = false;
            let left = file.text.lines().filter(|line| {
                let is_condition = line.starts_with("{{- ");
                if is_condition {
                    is_inside = line.starts_with("{{- if");
                }
                !is_inside && !is_condition
            });
            assert!(left.eq(plain.text.lines()), "{}", plain.path);
        }
    }
}
