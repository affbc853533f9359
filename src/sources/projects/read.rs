//! What the files of a project say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::files::OnDisk;
use super::{find, watch};
use crate::facts::{Claims, Gap, Known};
use crate::parsers::{self, Context};
use crate::sources::Pending;

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
pub fn claims(root: &str, budget: Duration) -> Known<Arc<Claims>> {
    read(root, budget).claims
}

/// What the files of the project with this root say, within the budget, and where that
/// was read.
#[must_use]
pub fn read(root: &str, budget: Duration) -> Read {
    let place = PathBuf::from(root);
    let until = Instant::now() + budget;
    // On a thread of its own: a network file system may hang for minutes.
    let pending = Pending::begin("projects", move || look(&place, until));
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

fn look(root: &Path, until: Instant) -> Result<(Claims, Vec<String>), Gap> {
    let files = OnDisk::new(root).map_err(|error| Gap::of(&error))?;
    let found = find::files(files.root(), until);
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let cx = Context {
        files: &files,
        environment: &environment,
    };
    let mut claims = parsers::read(&cx, &found.paths);
    claims.cut |= found.cut;
    claims.changed_s = ages(files.root(), &claims);
    let folders = watch::folders(files.root(), &files.looked_into(), &files.places());
    Ok((claims, folders))
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
