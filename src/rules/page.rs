//! A rule's manual page: the head comment of its own file.

use super::{RULES, Rule};

/// A rule's manual page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The first heading.
    pub title: String,
    /// The whole page, as Markdown.
    pub text: String,
}

impl Page {
    /// The page of a rule.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        let text: Vec<&str> = rule
            .source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        let title = text
            .first()
            .and_then(|line| line.strip_prefix("# "))
            .unwrap_or(rule.name);
        Page {
            title: title.to_owned(),
            text: text.join("\n"),
        }
    }
}

/// The rule with this code or name, in any case, with or without `DD`.
#[must_use]
pub fn find(word: &str) -> Option<&'static Rule> {
    let word = word.trim();
    RULES.iter().copied().find(|rule| {
        rule.code.eq_ignore_ascii_case(word)
            || rule.code.strip_prefix("DD") == Some(word)
            || rule.name.eq_ignore_ascii_case(&word.replace('_', "-"))
    })
}
