//! Objects as YAML, for people: block style, quoted where YAML 1.1 readers need it, and
//! with comments beside what they explain.

use serde::Serialize;
use serde_saphyr::{CommentPosition, ser_options, to_string_with_options};
use thiserror::Error;

/// Widest line of a folded text.
const WIDTH: usize = 100;

/// An object that has no YAML form. Permanent, and a defect of this crate.
#[derive(Debug, Error)]
#[error("an object of `{path}` has no YAML form")]
pub struct RenderError {
    pub(crate) path: String,
    #[source]
    pub(crate) source: serde_saphyr::ser_error::Error,
}

/// One object as a YAML document, without the line that separates documents.
pub(crate) fn document(object: &impl Serialize) -> Result<String, serde_saphyr::ser_error::Error> {
    let options =
        ser_options! { comment_position: CommentPosition::Above, folded_wrap_chars: WIDTH };
    to_string_with_options(object, options).map(|text| lift_comments(&text))
}

/// Lines as a comment; an empty line stays one.
pub(crate) fn comment(text: &str) -> String {
    text.lines()
        .map(|line| format!("# {line}").trim_end().to_owned() + "\n")
        .collect()
}

/// Puts the comment of a list's item above its dash, where people write it.
fn lift_comments(text: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut lifted = String::with_capacity(text.len());
    while let Some(line) = lines.next() {
        let margin = line
            .trim_end()
            .strip_suffix('-')
            .filter(|margin| margin.trim().is_empty());
        let is_comment = |line: &&str| line.trim_start().starts_with('#');
        let Some(margin) = margin.filter(|_| lines.peek().is_some_and(is_comment)) else {
            lifted.extend([line, "\n"]);
            continue;
        };
        while let Some(comment) = lines.next_if(is_comment) {
            lifted.extend([margin, comment.trim_start(), "\n"]);
        }
        let first = lines.next().unwrap_or_default();
        lifted.extend([margin, "- ", first.trim_start(), "\n"]);
    }
    lifted
}

#[cfg(test)]
mod tests {
    use serde_saphyr::Commented;

    use super::*;

    #[derive(Serialize)]
    struct Item {
        name: &'static str,
        text: &'static str,
    }

    #[test]
    fn comments_stand_above_the_items_that_they_explain() {
        let items = ["on", "two: parts"]
            .map(|text| Commented(Item { name: "a", text }, format!("Why {text}.")));
        insta::assert_snapshot!(document(&items).unwrap(), @r#"
        # Why on.
        - name: a
          text: "on"
        # Why two: parts.
        - name: a
          text: "two: parts"
        "#);
    }

    #[test]
    fn an_empty_line_of_a_comment_stays_empty() {
        assert_eq!(comment("a\n\nb"), "# a\n#\n# b\n");
    }
}
