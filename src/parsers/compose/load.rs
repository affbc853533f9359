//! One compose project: its files read, their variables replaced, `extends` and
//! `include` followed, and all put on top of each other.

use std::collections::HashSet;

use super::environment;
use super::interpolate::{Amiss, Filler, Variables};
use super::merge::{self, Path};
use super::paths::place;
use crate::facts::{BrokenFile, Claims, Origin};
use crate::parsers::context::{Context, folder, join};
use crate::parsers::format::yaml::{self, Entry, Kind, Yaml};

/// How many files one project is read from, the same one counted each time.
const MOST_FILES: usize = 128;

/// How far services extend services, and files include files.
const DEEPEST: usize = 16;

/// How many values all the files of one project are made of, extended ones counted
/// each time.
const MOST_VALUES: usize = 500_000;

/// Reads the files of one project.
pub(super) struct Loader<'a, 'c> {
    pub(super) cx: &'a Context<'a>,
    pub(super) claims: &'c mut Claims,
    /// Values of which some variable has no value.
    pub(super) amiss: Vec<(Origin, Amiss)>,
    files: usize,
    values: usize,
}

/// What the files are read with.
#[derive(Clone, Copy)]
struct Scope<'s> {
    /// The folder that paths in them are seen from.
    folder: &'s str,
    variables: &'s Variables,
    /// The files that include this one.
    included: &'s [String],
}

impl<'a, 'c> Loader<'a, 'c> {
    pub(super) fn new(cx: &'a Context<'a>, claims: &'c mut Claims) -> Self {
        Loader {
            cx,
            claims,
            amiss: Vec::new(),
            files: 0,
            values: 0,
        }
    }

    /// The project that these files make, each on top of those before it. Paths in them
    /// are seen from the folder.
    pub(super) fn project(
        &mut self,
        files: &[String],
        folder: &str,
        variables: &Variables,
    ) -> Option<Yaml> {
        let scope = Scope {
            folder,
            variables,
            included: &[],
        };
        self.model(files, scope)
    }

    fn model(&mut self, files: &[String], scope: Scope<'_>) -> Option<Yaml> {
        let mut whole: Option<Yaml> = None;
        for file in files {
            for mut document in self.documents(file, scope) {
                let resets = merge::resets(&mut document);
                self.extend_all(&mut document, file, scope, &resets);
                self.include_all(&mut document, file, scope);
                whole = Some(match whole {
                    None => document,
                    Some(mut before) => {
                        for path in &resets {
                            merge::remove(&mut before, path);
                        }
                        merge::files(before, document)
                    }
                });
            }
        }
        whole
    }

    /// The documents of a file, variables replaced and paths seen from the root.
    fn documents(&mut self, file: &str, scope: Scope<'_>) -> Vec<Yaml> {
        self.files += 1;
        if self.files > MOST_FILES {
            self.claims.cut = true;
            return Vec::new();
        }
        let Some(text) = self.cx.text(file, self.claims) else {
            return Vec::new();
        };
        let mut documents = match yaml::tagged(file, &text) {
            Ok(documents) => documents,
            Err(broken) => {
                self.broken(broken.origin, broken.what);
                return Vec::new();
            }
        };
        documents.retain(|document| matches!(document.kind, Kind::Table(_)));
        for document in &mut documents {
            self.check_keys(document);
            self.fill(document, scope.variables);
            let Kind::Table(entries) = &mut document.kind else {
                continue;
            };
            for entry in entries.iter_mut().filter(|entry| entry.key == "services") {
                if let Kind::Table(services) = &mut entry.value.kind {
                    for service in services {
                        place(&mut service.value, scope.folder);
                    }
                }
            }
        }
        documents
    }

