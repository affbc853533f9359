//! How a terminal is written to: colours, width, how much.

use anstyle::{AnsiColor, Style as Ansi};

use crate::findings::{Safety, Severity};

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to write colours.
    pub colour: bool,
    /// The width to fit into, in columns.
    pub width: usize,
    /// Whether to show every look and what was ruled out.
    pub verbose: bool,
    /// Whether files are links that the terminal can open (OSC 8).
    pub links: bool,
}

impl Style {
    /// Plain text, 100 columns wide: for tests, files and pipes.
    pub const PLAIN: Style = Style {
        colour: false,
        width: 100,
        verbose: false,
        links: false,
    };

    /// The text in bold, in the colour of this severity.
    #[must_use]
    pub fn severity(self, severity: Severity, text: &str) -> String {
        let colour = match severity {
            Severity::Error => AnsiColor::BrightRed,
            Severity::Warning => AnsiColor::BrightYellow,
            Severity::Info => AnsiColor::BrightBlue,
        };
        self.paint(colour.on_default().bold(), text)
    }

    /// The colour of a fix's heading.
    #[must_use]
    pub fn safety(self, safety: Safety, text: &str) -> String {
        let colour = match safety {
            Safety::Safe => AnsiColor::BrightGreen,
            Safety::Disruptive => AnsiColor::BrightYellow,
            Safety::Destructive => AnsiColor::BrightRed,
        };
        self.paint(colour.on_default().bold(), text)
    }

    /// The text in bold.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    /// The text, stepping back.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    /// The text in green.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.paint(AnsiColor::BrightGreen.on_default().bold(), text)
    }

    /// The text as a link to a file of this machine, where the terminal has links.
    #[must_use]
    pub fn file(self, file: &str, text: &str) -> String {
        let url = std::path::absolute(file)
            .ok()
            .filter(|_| self.links)
            .and_then(|path| url::Url::from_file_path(path).ok());
        match url {
            // A URL has its control characters escaped.
            Some(url) => format!("\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"),
            None => text.to_owned(),
        }
    }

    fn paint(self, ansi: Ansi, text: &str) -> String {
        if self.colour {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_link_only_where_the_terminal_has_links() {
        assert_eq!(Style::PLAIN.file("a b", "a b:1"), "a b:1");
        let style = Style {
            links: true,
            ..Style::PLAIN
        };
        let link = style.file("a\x1b]8;;evil b", "x");
        assert!(link.starts_with("\x1b]8;;file:///"), "{link:?}");
        assert!(
            link.ends_with("/a%1B]8;;evil%20b\x1b\\x\x1b]8;;\x1b\\"),
            "{link:?}"
        );
    }
}
