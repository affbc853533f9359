//! Modules: their imports and exports.

use std::rc::Rc;

use oxc_ast::ast::{ImportDeclaration, ImportDeclarationSpecifier, Statement};
use oxc_span::Span;

use super::builtins::of_package;
use super::exports::module_name;
use super::machine::Machine;
use super::value::{Held, Id, Js, List, Place, Table, What};
use crate::facts::Origin;
use crate::parsers::context::{folder, join};
use crate::parsers::format::json;
use crate::parsers::tree::{self, Lines, Node};

/// The most files that one configuration imports.
const MOST_MODULES: usize = 64;

/// How many imports may follow one another.
const DEEPEST_IMPORT: usize = 8;

/// The endings of a file that an import may leave out.
const ENDINGS: &[&str] = &[
    "",
    ".ts",
    ".js",
    ".mts",
    ".mjs",
    ".cts",
    ".cjs",
    ".json",
    "/index.ts",
    "/index.js",
    "/index.mjs",
    "/index.cjs",
];

/// One file.
#[derive(Debug)]
pub(super) struct Module<'a> {
    /// The file, seen from the project's root.
    pub(super) path: &'a str,
    /// Its text.
    pub(super) text: &'a str,
    /// Places in it.
    pub(super) lines: Lines<'a>,
    /// What it exports by the statements of the language.
    pub(super) exports: Id,
    /// What it exports, when it has been run.
    done: Option<Js<'a>>,
}