    fn fill(&mut self, document: &mut Yaml, variables: &Variables) {
        let mut found = Vec::new();
        Filler::new(variables).tree(document, &mut |value, amiss| {
            found.push((value.origin.clone(), amiss));
        });
        for (origin, amiss) in found {
            if let Amiss::Refused(problem) = &amiss {
                self.broken(origin.clone(), problem.to_string());
            }
            self.amiss.push((origin, amiss));
        }
    }

    /// Compose refuses a key that stands twice.
    fn check_keys(&mut self, yaml: &Yaml) {
        self.values += 1;
        let mut keys = HashSet::new();
        for entry in yaml.entries() {
            if !keys.insert(entry.key.as_str()) {
                let what = format!("the key `{}` stands twice", entry.key);
                self.broken(entry.at.clone(), what);
            }
            self.check_keys(&entry.value);
        }
        for item in yaml.items() {
            self.check_keys(item);
        }
    }

    // --- extends --------------------------------------------------------------

    fn extend_all(&mut self, document: &mut Yaml, file: &str, scope: Scope<'_>, resets: &[Path]) {
        let Some(services) = document.get("services") else {
            return;
        };
        let extending = |entry: &&Entry| entry.value.get("extends").is_some();
        if !services.entries().iter().any(|entry| extending(&entry)) {
            return;
        }
        let services = services.clone();
        let names = services.entries().iter().filter(extending);
        let extended: Vec<_> = names
            .filter_map(|entry| {
                let mut trail = Vec::new();
                let whole =
                    self.extended(&services, file, &entry.key, scope, resets, &mut trail)?;
                Some((entry.key.clone(), whole))
            })
            .collect();
        let Kind::Table(entries) = &mut document.kind else {
            return;
        };
        for services in entries.iter_mut().filter(|entry| entry.key == "services") {
            if let Kind::Table(services) = &mut services.value.kind {
                for service in services {
                    let whole = extended.iter().find(|(name, _)| *name == service.key);
                    if let Some((_, whole)) = whole {
                        service.value = whole.clone();
                    }
                }
            }
        }
    }

    /// A service with what it extends below it.
    fn extended(
        &mut self,
        services: &Yaml,
        file: &str,
        name: &str,
        scope: Scope<'_>,
        resets: &[Path],
        trail: &mut Vec<(String, String)>,
    ) -> Option<Yaml> {
        let service = services.get(name)?.clone();
        self.values = self.values.saturating_add(size(&service));
        let Some(extends) = service.get("extends") else {
            return Some(service);
        };
        let here = (file.to_owned(), name.to_owned());
        if trail.contains(&here) || trail.len() > DEEPEST || self.values > MOST_VALUES {
            self.broken(extends.origin.clone(), format!("`{name}` extends itself"));
            return Some(service);
        }
        trail.push(here);
        let named = extends.get("service").unwrap_or(extends);
        let wanted = named.plain().unwrap_or_default();
        let base = match extends.get("file").and_then(Yaml::plain) {
            None => self.extended(services, file, wanted, scope, resets, trail),
            Some(other) => self.extended_elsewhere(other, wanted, scope, extends, trail),
        };
        let Some(mut base) = base else {
            let what = format!("it extends `{wanted}`, which is not there");
            self.broken(named.origin.clone(), what);
            return Some(service);
        };
        for path in resets {
            if let [services, own, rest @ ..] = &path[..]
                && services == "services"
                && own == name
                && !rest.is_empty()
            {
                merge::remove(&mut base, rest);
            }
        }
        let mut whole = merge::service(base, service);
        merge::remove(&mut whole, &["extends".to_owned()]);
        Some(whole)
    }

