//! Which folders of a project are its own by its own word: the workspaces of npm and its
//! kin, Deno, Cargo, uv, Go, Maven and Gradle name their members.
//!
//! It matters for folders that by their names hold samples: `examples/shop` is one more
//! server of the project where its workspace has it, and a sample where it does not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::context::join;
use super::format::{json, toml};
use super::packages::{Packages, ancestors};
use super::workspace::{Patterns, fits};
use super::{Context, Value};

/// Names of folders that by convention hold projects to test with, to learn from or to
/// copy. What people run in earnest is also called `demo`, `playground` or `e2e`.
const SAMPLES: &[&str] = &[
    "__fixtures__",
    "__mocks__",
    "__tests__",
    "boilerplate",
    "boilerplates",
    "example",
    "examples",
    "fixture",
    "fixtures",
    "integration-tests",
    "integration_tests",
    "sample",
    "samples",
    "spec",
    "template",
    "templates",
    "test",
    "test-data",
    "test-fixtures",
    "test_data",
    "test_fixtures",
    "testdata",
    "tests",
];

/// Whether a folder of this name by convention holds samples.
#[must_use]
pub fn is_sample(name: &str) -> bool {
    // `Tests` in Swift, `Samples` in .NET.
    SAMPLES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The members of the workspaces of one project, each file read once.
pub struct Members<'a> {
    packages: Packages<'a>,
    roots: RefCell<HashMap<String, Rc<Patterns>>>,
}

impl<'a> Members<'a> {
    /// The members of this project's workspaces; no file is read yet.
    #[must_use]
    pub fn new(cx: &'a Context<'a>) -> Self {
        Members {
            packages: Packages::new(cx),
            roots: RefCell::default(),
        }
    }

    /// Whether a workspace around these samples names this folder in them as a member: a
    /// sample may be a workspace itself. A `**` that leads through a folder of samples
    /// names nothing: `packages/**` means the packages, not what they are tested with.
    #[must_use]
    pub fn name(&self, folder: &str, samples: &str) -> bool {
        let mut roots = ancestors(samples).skip(1);
        roots.any(|root| {
            let patterns = self.patterns(root);
            let below = folder.strip_prefix(root).unwrap_or(folder);
            let below = below.trim_start_matches('/');
            let named = patterns.take.iter().any(|pattern| names(pattern, below));
            named && !patterns.leave.iter().any(|pattern| fits(pattern, below))
        })
    }

    fn patterns(&self, root: &str) -> Rc<Patterns> {
        if let Some(known) = self.roots.borrow().get(root) {
            return known.clone();
        }
        let mut all = Patterns::default();
        if let Some(own) = self.packages.workspace().patterns(&self.packages, root) {
            all.take.extend(own.take.iter().cloned());
            all.leave.extend(own.leave.iter().cloned());
        }
        self.others(root, &mut all);
        let all = Rc::new(all);
        let mut roots = self.roots.borrow_mut();
        roots.insert(root.to_owned(), all.clone());
        all
    }

    /// What files say that are not npm's.
    fn others(&self, root: &str, all: &mut Patterns) {
        let text = |name: &str| {
            let path = join(root, name)?;
            self.packages.cx.files.text(&path).ok()
        };
        for name in ["deno.json", "deno.jsonc"] {
            let value = text(name).and_then(|text| json::parse(name, &text).ok());
            if let Some(members) = value.as_ref().and_then(|value| value.get("workspace")) {
                all.take(members.get("members").unwrap_or(members));
            }
        }
        for (name, table) in [
            ("Cargo.toml", "workspace"),
            ("pyproject.toml", "tool.uv.workspace"),
        ] {
            let value = text(name).and_then(|text| toml::parse(name, &text).ok());
            if let Some(workspace) = value.as_ref().and_then(|value| value.at(table)) {
                all.take_list(workspace.get("members"));
                let leave = workspace.get("exclude").map(Value::items);
                let leave = leave.unwrap_or_default().iter().filter_map(Value::text);
                all.leave.extend(leave.map(clean));
            }
        }
        if let Some(text) = text("go.work") {
            all.take.extend(used(&text));
        }
        if let Some(text) = text("pom.xml") {
            let modules = text.split("<module>").skip(1);
            let modules = modules.filter_map(|rest| rest.split_once("</module>"));
            all.take.extend(modules.map(|(module, _)| clean(module)));
        }
        for name in ["settings.gradle", "settings.gradle.kts"] {
            let text = text(name);
            all.take.extend(text.iter().flat_map(|text| included(text)));
        }
    }
}