impl<'a> Machine<'a, '_> {
    /// Runs a file; what it exports.
    pub(super) fn load(&mut self, path: &str, text: &str) -> Result<Js<'a>, super::Mistake> {
        let text: &'a str = self.arena.alloc_str(text);
        let path: &'a str = self.arena.alloc_str(path);
        let program = super::program(self.arena, path, text)?;
        let What::Held(exports) = self.hold(Held::Table(Table::default())) else {
            return Err(super::Mistake::default());
        };
        self.modules.push(Module {
            path,
            text,
            lines: Lines::new(path, text),
            exports,
            done: None,
        });
        let id = self.modules.len() - 1;
        let scope = self.open_scope(None, id, true);
        let common = self.hold(Held::Table(Table::default()));
        let common = Js::given(common);
        let module = self.hold(Held::Table(Table::of([("exports", common.clone())])));
        self.declare(scope, "exports", common, false);
        self.declare(scope, "module", Js::given(module.clone()), false);
        if id == 0 {
            self.fill_environment(path);
        }
        let statements: &'a [Statement<'a>] = &program.body;
        let mut modern = false;
        for statement in statements {
            match statement {
                Statement::ImportDeclaration(import) => {
                    modern = true;
                    self.import_names(scope, import);
                }
                other => modern |= other.as_module_declaration().is_some(),
            }
        }
        self.run(scope, statements);
        let common = self.member(scope, Span::default(), &Js::given(module), "exports");
        let own = self.table_mut(exports).cloned().unwrap_or_default();
        let equals = own.get("export =").cloned();
        let empty = own.entries.is_empty() && own.rest.is_none();
        let value = match equals {
            Some(value) => self.as_module(value),
            None if modern && !empty => Js::given(What::Held(exports)),
            None => self.as_module(common),
        };
        if let Some(module) = self.modules.get_mut(id) {
            module.done = Some(value.clone());
        }
        Ok(value)
    }

    /// What `module.exports` holds, as an `import` sees it.
    fn as_module(&mut self, value: Js<'a>) -> Js<'a> {
        let mut table = self.table(&value).cloned().unwrap_or_default();
        let compiled = table.get("__esModule").is_some();
        if !compiled || table.get("default").is_none() {
            table.set("default", value.clone());
        }
        table.set("module.exports", value);
        Js::given(self.hold(Held::Table(table)))
    }

    /// The folder of a module, seen from the project's root.
    pub(super) fn folder_of(&self, module: Id) -> Rc<str> {
        let path = self.modules.get(module).map_or("", |module| module.path);
        folder(path).into()
    }

    fn import_names(&mut self, scope: Id, import: &'a ImportDeclaration<'a>) {
        if import.import_kind.is_type() {
            return;
        }
        let source = import.source.value.as_str();
        if source == "dotenv/config" {
            self.dotenv(scope, import.span, &[]);
        }
        let module = self.source(scope, import.source.span, source);
        for specifier in import.specifiers.iter().flatten() {
            let (local, value) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                    let name = module_name(&specifier.imported);
                    let value = self.member(scope, specifier.span, &module, name);
                    (&specifier.local, value)
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => {
                    let value = self.member(scope, specifier.span, &module, "default");
                    (&specifier.local, value)
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => {
                    let value = match of_package(source, "*") {
                        Some(name) => self.value(scope, specifier.span, What::Builtin(name)),
                        None => module.clone(),
                    };
                    (&specifier.local, value)
                }
            };
            self.declare(scope, local.name.as_str(), value, true);
        }
    }

    /// Something that a package exports.
    pub(super) fn exported(&mut self, scope: Id, span: Span, package: &str, name: &str) -> Js<'a> {
        let what = match of_package(package, name) {
            Some("phase") => What::Text(phase(name).into()),
            Some("process.env") => What::Held(self.environment),
            Some(builtin) => What::Builtin(builtin),
            None => What::Foreign(format!("{package}:{name}").into()),
        };
        self.value(scope, span, what)
    }

    /// `require(source)`.
    pub(super) fn require(&mut self, scope: Id, span: Span, source: &Js<'a>) -> Js<'a> {
        let What::Text(name) = source.what.clone() else {
            return self.unknown(scope, span, super::machine::CALL);
        };
        if let Some(builtin) = of_package(&name, "*").or_else(|| of_package(&name, "default")) {
            return self.value(scope, span, What::Builtin(builtin));
        }
        if name.strip_prefix("node:").unwrap_or(&name) == "dotenv/config" {
            return self.dotenv(scope, span, &[]);
        }
        let module = self.source(scope, span, &name);
        let common = self
            .table(&module)
            .and_then(|table| table.get("module.exports"));
        match common.cloned() {
            Some(value) => value,
            None => module,
        }
    }

    /// `import(source)`, awaited.
    pub(super) fn import(&mut self, scope: Id, span: Span, source: &Js<'a>) -> Js<'a> {
        match source.what.clone() {
            What::Text(name) => self.source(scope, span, &name),
            _ => self.unknown(scope, span, super::machine::CALL),
        }
    }

    /// The module that a source names, with all its exports.
    pub(super) fn source(&mut self, scope: Id, span: Span, source: &str) -> Js<'a> {
        if !source.starts_with("./")
            && !source.starts_with("../")
            && source != "."
            && source != ".."
        {
            return self.value(scope, span, What::Foreign(format!("{source}:").into()));
        }
        let module = self.scopes.get(scope).map_or(0, |scope| scope.module);
        let Some(path) = join(&self.folder_of(module), source) else {
            return self.unknown(scope, span, "it lies outside of the project");
        };
        let Some((path, text)) = self.find(&path) else {
            return self.unknown(scope, span, &format!("`{source}` cannot be read"));
        };
        let known = self.modules.iter().find(|module| module.path == path);
        match known.map(|module| module.done.clone()) {
            Some(Some(done)) => return done,
            Some(None) => {
                return self.unknown(scope, span, "the files import each other in a circle");
            }
            None => {}
        }
        let running = self.modules.iter().filter(|module| module.done.is_none());
        if running.count() >= DEEPEST_IMPORT || self.modules.len() >= MOST_MODULES {
            return self.unknown(scope, span, "it is imported through too many files");
        }
        if path.ends_with(".json") {
            return match json::parse(&path, &text) {
                Ok(value) => {
                    let value = self.of_tree(&value);
                    self.as_module(value)
                }
                Err(_) => self.unknown(scope, span, &format!("`{source}` cannot be read")),
            };
        }
        if let Err(why) = self.enter() {
            return self.unknown(scope, span, why);
        }
        let loaded = self.load(&path, &text);
        self.depth -= 1;
        loaded.unwrap_or_else(|_| self.unknown(scope, span, &format!("`{source}` cannot be read")))
    }

    /// The file that an import means, with its text.
    fn find(&self, path: &str) -> Option<(String, Rc<str>)> {
        let compiled = [(".js", ".ts"), (".mjs", ".mts"), (".cjs", ".cts")];
        let written = compiled
            .iter()
            .filter_map(|(made, from)| path.strip_suffix(made).map(|stem| format!("{stem}{from}")));
        let names = ENDINGS.iter().map(|ending| format!("{path}{ending}"));
        let known = |path: &String| {
            super::ENDINGS.iter().any(|ending| path.ends_with(ending)) || path.ends_with(".json")
        };
        names.chain(written).filter(known).find_map(|path| {
            let text = self.cx.files.text(&path).ok()?;
            Some((path, Rc::from(&*text)))
        })
    }

    /// A value of another format.
    fn of_tree(&mut self, value: &tree::Value) -> Js<'a> {
        let what = match &value.node {
            Node::Null => What::Null,
            Node::Flag(flag) => What::Flag(*flag),
            Node::Number(number) => What::Number(*number),
            Node::Text(text) => What::Text(text.as_str().into()),
            Node::List(items) => {
                let items = items.iter().map(|item| self.of_tree(item)).collect();
                self.hold(Held::List(List { items, open: false }))
            }
            Node::Table(entries) => {
                let mut table = Table::default();
                for (key, value) in entries {
                    let value = self.of_tree(value);
                    table.entries.push((key.as_str().into(), value));
                }
                // Of a key that comes twice the last holds.
                table.entries.reverse();
                self.hold(Held::Table(table))
            }
            Node::Varies(value) => return self.of_tree(value),
            Node::Unknown(why) => What::Unknown(why.as_str().into(), None),
        };
        Js {
            what,
            place: Place::Other(Rc::new((value.origin.clone(), value.written.clone()))),
            varies: false,
        }
    }

    /// The place of a value in the project.
    pub(super) fn origin(&self, place: &Place) -> (Origin, String) {
        match place {
            Place::Nowhere => {
                let file = self.modules.first().map_or("", |module| module.path);
                let origin = Origin {
                    file: file.to_owned(),
                    ..Origin::default()
                };
                (origin, String::new())
            }
            Place::Other(place) => (place.0.clone(), place.1.clone()),
            Place::Text { module, from, to } => match self.modules.get(*module) {
                Some(module) => {
                    let written = module.lines.slice(*from as usize, *to as usize);
                    (module.lines.origin(*from as usize), written.to_owned())
                }
                None => (Origin::default(), String::new()),
            },
        }
    }
}

/// The value of a constant of `next/constants`: `PHASE_DEVELOPMENT_SERVER`.
fn phase(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}