    /// A service of another file, with what that one extends.
    fn extended_elsewhere(
        &mut self,
        file: &str,
        name: &str,
        scope: Scope<'_>,
        extends: &Yaml,
        trail: &mut Vec<(String, String)>,
    ) -> Option<Yaml> {
        let Some(path) = join(scope.folder, file) else {
            let what =
                format!("it extends a service of `{file}`, which lies outside of the project");
            self.broken(extends.origin.clone(), what);
            return None;
        };
        let there = Scope {
            folder: folder(&path),
            ..scope
        };
        let mut whole: Option<Yaml> = None;
        let mut resets = Vec::new();
        for mut document in self.documents(&path, there) {
            resets.extend(merge::resets(&mut document));
            whole = Some(match whole {
                None => document,
                Some(before) => merge::files(before, document),
            });
        }
        let services = whole?.get("services")?.clone();
        self.extended(&services, &path, name, there, &resets, trail)
    }

    // --- include --------------------------------------------------------------

    fn include_all(&mut self, document: &mut Yaml, file: &str, scope: Scope<'_>) {
        let Some(include) = document.get("include").cloned() else {
            return;
        };
        let mut included = scope.included.to_vec();
        included.push(file.to_owned());
        for item in include.items() {
            if let Some(whole) = self.included(item, &included, scope) {
                self.import(document, whole);
            }
        }
    }

    /// The project that one entry of `include` names.
    fn included(&mut self, item: &Yaml, included: &[String], scope: Scope<'_>) -> Option<Yaml> {
        let paths = merge::listed(item.get("path").unwrap_or(item).clone());
        let mut files = Vec::new();
        for path in paths.items().iter().filter_map(Yaml::plain) {
            match join(scope.folder, path) {
                Some(path) => files.push(path),
                // What lies on another machine or outside is not read, and not missed.
                None => return None,
            }
        }
        let first = files.first()?;
        if included.contains(first) || included.len() > DEEPEST {
            let what = format!("`{first}` includes itself");
            self.broken(item.origin.clone(), what);
            return None;
        }
        let given = item.get("project_directory").and_then(Yaml::plain);
        let folder = match given {
            Some(given) => join(scope.folder, given)?,
            None => folder(first).to_owned(),
        };
        let env_files: Vec<String> = match item.get("env_file") {
            Some(given) => {
                let given = merge::listed(given.clone());
                let names = given.items().iter().filter_map(Yaml::plain);
                names.filter_map(|name| join(scope.folder, name)).collect()
            }
            None => join(&folder, ".env").into_iter().collect(),
        };
        let variables = environment::with_files(self.cx, &env_files, scope.variables, self.claims);
        let there = Scope {
            folder: &folder,
            variables: &variables,
            included,
        };
        self.model(&files, there)
    }

    /// Adds the services of an included project.
    fn import(&mut self, document: &mut Yaml, whole: Yaml) {
        let Some(new) = whole.entry("services").cloned() else {
            return;
        };
        let Kind::Table(entries) = &mut document.kind else {
            return;
        };
        let Some(services) = entries.iter_mut().find(|entry| entry.key == "services") else {
            entries.push(new);
            return;
        };
        if services.value.kind == Kind::Null {
            services.value.kind = Kind::Table(Vec::new());
        }
        let (Kind::Table(own), Kind::Table(new)) = (&mut services.value.kind, new.value.kind)
        else {
            return;
        };
        let mut twice = Vec::new();
        for service in new {
            match own.iter().find(|entry| entry.key == service.key) {
                None => own.push(service),
                Some(same) if same.value == service.value => {}
                Some(other) => twice.push((service.key, other.at.clone(), service.at)),
            }
        }
        for (name, here, there) in twice {
            self.broken(
                here,
                format!("the service `{name}` is included from {there}, too"),
            );
        }
    }

    pub(super) fn broken(&mut self, origin: Origin, what: String) {
        let broken = BrokenFile { origin, what };
        if !self.claims.broken.contains(&broken) {
            self.claims.broken.push(broken);
        }
    }
}

/// How many values a value is made of.
fn size(yaml: &Yaml) -> usize {
    let entries = yaml.entries().iter().map(|entry| size(&entry.value));
    1 + entries.sum::<usize>() + yaml.items().iter().map(size).sum::<usize>()
}
