//! The environment: `process.env`, `loadEnv`, `dotenv`.

use std::rc::Rc;

use oxc_span::Span;

use super::machine::{CALL, Machine};
use super::value::{Held, Id, Js, Place, Table, What};
use crate::facts::Claims;
use crate::parsers::context::name;
use crate::parsers::env_files::{self, Variable};

/// The files that a tool reads into the environment before its configuration.
const READ_BEFORE: &[(&str, &[&str])] = &[
    (
        "next.config.",
        &[".env.{mode}.local", ".env.local", ".env.{mode}", ".env"],
    ),
    ("nuxt.config.", &[".env"]),
];

/// Tools that set `NODE_ENV` before they read their configuration.
const SET_NODE_ENV: &[&str] = &[
    "vite.config.",
    "vitest.config.",
    "next.config.",
    "nuxt.config.",
    "astro.config.",
    "rsbuild.config.",
    "svelte.config.",
    "react-router.config.",
    "docusaurus.config.",
];

impl<'a> Machine<'a, '_> {
    /// Fills `process.env` as it is when this configuration is read.
    pub(super) fn fill_environment(&mut self, path: &str) {
        let mut table = Table::default();
        let file = name(path);
        let development = "development";
        if SET_NODE_ENV.iter().any(|start| file.starts_with(start)) {
            table.set("NODE_ENV", Js::text(development));
        }
        let before = READ_BEFORE
            .iter()
            .find(|(start, _)| file.starts_with(start));
        if let Some((_, names)) = before {
            let folder = self.folder_of(0);
            for variable in self.file_variables(&folder, names, development) {
                table.set(&variable.name, from_file(&variable));
            }
        }
        for (key, value) in self.cx.environment {
            let mut value = Js::text(value);
            value.varies = true;
            table.set(key, value);
        }
        table.varies = true;
        let id = self.environment;
        if let Some(environment) = self.table_mut(id) {
            *environment = table;
        }
    }

    fn file_variables(&self, folder: &str, names: &[&str], mode: &str) -> Vec<Variable> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        // Files that cannot be read are told of by those who read them for themselves.
        let mut aside = Claims::default();
        env_files::variables(self.cx, folder, &names, mode, &mut aside)
    }

    /// Vite's `loadEnv(mode, folder, prefixes)`.
    pub(super) fn load_env(&mut self, scope: Id, span: Span, arguments: &[Js<'a>]) -> Js<'a> {
        let Some((mode, folder)) = self.mode_and_folder(arguments) else {
            return self.unknown(scope, span, CALL);
        };
        let prefixes = match arguments.get(2) {
            None => Some(vec!["VITE_".to_owned()]),
            Some(value) => match (&value.what, self.list(value)) {
                (What::Undefined, _) => Some(vec!["VITE_".to_owned()]),
                (What::Text(prefix), _) => Some(vec![prefix.to_string()]),
                (_, Some(list)) if !list.open => list.items.iter().map(Js::string).collect(),
                _ => None,
            },
        };
        let Some(prefixes) = prefixes else {
            return self.unknown(scope, span, CALL);
        };
        let wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(&**prefix));
        let names = [".env.{mode}.local", ".env.{mode}", ".env.local", ".env"];
        let mut table = Table {
            varies: true,
            ..Table::default()
        };
        for variable in self.file_variables(&folder, &names, &mode) {
            if wanted(&variable.name) {
                table.set(&variable.name, from_file(&variable));
            }
        }
        let environment = match self.held.get(self.environment) {
            Some(Held::Table(environment)) => environment.clone(),
            _ => Table::default(),
        };
        for (key, value) in &environment.entries {
            if wanted(key) {
                table.set(key, value.clone());
            }
        }
        table.rest = environment.rest;
        let what = self.hold(Held::Table(table));
        self.value(scope, span, what)
    }

    fn mode_and_folder(&self, arguments: &[Js<'a>]) -> Option<(Rc<str>, Rc<str>)> {
        let mode = match &arguments.first()?.what {
            What::Text(mode) => Rc::clone(mode),
            _ => return None,
        };
        let folder = match &arguments.get(1)?.what {
            What::Folder(folder) => Rc::clone(folder),
            What::Text(path) => crate::parsers::context::join(&self.folder_of(0), path)?.into(),
            _ => return None,
        };
        Some((mode, folder))
    }

    /// `dotenv.config({ path })`: what a file sets and the environment does not.
    pub(super) fn dotenv(&mut self, scope: Id, span: Span, arguments: &[Js<'a>]) -> Js<'a> {
        let path = arguments
            .first()
            .map(|options| self.member(scope, span, options, "path"));
        let path: Option<Rc<str>> = match path.map(|path| path.what) {
            None | Some(What::Undefined) => Some(".env".into()),
            Some(What::Text(path)) => Some(path),
            Some(What::Folder(path)) => crate::parsers::context::join("", &path).map(Rc::from),
            _ => None,
        };
        let id = self.environment;
        let Some(path) = path else {
            let unknown = self.unknown(scope, span, CALL);
            if let Some(table) = self.table_mut(id) {
                table.rest = Some(unknown.clone());
            }
            return unknown;
        };
        let from_root = matches!(
            arguments
                .first()
                .map(|options| self.member(scope, span, options, "path").what),
            Some(What::Folder(_))
        );
        let folder = if from_root {
            "".into()
        } else {
            self.folder_of(0)
        };
        let mut parsed = Table::default();
        for variable in self.file_variables(&folder, &[&path], "") {
            let value = from_file(&variable);
            parsed.set(&variable.name, value.clone());
            if let Some(table) = self.table_mut(id)
                && table.get(&variable.name).is_none()
            {
                table.set(&variable.name, value);
            }
        }
        let parsed = self.hold(Held::Table(parsed));
        let parsed = self.value(scope, span, parsed);
        let what = self.hold(Held::Table(Table::of([("parsed", parsed)])));
        self.value(scope, span, what)
    }
}

/// A variable of a file. Whoever starts the program may set it otherwise.
fn from_file<'a>(variable: &Variable) -> Js<'a> {
    Js {
        what: What::Text(variable.value.as_str().into()),
        place: Place::Other(Rc::new((variable.origin.clone(), variable.written.clone()))),
        varies: true,
    }
}
