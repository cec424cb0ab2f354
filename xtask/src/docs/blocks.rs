//! The commands in documents: lines after `$ ` in blocks that are marked `console`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// Lines that are typed one after the other, in one shell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The document's path from the root.
    pub(super) document: String,
    pub(super) commands: Vec<String>,
}

/// The blocks of every document that is committed below `folder`, in order.
///
/// # Errors
/// When a document cannot be read, or has commands in a block of another kind.
pub(super) fn of_all_documents(folder: &Path) -> Result<Vec<Block>> {
    let mut git = Command::new("git");
    let listed = git.args(["ls-files", "*.md"]).current_dir(folder).output();
    let listed = listed.context("cannot run `git`")?;
    ensure!(listed.status.success(), "`git ls-files` {}", listed.status);
    let mut blocks = Vec::new();
    for document in String::from_utf8(listed.stdout)?.lines() {
        let text = std::fs::read_to_string(folder.join(document));
        let text = text.with_context(|| format!("cannot read `{document}`"))?;
        blocks.extend(of(document, &text)?);
    }
    Ok(blocks)
}

fn of(document: &str, text: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim_start);
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let inside = lines.by_ref().take_while(|line| !line.starts_with("```"));
        match language.trim() {
            "console" => {
                let commands = inside.filter_map(|line| line.strip_prefix("$ "));
                blocks.push(Block {
                    document: document.to_owned(),
                    commands: commands.map(without_comment).collect(),
                });
            }
            "sh" | "bash" | "shell" => {
                bail!("`{document}`: commands stand in blocks marked `console`, behind `$ `")
            }
            _ => drop(inside.count()),
        }
    }
    Ok(blocks)
}

/// Comments stand apart, so that a `#` in a word is none.
fn without_comment(command: &str) -> String {
    let command = command.split_once(" # ").map_or(command, |(left, _)| left);
    command.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_what_they_write_and_from_comments() {
        let text = "Say\n\n```console\n$ one \"a b\"   # why\nwritten\n$ two\n```\n\n```yaml\n$ three\n```\n```console\n$ four\n```\n";
        let commands: Vec<_> = of("README.md", text)
            .unwrap()
            .into_iter()
            .map(|block| block.commands)
            .collect();
        assert_eq!(commands, [vec!["one \"a b\"", "two"], vec!["four"]]);
    }

    #[test]
    fn commands_of_another_mark_are_refused() {
        let error = of("README.md", "```sh\none\n```\n").unwrap_err();
        assert!(error.to_string().contains("README.md"), "{error}");
    }
}
