//! The packages of a project: their `package.json` files, who manages them, and which
//! of them belong together.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::context::{folder as above, join};
use super::format::json;
use super::workspace::{self, Workspace};
use super::{Context, Value};

/// One `package.json`.
#[derive(Debug)]
pub struct Package {
    /// Its folder, seen from the project's root.
    pub folder: String,
    /// Its file.
    pub path: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// All of the file.
    pub value: Value,
}

impl Package {
    /// A package as its file's tree says.
    pub fn of(path: &str, value: Value) -> Self {
        let name = value.get("name").and_then(Value::text);
        Package {
            folder: above(path).to_owned(),
            path: path.to_owned(),
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            value,
        }
    }

    /// Its scripts, in the order of the file: the name and the command line.
    pub fn scripts(&self) -> impl Iterator<Item = (&str, &Value)> {
        let scripts = self.value.get("scripts").map(Value::entries);
        scripts
            .unwrap_or_default()
            .iter()
            .filter(|(_, line)| line.text().is_some())
            .map(|(name, line)| (name.as_str(), line))
    }

    /// The command line of a script.
    pub fn script(&self, name: &str) -> Option<&Value> {
        let line = self.value.get("scripts")?.get(name)?;
        line.text().map(|_| line)
    }

    /// What people call it: the last part of its name, or of its folder.
    pub fn short(&self) -> &str {
        let name = self.name.as_deref().unwrap_or(&self.folder);
        name.rsplit('/').next().unwrap_or(name)
    }
}

/// The packages of one project, each read once.
pub struct Packages<'a> {
    /// The project.
    pub cx: &'a Context<'a>,
    read: RefCell<HashMap<String, Option<Rc<Package>>>>,
    managers: RefCell<HashMap<String, Option<&'static str>>>,
    workspace: Workspace,
}

/// Files that tell who manages the packages of a folder.
const LOCKS: &[(&str, &str)] = &[
    ("pnpm-lock.yaml", "pnpm"),
    ("pnpm-workspace.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
];

impl<'a> Packages<'a> {
    /// The packages of this project; none is read yet.
    pub fn new(cx: &'a Context<'a>) -> Self {
        Packages {
            cx,
            read: RefCell::default(),
            managers: RefCell::default(),
            workspace: Workspace::default(),
        }
    }

    /// Takes a package that was read by somebody else.
    pub fn add(&self, package: Package) {
        let folder = package.folder.clone();
        self.read
            .borrow_mut()
            .insert(folder, Some(Rc::new(package)));
    }

    /// The package in this folder.
    pub fn at(&self, folder: &str) -> Option<Rc<Package>> {
        if let Some(known) = self.read.borrow().get(folder) {
            return known.clone();
        }
        let package = self.look(folder).map(Rc::new);
        let mut read = self.read.borrow_mut();
        read.insert(folder.to_owned(), package.clone());
        package
    }

    fn look(&self, folder: &str) -> Option<Package> {
        let path = join(folder, "package.json")?;
        let text = self.cx.files.text(&path).ok()?;
        // One that cannot be read is told of by the parser of such files.
        Some(Package::of(&path, json::parse(&path, &text).ok()?))
    }

    /// The package that a folder is part of: its own, or the nearest above it.
    pub fn around(&self, folder: &str) -> Option<Rc<Package>> {
        ancestors(folder).find_map(|folder| self.at(folder))
    }

    /// The workspace of the project.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The members of the workspace that a selector of a package manager means: a name,
    /// a pattern of names (`@shop/*`), a folder (`./apps/web`, `apps/web`).
    pub fn selected(&self, selector: &str) -> Vec<Rc<Package>> {
        // `web...` and `...web` are the package with others around it.
        let selector = selector.trim_matches('.').trim_matches('/');
        let selector = selector
            .trim_start_matches(['{', '^'])
            .trim_end_matches(['}', '^']);
        if let Some(package) = self
            .at(selector)
            .filter(|package| !package.folder.is_empty())
        {
            return vec![package];
        }
        let members = self.workspace().members(self);
        let fits = |package: &&Rc<Package>| {
            let name = package.name.as_deref().unwrap_or_default();
            workspace::fits(selector, name)
                || workspace::fits(selector, &package.folder)
                || name.rsplit('/').next() == Some(selector)
        };
        members.iter().filter(fits).cloned().collect()
    }

    /// The package manager of a folder, by the fields and lock files from there upwards.
    pub fn manager(&self, folder: &str) -> &'static str {
        let found = ancestors(folder).find_map(|folder| self.manager_in(folder));
        found.unwrap_or("npm")
    }

    fn manager_in(&self, folder: &str) -> Option<&'static str> {
        if let Some(known) = self.managers.borrow().get(folder) {
            return *known;
        }
        let package = self.at(folder);
        let field = package.as_ref().and_then(|package| {
            let field = package.value.get("packageManager")?.text()?;
            let name = field.split('@').next()?;
            let mut known = ["npm", "pnpm", "yarn", "bun"].into_iter();
            known.find(|known| *known == name)
        });
        // A folder without a package has no lock file that matters, and may be crowded.
        let found = field.or_else(|| {
            package?;
            let names = self.cx.files.names(folder);
            let there = |lock: &str| names.iter().any(|name| name == lock);
            let mut locks = LOCKS.iter().filter(|(lock, _)| there(lock));
            locks.next().map(|(_, manager)| *manager)
        });
        let mut managers = self.managers.borrow_mut();
        managers.insert(folder.to_owned(), found);
        found
    }

    /// The command that runs a script of this folder's package.
    pub fn start(&self, folder: &str, script: &str) -> Vec<String> {
        let words = [self.manager(folder), "run", script];
        words.map(str::to_owned).to_vec()
    }
}

/// A folder and those above it, up to the project's root, which is empty.
pub fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| above(folder))
    })
}
