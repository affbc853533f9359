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

/// Every parser, in the order in which their claims are told.
static PARSERS: &[Parser] = &[
    Parser {
        takes: compose::takes,
        read: compose::read,
    },
    Parser {
        takes: compose::dockerfile::takes,
        read: compose::dockerfile::read,
    },
    Parser {
        takes: scripts::procfile::takes,
        read: scripts::procfile::read,
    },
    Parser {
        takes: scripts::nx::takes,
        read: scripts::nx::read,
    },
    Parser {
        takes: scripts::mprocs::takes,
        read: scripts::mprocs::read,
    },
    Parser {
        takes: scripts::process_compose::takes,
        read: scripts::process_compose::read,
    },
    Parser {
        takes: scripts::makefile::takes,
        read: scripts::makefile::read,
    },
    Parser {
        takes: scripts::justfile::takes,
        read: scripts::justfile::read,
    },
    Parser {
        takes: scripts::taskfile::takes,
        read: scripts::taskfile::read,
    },
    Parser {
        takes: scripts::launch_settings::takes,
        read: scripts::launch_settings::read,
    },
    Parser {
        takes: scripts::devcontainer::takes,
        read: scripts::devcontainer::read,
    },
    Parser {
        takes: scripts::vscode::takes,
        read: scripts::vscode::read,
    },
    Parser {
        takes: servers::pyproject::takes,
        read: servers::pyproject::read,
    },
    Parser {
        takes: servers::markers::takes,
        read: servers::markers::read,
    },
    Parser {
        takes: servers::python_apps::takes,
        read: servers::python_apps::read,
    },
    Parser {
        takes: servers::jvm::takes,
        read: servers::jvm::read,
    },
    Parser {
        takes: servers::kestrel::takes,
        read: servers::kestrel::read,
    },
    Parser {
        takes: servers::rocket::takes,
        read: servers::rocket::read,
    },
    Parser {
        takes: servers::firebase::takes,
        read: servers::firebase::read,
    },
    Parser {
        takes: servers::supabase::takes,
        read: servers::supabase::read,
    },
    Parser {
        takes: servers::caddy::takes,
        read: servers::caddy::read,
    },
    Parser {
        takes: servers::nginx::takes,
        read: servers::nginx::read,
    },
    Parser {
        takes: servers::env_urls::takes,
        read: servers::env_urls::read,
    },
    Parser {
        takes: servers::angular::takes,
        read: servers::angular::read,
    },
    Parser {
        takes: servers::js_proxies::takes,
        read: servers::js_proxies::read,
    },
    Parser {
        takes: servers::playwright::takes,
        read: servers::playwright::read,
    },
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
    TOGETHER.iter().any(|parser| (parser.takes)(name))
        || PARSERS.iter().any(|parser| (parser.takes)(name))
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
