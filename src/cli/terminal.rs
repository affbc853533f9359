//! Writing to the terminal, and saying what went wrong.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::facts::clean;
use crate::frontends::style::Style;
use crate::settings::{Colour, Settings, SettingsError};

/// Why a command could not do its work. Shown on standard error; exit code 2.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure in these words, of which some may come from outside.
    pub fn new(words: impl Display) -> Self {
        let lines: Vec<_> = words.to_string().lines().map(clean).collect();
        Failure(lines.join("\n"))
    }

    /// Writes the words to standard error.
    pub fn show(&self) {
        let style = Style {
            colour: colour(Colour::Auto, io::stderr().is_terminal()),
            ..Style::PLAIN
        };
        let head = style.severity(crate::findings::Severity::Error, "error");
        // Where standard error is gone, nobody can be told.
        let _ = writeln!(io::stderr(), "{head}: {}", self.0);
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Failure::new(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Failure::new(format!("could not write JSON: {error}"))
    }
}

/// How to write to standard output.
pub fn style(settings: &Settings, verbose: bool) -> Style {
    let terminal = io::stdout().is_terminal();
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Style {
        colour: colour(settings.colour, terminal),
        width: width.filter(|_| terminal).unwrap_or(100).clamp(40, 160),
        verbose,
        links: terminal && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
    }
}

/// `NO_COLOR` and `CLICOLOR_FORCE` as <https://no-color.org> and <https://bixense.com/clicolors> have them.
fn colour(setting: Colour, terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match setting {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if set("NO_COLOR") => false,
        Colour::Auto if set("CLICOLOR_FORCE") => true,
        Colour::Auto => terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Writes an answer to standard output. A reader that has left is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "could not write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}
