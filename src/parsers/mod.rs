//! What a project's files say: text in, claims out. Pure, total, spans kept.
//!
//! A parser takes the files it knows by their names and adds to the [`Claims`]
//! what they say, each claim with its place. It never fails: what cannot be read
//! becomes a [`crate::facts::BrokenFile`], and what cannot be known without
//! running code an [`crate::facts::UnknownSetting`]. The files themselves come
//! through [`Files`], so that a parser reaches what the project's folder holds
//! and nothing else.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod command;
mod compose;
mod context;
mod env_files;
mod format;
mod launch;
mod members;
mod merge;
mod packages;
mod places;
mod pointers;
mod scripts;
mod servers;
mod tree;
mod workspace;
mod wrappers;

pub use context::{Context, Files, Unreadable};
pub use members::{Members, is_sample};
pub use servers::env_urls::of_environment;
pub use tree::{Node, Value};

use crate::facts::Claims;

/// One parser: the files it takes, and how it reads one of them.
struct Parser {
    /// Whether it takes a file of this name: the last part of the path.
    takes: fn(name: &str) -> bool,
    /// Adds what the file says. The path is seen from the project's root.
    read: fn(cx: &Context<'_>, path: &str, claims: &mut Claims),
}

/// Makes the table of parsers from the modules that have one each, and one of the names that
/// they take: who only asks for names, as the daemon does, holds no code that reads.
macro_rules! parsers {
    ($($($module:ident)::+),+ $(,)?) => {
        /// Every parser, in the order in which their claims are told.
        static PARSERS: &[Parser] = &[$(Parser {
            takes: $($module::)+takes,
            read: $($module::)+read,
        }),+];
        /// Which names they take.
        static NAMES: &[fn(name: &str) -> bool] = &[$($($module::)+takes),+];
    };
}

parsers![
    compose,
    compose::dockerfile,
    scripts::procfile,
    scripts::nx,
    scripts::mprocs,
    scripts::process_compose,
    scripts::makefile,
    scripts::justfile,
    scripts::taskfile,
    scripts::launch_settings,
    scripts::devcontainer,
    scripts::vscode,
    servers::pyproject,
    servers::markers,
    servers::python_apps,
    servers::jvm,
    servers::kestrel,
    servers::rocket,
    servers::firebase,
    servers::supabase,
    servers::caddy,
    servers::nginx,
    servers::env_urls,
    servers::angular,
    servers::js_proxies,
    servers::playwright,
];

/// A parser of files that mean something only together.
struct Together {
    /// Whether it takes a file of this name.
    takes: fn(name: &str) -> bool,
    /// Adds what all of them say.
    read: fn(cx: &Context<'_>, paths: &[&str], claims: &mut Claims),
}

/// The parsers of such files; they come first.
static TOGETHER: &[Together] = &[Together {
    takes: scripts::package_json::takes,
    read: scripts::package_json::read,
}];

/// Whether some parser takes a file of this name: the last part of its path.
#[must_use]
pub fn takes(name: &str) -> bool {
    scripts::package_json::takes(name) || NAMES.iter().any(|takes| takes(name))
}

/// Everything that these files say. The paths are seen from the project's root.
#[must_use]
pub fn read<S: AsRef<str>>(cx: &Context<'_>, paths: &[S]) -> Claims {
    let mut claims = Claims::default();
    let named = |path| (context::name(path), path);
    let named: Vec<(&str, &str)> = paths.iter().map(AsRef::as_ref).map(named).collect();
    for parser in TOGETHER {
        let taken = named.iter().filter(|(name, _)| (parser.takes)(name));
        let taken: Vec<&str> = taken.map(|(_, path)| *path).collect();
        (parser.read)(cx, &taken, &mut claims);
    }
    for parser in PARSERS {
        for (_, path) in named.iter().filter(|(name, _)| (parser.takes)(name)) {
            (parser.read)(cx, path, &mut claims);
        }
    }
    merge::merge(&mut claims);
    claims
}
