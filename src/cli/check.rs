//! `devdoctor check [PATH]`

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::terminal::{Failure, print, style};
use super::why::read_facts;
use crate::diagnose;
use crate::frontends::{check_text, github, json, sarif};
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is connected to, and nothing needs to run: a service that is down is no \
    problem by itself. Exit code 1 means that a warning or an error was found."
)]
pub struct Args {
    /// The folder to check; by default the project that this folder belongs to.
    path: Option<PathBuf>,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print it as JSON: the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Show everything that was found, however much it is.
    #[arg(short, long)]
    verbose: bool,
    /// Check a recorded snapshot instead of this machine.
    #[arg(long, value_name = "FILE", conflicts_with = "path")]
    facts: Option<PathBuf>,
}

/// How to print what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a person.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

impl Args {
    /// The folder whose settings hold.
    pub fn folder(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| path.is_dir())
    }
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let report = match &args.facts {
        Some(file) => {
            let mut report = diagnose::check_facts(&read_facts(file)?);
            diagnose::forgive_all(&mut report.findings, settings);
            report
        }
        None => {
            let (root, from) = place(args.path.as_deref())?;
            diagnose::check(&root, &from, settings)
        }
    };
    let format = if args.json { Format::Json } else { args.format };
    print(&match format {
        Format::Text => check_text::report(&report, &style(settings, args.verbose)),
        Format::Json => json::object(&report)?,
        Format::Sarif => json::object(&sarif::log(&report))?,
        Format::Github => github::annotations(&report),
    })?;
    Ok(report.exit_code())
}

/// The folder itself, or without one the project that we stand in.
pub(super) fn project_root(path: Option<&Path>) -> Result<String, Failure> {
    place(path).map(|(root, _)| root)
}

/// The same, and the folder from which it is asked.
pub(super) fn place(path: Option<&Path>) -> Result<(String, String), Failure> {
    let from = folder(path.unwrap_or(Path::new(".")))?;
    Ok(match path {
        Some(_) => (from.clone(), from),
        None => (diagnose::project_of(&from), from),
    })
}

/// A folder without links, which is how the system tells where a process works.
fn folder(path: &Path) -> Result<String, Failure> {
    let fail = |what: String| Failure::new(format!("{}: {what}", path.display()));
    let whole = path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => fail("there is no such folder".to_owned()),
        _ => fail(error.to_string()),
    })?;
    if !whole.is_dir() {
        return Err(fail(
            "is not a folder; `devdoctor check FOLDER` checks the project in one".to_owned(),
        ));
    }
    match whole.to_str() {
        Some(text) => Ok(text.strip_prefix(r"\\?\").unwrap_or(text).to_owned()),
        None => Err(fail("its name is not UTF-8".to_owned())),
    }
}
