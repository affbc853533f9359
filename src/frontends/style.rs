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
}

impl Style {
    /// Plain text, 100 columns wide: for tests, files and pipes.
    pub const PLAIN: Style = Style {
        colour: false,
        width: 100,
        verbose: false,
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

    fn paint(self, ansi: Ansi, text: &str) -> String {
        if self.colour {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }
}
