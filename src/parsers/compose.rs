//! Compose files: what `docker compose up` would run, as the compose tool itself reads
//! them.

pub(super) mod dockerfile;
mod environment;
mod interpolate;
mod load;
mod merge;
mod paths;
mod ports;
mod service;

use interpolate::Variables;
use load::Loader;
use service::Project;

use super::context::{Context, folder, join, name};
use super::format::yaml::Yaml;
use crate::facts::{Claims, IgnoredSetting, Service};

/// The names that the compose tool looks for, the first that is there.
const NAMES: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// The names of what it puts on top, the first that is there.
const OVERRIDES: &[&str] = &[
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Whether a file of this name makes its folder a compose project.
pub(super) fn takes(name: &str) -> bool {
    NAMES.contains(&name) || name == ".env" || is_other(name)
}

/// Whether a file has a name that people give to compose files that the tool is told of:
/// `docker-compose.dev.yml`.
fn is_other(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    let kind = stem.and_then(|stem| {
        stem.strip_prefix("docker-compose")
            .or(stem.strip_prefix("compose"))
    });
    kind.is_some_and(|kind| kind.starts_with(['.', '-', '_']) && kind != ".override")
}

/// Adds what the compose project in the folder of this file says. Several files of one
/// folder are one project.
pub(super) fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let folder = folder(path);
    let known = |service: &Service| service.compose_project.is_some() && service.folder == folder;
    if claims.services.iter().any(known) {
        return;
    }
    let mut variables = cx.environment.clone();
    let disabled = variables
        .get("COMPOSE_DISABLE_ENV_FILE")
        .map(String::as_str);
    if !matches!(disabled, Some("1" | "t" | "T" | "true" | "TRUE" | "True")) {
        let own = join(folder, ".env").into_iter().collect::<Vec<_>>();
        variables = environment::with_files(cx, &own, &variables, claims);
    }
    let chosen = chosen(cx, folder, &variables);
    // A project that includes this one has told of it.
    let included = |service: &Service| chosen.files.first() == Some(&service.origin.file);
    if chosen.files.is_empty() || claims.services.iter().any(included) {
        return;
    }
    // Outside of what the user says, a file of another name stands alone.
    if chosen.alternatives {
        for file in &chosen.files {
            let flags = vec!["-f".to_owned(), name(file).to_owned()];
            project(
                cx,
                folder,
                std::slice::from_ref(file),
                &flags,
                &variables,
                claims,
            );
        }
    } else {
        project(cx, folder, &chosen.files, &[], &variables, claims);
        overlooked(cx, folder, &chosen, &variables, claims);
    }
}

/// The files of a folder that compose reads.
#[derive(Debug, Default)]
struct Chosen {
    files: Vec<String>,
    /// Whether each is a project of its own, and no more than one of them is meant.
    alternatives: bool,
    /// Files that compose would read, were it not for those that it prefers.
    overlooked: Vec<String>,
}

fn chosen(cx: &Context<'_>, folder: &str, variables: &Variables) -> Chosen {
    if let Some(named) = variables
        .get("COMPOSE_FILE")
        .filter(|named| !named.is_empty())
    {
        let separator = variables.get("COMPOSE_PATH_SEPARATOR").map(String::as_str);
        let separator = separator
            .filter(|separator| !separator.is_empty())
            .unwrap_or(if named.contains(';') { ";" } else { ":" });
        let paths = named.split(separator).map(|path| below(cx, folder, path));
        let paths: Option<Vec<String>> = paths.collect();
        let there = |path: &String| cx.files.text(path).is_ok();
        let by_file = !cx.environment.contains_key("COMPOSE_FILE");
        // The environment's may be meant for another folder than this one.
        if let Some(files) = paths
            && (by_file || files.iter().all(there))
        {
            return Chosen {
                files,
                ..Chosen::default()
            };
        }
    }
    let names = cx.files.names(folder);
    let in_folder = |name: &str| join(folder, name);
    let there = |wanted: &&&str| names.iter().any(|name| name == **wanted);
    let mut found = NAMES
        .iter()
        .filter(there)
        .filter_map(|name| in_folder(name));
    let Some(main) = found.next() else {
        let others = names.iter().filter(|name| is_other(name));
        return Chosen {
            files: others.filter_map(|name| in_folder(name)).collect(),
            alternatives: true,
            overlooked: Vec::new(),
        };
    };
    let mut overlooked: Vec<String> = found.collect();
    let mut over = OVERRIDES
        .iter()
        .filter(there)
        .filter_map(|name| in_folder(name));
    let files = std::iter::once(main).chain(over.next()).collect();
    overlooked.extend(over);
    Chosen {
        files,
        alternatives: false,
        overlooked,
    }
}

