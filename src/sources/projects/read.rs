//! What the files of a project say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::files::OnDisk;
use super::find;
use crate::facts::{Claims, Gap, Known};
use crate::parsers::{self, Context};
use crate::sources::Pending;

/// What the files of the project with this root say, within the budget.
#[must_use]
pub fn claims(root: &str, budget: Duration) -> Known<Arc<Claims>> {
    let root = PathBuf::from(root);
    let until = Instant::now() + budget;
    // On a thread of its own: a network file system may hang for minutes.
    let pending = Pending::begin("projects", move || read(&root, until));
    match pending.wait(budget) {
        Known::Seen(claims) => claims.map(Arc::new),
        Known::Unseen(gap) => Known::Unseen(gap),
    }
}

fn read(root: &Path, until: Instant) -> Known<Claims> {
    let files = match OnDisk::new(root) {
        Ok(files) => files,
        Err(error) => return Known::Unseen(Gap::of(&error)),
    };
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
    Known::Seen(claims)
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
