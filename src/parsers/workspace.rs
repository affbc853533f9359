//! Which packages of a project belong to its workspace: npm, yarn, pnpm, bun and lerna
//! name their folders by patterns.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::Value;
use super::context::join;
use super::format::{json, yaml};
use super::packages::{Package, Packages, ancestors};

/// How many folders are listed to find the members of a workspace.
const MOST_FOLDERS: usize = 5_000;

/// The workspaces of a project. Most have one at the root, or none.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The patterns of each folder that was asked for, if it is a workspace's root.
    roots: RefCell<HashMap<String, Option<Rc<Patterns>>>>,
}

/// The folders of the members, as patterns.
#[derive(Debug, Default)]
pub struct Patterns {
    /// Those of members.
    pub take: Vec<String>,
    /// Those of folders that are no members all the same.
    pub leave: Vec<String>,
}

impl Workspace {
    /// Whether a package is one that people run: the root, a member of the workspace
    /// around it, one that no workspace is around, or one that is asked for by itself.
    pub fn holds(&self, packages: &Packages<'_>, folder: &str) -> bool {
        if packages.cx.files.is_asked_for(folder) {
            return true;
        }
        let around = ancestors(folder).skip(1);
        let mut roots = around.filter_map(|root| Some((root, self.patterns(packages, root)?)));
        match roots.next() {
            Some((root, patterns)) => {
                let below = folder.strip_prefix(root).unwrap_or(folder);
                patterns.hold(below.trim_start_matches('/'))
            }
            None => true,
        }
    }

    /// The patterns of the workspace whose root this folder is, if it is one's.
    pub fn patterns(&self, packages: &Packages<'_>, root: &str) -> Option<Rc<Patterns>> {
        if let Some(known) = self.roots.borrow().get(root) {
            return known.clone();
        }
        let found = declared(packages, root).map(Rc::new);
        let mut roots = self.roots.borrow_mut();
        roots.insert(root.to_owned(), found.clone());
        found
    }

    /// The members of the workspace at the project's root.
    pub fn members(&self, packages: &Packages<'_>) -> Vec<Rc<Package>> {
        let Some(patterns) = self.patterns(packages, "") else {
            return Vec::new();
        };
        let mut search = Search {
            packages,
            listed: 0,
            found: Vec::new(),
        };
        for pattern in &patterns.take {
            let parts: Vec<&str> = pattern.split('/').collect();
            search.folders("", &parts);
        }
        search.found.sort();
        search.found.dedup();
        let folders = search.found.iter().filter(|folder| patterns.hold(folder));
        folders.filter_map(|folder| packages.at(folder)).collect()
    }
}

/// What makes a folder the root of a workspace: patterns in one of three files.
fn declared(packages: &Packages<'_>, root: &str) -> Option<Patterns> {
    let text = |name: &str| {
        let path = join(root, name)?;
        Some((packages.cx.files.text(&path).ok()?, path))
    };
    let package = packages.at(root);
    let npm = package.as_ref().and_then(|package| {
        let workspaces = package.value.get("workspaces")?;
        Some(workspaces.get("packages").unwrap_or(workspaces).clone())
    });
    let pnpm = || {
        let (text, path) = text("pnpm-workspace.yaml")?;
        let value = yaml::parse(&path, &text).ok()?;
        value.get("packages").cloned()
    };
    let lerna = || {
        let (text, path) = text("lerna.json")?;
        let value = json::parse(&path, &text).ok()?;
        value.get("packages").cloned()
    };
    let list = pnpm().or(npm).or_else(lerna)?;
    let mut patterns = Patterns::default();
    for pattern in list.items().iter().filter_map(Value::text) {
        let clean = |text: &str| text.trim_start_matches("./").trim_matches('/').to_owned();
        match pattern.strip_prefix('!') {
            Some(leave) => patterns.leave.push(clean(leave)),
            None => patterns.take.push(clean(pattern)),
        }
    }
    Some(patterns)
}

impl Patterns {
    fn hold(&self, folder: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, folder));
        any(&self.take) && !any(&self.leave)
    }
}

/// Whether a path is of a pattern: `*` is any part of a name, `**` any folders.
pub fn fits(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    greedy(
        &pattern,
        &path,
        |part| *part == "**",
        |part, name| {
            let (part, name): (Vec<char>, Vec<char>) =
                (part.chars().collect(), name.chars().collect());
            greedy(&part, &name, |c| *c == '*', |a, b| a == b)
        },
    )
}

/// Whether the items are as a pattern wants them, some parts of which are any number of
/// items. It is enough to go back to the last of those.
fn greedy<A, B>(
    pattern: &[A],
    items: &[B],
    any: impl Fn(&A) -> bool,
    same: impl Fn(&A, &B) -> bool,
) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while item < items.len() {
        if pattern.get(at).is_some_and(&any) {
            back = Some((at, item));
            at += 1;
        } else if pattern.get(at).is_some_and(|part| same(part, &items[item])) {
            at += 1;
            item += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            (at, item) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(any)
}

/// A search for the folders of a pattern.
struct Search<'a, 'b> {
    packages: &'a Packages<'b>,
    listed: usize,
    found: Vec<String>,
}

impl Search<'_, '_> {
    fn folders(&mut self, folder: &str, parts: &[&str]) {
        let Some((part, rest)) = parts.split_first() else {
            if self.packages.at(folder).is_some() {
                self.found.push(folder.to_owned());
            }
            return;
        };
        let below = |name: &str| join(folder, name).unwrap_or_default();
        if !part.contains('*') {
            return self.folders(&below(part), rest);
        }
        if *part == "**" {
            self.folders(folder, rest);
        }
        self.listed += 1;
        if self.listed > MOST_FOLDERS {
            return;
        }
        for name in self.packages.cx.files.names(folder) {
            // A name with an ending is a file, or might as well be one.
            let folder = !name.contains('.') && name != "node_modules";
            if folder && *part == "**" {
                // Nothing below a file is listed, so this ends.
                self.folders(&below(&name), parts);
            } else if folder && fits(part, &name) {
                self.folders(&below(&name), rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_what_the_package_managers_fit() {
        for (pattern, path, expected) in [
            ("packages/*", "packages/web", true),
            ("packages/*", "packages/web/deep", false),
            ("packages/**", "packages/web/deep", true),
            ("**", "a/b", true),
            ("apps/*-app", "apps/my-app", true),
            ("apps/*-app", "apps/my-lib", false),
            ("**/test/**", "a/test/b", true),
            ("**/test/**", "a/tests/b", false),
            ("packages/web", "packages/web", true),
            ("@shop/*", "@shop/web", true),
            ("", "", true),
            ("*", "web", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