/// A path of `COMPOSE_FILE`, seen from the root.
fn below(cx: &Context<'_>, folder: &str, path: &str) -> Option<String> {
    match path.strip_prefix(cx.files.root()?) {
        Some(rest) if path.starts_with('/') => join("", rest.strip_prefix('/')?),
        _ => join(folder, path),
    }
}

/// Adds one project.
fn project(
    cx: &Context<'_>,
    folder: &str,
    files: &[String],
    flags: &[String],
    variables: &Variables,
    claims: &mut Claims,
) {
    let Some(main) = files.first() else { return };
    let dir = super::context::folder(main);
    let mut variables = variables.clone();
    if dir != folder {
        let own = join(dir, ".env").into_iter().collect::<Vec<_>>();
        variables = environment::with_files(cx, &own, &variables, claims);
    }
    let given = variables
        .get("COMPOSE_PROJECT_NAME")
        .filter(|name| !name.is_empty())
        .cloned();
    let dirs_name = match dir.rsplit('/').next() {
        Some("") | None => cx.files.root().map(name),
        Some(name) => Some(name),
    };
    // What the files call it is known only when they are read; until then, its folder's.
    let first = given.clone().or(dirs_name.map(normalised));
    if let Some(name) = &first {
        variables.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    }
    let mut loader = Loader::new(cx, claims);
    let Some(whole) = loader.project(files, dir, &variables) else {
        return;
    };
    let written = whole.get("name").and_then(Yaml::plain);
    let name = given.or(written.map(str::to_owned)).or(first);
    let on = variables.get("COMPOSE_PROFILES").map_or("", String::as_str);
    let amiss = loader.amiss;
    Project {
        cx,
        name,
        folder,
        group: main,
        flags,
        profiles_on: on.split(',').map(str::trim).collect(),
        variables: &variables,
        services: whole.get("services").map_or(&[], Yaml::entries),
        amiss: &amiss,
    }
    .tell(claims);
}

/// Says of what compose does not read, because it prefers another file, which ports it
/// would publish.
fn overlooked(
    cx: &Context<'_>,
    folder: &str,
    chosen: &Chosen,
    variables: &Variables,
    claims: &mut Claims,
) {
    let named = |file: &String| name(file).to_owned();
    let read: Vec<_> = chosen.files.iter().map(named).collect();
    for file in &chosen.overlooked {
        let mut said = Claims::default();
        let own = std::slice::from_ref(file);
        project(cx, folder, own, &[], variables, &mut said);
        for service in &said.services {
            for expects in &service.expects {
                claims.ignored.push(IgnoredSetting {
                    service: service.name.clone(),
                    framework: String::new(),
                    key: expects.key.clone(),
                    port: expects.port,
                    origin: expects.origin.clone(),
                    why: format!(
                        "compose reads {} and not {}",
                        read.join(" and "),
                        name(file)
                    ),
                });
            }
        }
    }
}

/// A folder's name as the name of a project: in lower case, and without what may not
/// stand in one.
fn normalised(name: &str) -> String {
    let lower = name.to_lowercase();
    let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let kept: String = lower.chars().filter(allowed).collect();
    kept.trim_start_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests;
