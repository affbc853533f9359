//! What the files of a project say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::files::OnDisk;
use super::find::Found;
use super::samples::{Choice, Chosen, Globs};
use super::{find, samples, watch};
use crate::facts::{Claims, Gap, Known, is_below};
use crate::parsers::{self, Context, Members};
use crate::settings::{self, Settings};
use crate::sources::Pending;

/// How a project is asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// For how long.
    pub budget: Duration,
    /// The folders in which whoever asks stands or a server runs, on the whole system: a
    /// sample that one of them lies in counts.
    pub from: Vec<String>,
    /// What the settings leave out and take in.
    pub which: settings::Projects,
}

impl From<Duration> for Asked {
    fn from(budget: Duration) -> Self {
        Asked {
            budget,
            ..Asked::default()
        }
    }
}

impl Asked {
    /// As the settings say, from these folders.
    #[must_use]
    pub fn from_folders(from: Vec<String>, settings: &Settings) -> Self {
        Asked {
            budget: settings.timeouts.projects,
            from,
            which: settings.projects.clone(),
        }
    }
}

/// Which of these folders lie where files of the project with this root were left out:
/// asked from there, they count.
#[must_use]
pub fn left_out(root: &str, claims: &Claims, folders: &[String]) -> Vec<String> {
    let root = root.trim_end_matches('/');
    let whole = claims
        .left_out
        .iter()
        .map(|at| format!("{root}/{}", at.path));
    let whole: Vec<String> = whole.collect();
    let inside = |folder: &&String| whole.iter().any(|path| is_below(folder, path));
    folders.iter().filter(inside).cloned().collect()
}

/// What the files of a project say, and where that was read.
#[derive(Debug, Clone)]
pub struct Read {
    /// What they say.
    pub claims: Known<Arc<Claims>>,
    /// What a [`super::Watch`] has to watch to hear of a change: the folders that files were
    /// looked for in, the root first, and the files that were read there and have names
    /// that tell nothing.
    pub folders: Vec<String>,
}

/// What the files of the project with this root say, within the budget.
#[must_use]
pub fn claims(root: &str, asked: impl Into<Asked>) -> Known<Arc<Claims>> {
    read(root, asked).claims
}

/// What the files of the project with this root say, within the budget, and where that
/// was read.
#[must_use]
pub fn read(root: &str, asked: impl Into<Asked>) -> Read {
    let asked = asked.into();
    let budget = asked.budget;
    let place = PathBuf::from(root);
    let until = Instant::now() + budget;
    // On a thread of its own: a network file system may hang for minutes.
    let pending = Pending::begin("projects", move || look(&place, &asked, until));
    let unseen = |gap| Read {
        claims: Known::Unseen(gap),
        folders: vec![root.to_owned()],
    };
    match pending.wait(budget) {
        Known::Seen(Ok((claims, folders))) => Read {
            claims: Known::Seen(Arc::new(claims)),
            folders,
        },
        Known::Seen(Err(gap)) | Known::Unseen(gap) => unseen(gap),
    }
}

fn look(root: &Path, asked: &Asked, until: Instant) -> Result<(Claims, Vec<String>), Gap> {
    let mut files = OnDisk::new(root).map_err(|error| Gap::of(&error))?;
    let found = find::files(files.root(), until);
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let chosen = choose(&files, &environment, &found, asked);
    files.ask_for(chosen.asked_for);
    let cx = Context {
        files: &files,
        environment: &environment,
    };
    let mut claims = parsers::read(&cx, &chosen.paths);
    claims.left_out = chosen.left_out.into_iter().collect();
    claims.cut |= found.cut;
    claims.changed_s = ages(files.root(), &claims);
    let folders = watch::folders(files.root(), &files.looked_into(), &files.places());
    Ok((claims, folders))
}

/// Those of the files that count.
fn choose(
    files: &OnDisk,
    environment: &BTreeMap<String, String>,
    found: &Found,
    asked: &Asked,
) -> Chosen {
    let cx = Context { files, environment };
    let members = Members::new(&cx);
    let member = |folder: &str, samples: &str| members.name(folder, samples);
    let root = files.root().to_string_lossy();
    let from = samples::seen_from(&root, &asked.from);
    let globs = Globs::new(&asked.which);
    Choice::new(found, from, globs, &member).of(&found.paths)
}

/// How many seconds ago each file was changed that says where a service listens.
fn ages(root: &Path, claims: &Claims) -> BTreeMap<String, u64> {
    let expects = claims.services.iter().flat_map(|service| &service.expects);
    let named: BTreeSet<&String> = expects
        .flat_map(|wants| std::iter::once(&wants.origin).chain(&wants.host_origin))
        .map(|origin| &origin.file)
        .collect();
    let age = |file: &String| {
        let changed = root.join(file).metadata().ok()?.modified().ok()?;
        Some(changed.elapsed().ok()?.as_secs())
    };
    named
        .into_iter()
        .filter_map(|file| Some((file.clone(), age(file)?)))
        .collect()
}