impl Patterns {
    fn take(&mut self, list: &Value) {
        self.take_list(Some(list));
    }

    fn take_list(&mut self, list: Option<&Value>) {
        let items = list.map(Value::items).unwrap_or_default().iter();
        self.take.extend(items.filter_map(Value::text).map(clean));
    }
}

fn clean(folder: &str) -> String {
    let folder = folder.trim().trim_start_matches("./");
    folder.trim_matches('/').to_owned()
}

/// The modules that a `go.work` uses: one a line, alone or in brackets.
fn used(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let rest = line.strip_prefix("use").map(str::trim_start);
        let module = match rest {
            Some(rest) if rest.starts_with('(') => {
                inside = true;
                rest.trim_start_matches('(')
            }
            Some(rest) if !inside => rest,
            _ if inside => line,
            _ => continue,
        };
        if module.contains(')') {
            inside = false;
        }
        let module = module.trim_matches([' ', '"', ')']);
        if !module.is_empty() {
            found.push(clean(module));
        }
    }
    found
}

/// The projects that a Gradle build includes: `include("samples:shop")`.
fn included(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim_start);
    let lines = lines.filter_map(|line| line.strip_prefix("include"));
    let calls = lines.filter(|rest| rest.starts_with(['(', ' ', '\t', '\'', '"']));
    let texts = calls.flat_map(|rest| rest.split(['\'', '"']).skip(1).step_by(2));
    texts
        .map(|path| clean(&path.trim_matches(':').replace(':', "/")))
        .collect()
}

/// Whether a path is of a pattern, whose `**` lead through no folder of samples.
fn names(pattern: &str, path: &str) -> bool {
    let path: Vec<&str> = path.split('/').collect();
    // Which numbers of the path's parts the pattern so far may stand for.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in pattern.split('/') {
        let mut next = vec![false; path.len() + 1];
        for at in 0..=path.len() {
            if part == "**" {
                let swallowed = at > 0 && next[at - 1] && !is_sample(path[at - 1]);
                next[at] = reached[at] || swallowed;
            } else if at > 0 {
                next[at] = reached[at - 1] && fits(part, path[at - 1]);
            }
        }
        reached = next;
    }
    reached[path.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_name_a_folder_of_samples_only_one_by_one() {
        for (pattern, path, expected) in [
            ("examples/*", "examples/shop", true),
            ("examples/*", "examples", false),
            ("examples/**", "examples/a/b", true),
            ("packages/*", "packages/test", true),
            ("packages/**", "packages/web", true),
            ("packages/**", "packages/web/tests/fixtures/a", false),
            ("packages/*/examples/*", "packages/web/examples/a", true),
            ("**", "apps/web", true),
            ("**", "examples/web", false),
            ("", "web", false),
        ] {
            assert_eq!(names(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn modules_of_go_and_gradle_are_read() {
        let text = "go 1.22\n\nuse ./cmd // the server\nuse (\n\t./examples/shop\n\t\"./lib\"\n)\n";
        assert_eq!(used(text), ["cmd", "examples/shop", "lib"]);
        let text = "rootProject.name = 'x'\ninclude ':app', \":samples:shop\"\n\
                    include(\"core\")\nincludeBuild('samples/other')\n";
        assert_eq!(included(text), ["app", "samples/shop", "core"]);
    }
}
