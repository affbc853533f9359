//! `package.json`: the scripts that start a server.

use std::collections::HashMap;

use crate::facts::{BrokenFile, Claims};
use crate::parsers::command::commands;
use crate::parsers::format::json;
use crate::parsers::launch::{Launch, Launched, services_of};
use crate::parsers::packages::{Package, Packages};
use crate::parsers::places::Places;
use crate::parsers::wrappers::{Everywhere, unwrapped};
use crate::parsers::{Context, Value};

/// The scripts that people start a project with, the first of which that starts a
/// server is the package's service.
const MAIN: &[&str] = &[
    "dev",
    "start:dev",
    "start",
    "serve",
    "develop",
    "dev:server",
    "server",
    "watch",
];

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    name == "package.json"
}

/// A service, and the script that starts it.
struct Started {
    folder: String,
    script: String,
    launched: Launched,
}

/// Adds what these files say. They are read together: a script may run another
/// package's.
pub fn read(cx: &Context<'_>, paths: &[&str], claims: &mut Claims) {
    let packages = Packages::new(cx);
    let mut folders = Vec::new();
    for path in paths {
        if let Some(package) = open(cx, path, claims) {
            folders.push(package.folder.clone());
            packages.add(package);
        }
    }
    let mut started: Vec<Started> = Vec::new();
    let mut groups: Vec<(Everywhere, String)> = Vec::new();
    for folder in &folders {
        if !packages.workspace().holds(&packages, folder) {
            continue;
        }
        let Some(package) = packages.at(folder) else {
            continue;
        };
        let mut named = false;
        for (name, line) in in_order(&package) {
            let found = script(&packages, &package, name, line, &mut groups, claims);
            for mut launched in found {
                // The first that starts a server is the package's; another is one more.
                if launched.service.name.is_empty() {
                    let short = package.short();
                    let short = if short.is_empty() { name } else { short };
                    let main = !named && MAIN.contains(&name);
                    launched.rename(if main {
                        short.to_owned()
                    } else {
                        format!("{short}:{name}")
                    });
                    named |= main;
                }
                started.push(Started {
                    folder: folder.clone(),
                    script: name.to_owned(),
                    launched,
                });
            }
        }
    }
    group(&packages, &groups, &mut started);
    for one in started {
        claims.ignored.extend(one.launched.ignored);
        claims.services.push(one.launched.service);
    }
}

fn open(cx: &Context<'_>, path: &str, claims: &mut Claims) -> Option<Package> {
    let text = cx.text_if_there(path, claims)?;
    let value = json::parse(path, &text);
    match value {
        Ok(value) => Some(Package::of(path, value)),
        Err(BrokenFile { origin, what }) => {
            claims.broken.push(BrokenFile { origin, what });
            None
        }
    }
}

/// The scripts, those first that people start a project with.
fn in_order(package: &Package) -> Vec<(&str, &Value)> {
    let mut scripts: Vec<(&str, &Value)> = package.scripts().collect();
    let rank = |name: &str| MAIN.iter().position(|main| *main == name);
    scripts.sort_by_key(|(name, _)| rank(name).unwrap_or(MAIN.len()));
    scripts
}

/// What one script starts. A service that has no name of its own there has none yet.
fn script(
    packages: &Packages<'_>,
    package: &Package,
    name: &str,
    line: &Value,
    groups: &mut Vec<(Everywhere, String)>,
    claims: &mut Claims,
) -> Vec<Launched> {
    let places = Places::of(line);
    let at = |byte: usize| places.at(byte);
    let text = line.text().unwrap_or_default();
    let group = format!("{}#{name}", package.path);
    let mut found = Vec::new();
    let all = commands(text, &at);
    for command in &all {
        let (runs, many) = unwrapped(packages, command, &package.folder);
        groups.extend(many.into_iter().map(|one| (one, group.clone())));
        let launch = Launch {
            name: String::new(),
            folder: package.folder.clone(),
            origin: line.origin.clone(),
            start: packages.start(&package.folder, name),
            group: Some(group.clone()),
            command,
        };
        found.extend(services_of(packages, &launch, &runs, claims));
    }
    // One service alone is started together with nothing.
    if let [only] = found.as_mut_slice() {
        only.service.group = None;
    }
    let mut unnamed = found.iter_mut().filter(|one| one.service.name.is_empty());
    if unnamed.by_ref().nth(1).is_some() {
        for launched in &mut found {
            let framework = launched.service.framework.clone();
            if let Some(framework) = framework.filter(|_| launched.service.name.is_empty()) {
                launched.rename(format!("{}:{framework}", package.short()));
            }
        }
    }
    found
}

/// Gives the services a group whose scripts another one runs in many packages at once.
fn group(packages: &Packages<'_>, groups: &[(Everywhere, String)], started: &mut [Started]) {
    let mut places: HashMap<(String, String), String> = HashMap::new();
    for (everywhere, group) in groups {
        let chosen: Option<Vec<String>> = (!everywhere.only.is_empty()).then(|| {
            let selectors = everywhere.only.iter();
            let chosen = selectors.flat_map(|selector| packages.selected(selector));
            chosen.map(|package| package.folder.clone()).collect()
        });
        // The root's own script is the one that runs the others.
        let run = |one: &&Started| one.script == everywhere.script && !one.folder.is_empty();
        for one in started.iter().filter(run) {
            if chosen
                .as_ref()
                .is_none_or(|chosen| chosen.contains(&one.folder))
            {
                let place = (one.folder.clone(), one.script.clone());
                places.entry(place).or_insert_with(|| group.clone());
            }
        }
    }
    for one in started {
        let place = (one.folder.clone(), one.script.clone());
        let group = places.get(&place).cloned();
        let service = &mut one.launched.service;
        service.group = service.group.take().or(group);
    }
}

#[cfg(test)]
mod tests;
