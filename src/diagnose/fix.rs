//! `devdoctor fix`: what a fix would change, whether it still stands, and the change.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use similar::TextDiff;

use super::why::Recording;
use crate::findings::{Edit, Finding, Fix, Report, Severity};
use crate::sources::projects;

/// The finding that is to be mended: the first that is a problem.
#[must_use]
pub fn problem(report: &Report) -> Option<&Finding> {
    let mut findings = report.findings.iter();
    findings.find(|finding| finding.severity > Severity::Info)
}

/// Whether a fix is still the answer, now that it is about to be made: the cause must
/// be the same, this must be among its fixes, and the processes that it is about must be
/// the very same ones.
///
/// # Errors
///
/// What is no longer so.
pub fn still_stands(fix: &Fix, before: &Recording, now: &Recording) -> Result<(), String> {
    let was = problem(&before.report).map(|finding| finding.code.as_str());
    let Some(finding) = problem(&now.report).filter(|is| Some(is.code.as_str()) == was) else {
        return Err("the diagnosis has changed since".to_owned());
    };
    if !finding.fixes.contains(fix) {
        return Err("the fix has changed since".to_owned());
    }
    for pid in pids(fix) {
        let of = |recording: &Recording| {
            let mut all = recording.facts.processes.items().iter();
            all.find(|process| process.id.pid == pid).map(|p| p.id)
        };
        match (of(before), of(now)) {
            (Some(before), Some(now)) if before == now => {}
            (None, _) => return Err(format!("it was not seen who process {pid} is")),
            _ => return Err(format!("process {pid} is not the one that it was")),
        }
    }
    Ok(())
}

/// The processes that a command signals.
fn pids(fix: &Fix) -> Vec<u32> {
    let argv = fix.run.as_deref().unwrap_or_default();
    let rest = argv.iter().skip_while(|word| *word != "kill").skip(1);
    rest.filter_map(|word| word.parse().ok()).collect()
}

/// Starts the command of a fix, in its folder.
///
/// # Errors
///
/// The system's reason why it could not be started.
pub fn start(argv: &[String], folder: Option<&str>) -> io::Result<Child> {
    let (program, rest) = argv
        .split_first()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut command = Command::new(program);
    command.args(rest);
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    command.spawn()
}

/// A change of one file, worked out and not yet made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file, without links.
    path: PathBuf,
    /// As it is shown.
    shown: String,
    before: String,
    after: String,
}

impl Change {
    /// What an edit would change. The file's path is seen from `folder`, and must lie in
    /// the project with this root.
    ///
    /// # Errors
    ///
    /// Why it cannot be made.
    pub fn of(edit: &Edit, folder: &Path, root: &Path) -> Result<Self, String> {
        let fail = |what: &str| format!("{}: {what}", edit.file);
        let root = root.canonicalize().map_err(|e| fail(&e.to_string()))?;
        let path = folder.join(&edit.file).canonicalize();
        let path = path.map_err(|error| fail(&error.to_string()))?;
        if !path.starts_with(&root) {
            return Err(fail("it lies outside of the project"));
        }
        if !path.is_file() {
            return Err(fail("it is not a file"));
        }
        let before = std::fs::read_to_string(&path).map_err(|error| fail(&error.to_string()))?;
        let at = place(&before, edit).ok_or_else(|| {
            let line = edit.line;
            format!("{}:{line}: `{}` does not stand there", edit.file, edit.from)
        })?;
        let end = at + edit.from.len();
        let after = format!("{}{}{}", &before[..at], edit.to, &before[end..]);
        Ok(Change {
            path,
            shown: edit.file.clone(),
            before,
            after,
        })
    }

    /// What changes, as a unified diff.
    #[must_use]
    pub fn diff(&self) -> String {
        let (old, new) = (format!("a/{}", self.shown), format!("b/{}", self.shown));
        TextDiff::from_lines(&self.before, &self.after)
            .unified_diff()
            .header(&old, &new)
            .to_string()
    }

    /// Makes the change, whole or not at all: a new file takes the place of the old one.
    ///
    /// # Errors
    ///
    /// Why it was not made; the file is then as it was.
    pub fn apply(&self) -> Result<(), String> {
        let fail = |error: io::Error| format!("{}: {error}", self.shown);
        let now = std::fs::read(&self.path).map_err(fail)?;
        if now != self.before.as_bytes() {
            return Err(format!("{}: it has changed meanwhile", self.shown));
        }
        projects::replace(&self.path, &self.after).map_err(fail)
    }
}

/// Where in the text the edit's old words stand: at its column, or where it has none,
/// wherever on its line they stand once.
fn place(text: &str, edit: &Edit) -> Option<usize> {
    let line = usize::try_from(edit.line).ok()?.checked_sub(1)?;
    let lines = text.split_inclusive('\n');
    let start: usize = lines.clone().take(line).map(str::len).sum();
    let here = lines.clone().nth(line)?;
    if edit.from.is_empty() {
        return None;
    }
    let Some(column) = edit.column else {
        let mut found = here.match_indices(&edit.from);
        let (at, _) = found.next()?;
        return found.next().is_none().then_some(start + at);
    };
    let before = usize::try_from(column).ok()?.checked_sub(1)?;
    let (at, _) = here.char_indices().nth(before)?;
    let at = start + at;
    text[at..].starts_with(&edit.from).then_some(at)
}
