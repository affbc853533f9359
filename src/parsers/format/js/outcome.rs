//! From the values of an evaluation to the configuration as a tree.

use super::machine::{CALL, DEEP, LONG, Machine};
use super::value::{Held, Id, Js, Table, What};
use crate::parsers::context::name;
use crate::parsers::tree::{Node, REST, Value};

/// How deep a configuration is read.
const DEEPEST: usize = 24;

/// How many values of a configuration are read.
const MOST_VALUES: usize = 20_000;

/// How long a text may be to be shown.
const SHORT: usize = 80;

/// Settings that may be functions, and are called for their value.
const CALLED: &[&str] = &["devServer", "proxy", "rewrites", "server"];

impl<'a> Machine<'a, '_> {
    /// The configuration that a file exports.
    pub(super) fn configuration(&mut self, exports: &Js<'a>) -> Value {
        let path = self.modules.first().map_or("", |module| module.path);
        let root = self.table(exports).and_then(|table| {
            let value = table.get("default");
            value.or_else(|| table.get("module.exports")).cloned()
        });
        let mut value = match root {
            Some(root) => self.called(&root, path),
            None => exports.clone(),
        };
        let told = match self.held.get(self.told) {
            Some(Held::Table(told)) => told.clone(),
            _ => Table::default(),
        };
        if !told.entries.is_empty() {
            let mut both = self.table(&value).cloned().unwrap_or_default();
            both.spread(&told);
            let what = self.hold(Held::Table(both));
            value = Js { what, ..value };
        }
        // Of several configurations the one with a server serves.
        let first = self
            .list(&value)
            .filter(|list| !list.open)
            .and_then(|list| {
                let serves = |one: &&Js<'a>| {
                    self.table(one)
                        .is_some_and(|table| table.get("devServer").is_some())
                };
                list.items
                    .iter()
                    .find(serves)
                    .or_else(|| list.items.first())
            });
        if let Some(first) = first.cloned() {
            value = self.called(&first, path);
        }
        let mut count = 0;
        self.tree(&value, "", 0, false, &mut count)
    }

    /// A configuration without its wrappers; a function is called.
    fn called(&mut self, value: &Js<'a>, path: &str) -> Js<'a> {
        let mut value = value.clone();
        let mut open = None;
        for _ in 0..DEEPEST {
            match value.what {
                What::Unknown(_, Some(id)) => {
                    let Some(Held::Wrapped(inside, whole)) = self.held.get(id) else {
                        break;
                    };
                    if !whole {
                        open = Some(value.clone());
                    }
                    value = inside.clone();
                }
                What::Function(closure) => {
                    let arguments = self.arguments_for(path);
                    let span = oxc_span::Span::default();
                    value = self.invoke(closure.scope, span, closure, arguments);
                }
                _ => break,
            }
        }
        match (open, self.table(&value)) {
            (Some(open), Some(table)) if table.rest.is_none() => {
                let mut table = table.clone();
                table.rest = Some(Js {
                    what: What::Unknown(CALL.into(), None),
                    ..open
                });
                let what = self.hold(Held::Table(table));
                Js { what, ..value }
            }
            _ => value,
        }
    }

    /// A value without its wrappers.
    pub(super) fn settled(&self, value: &Js<'a>) -> Js<'a> {
        let mut value = value.clone();
        for _ in 0..DEEPEST {
            match value.what {
                What::Unknown(_, Some(id)) => match self.held.get(id) {
                    Some(Held::Wrapped(inside, true)) => value = inside.clone(),
                    _ => break,
                },
                _ => break,
            }
        }
        value
    }

    /// What a tool hands to a configuration that is a function.
    fn arguments_for(&mut self, path: &str) -> Vec<Js<'a>> {
        let mode = Js::text(self.mode.mode);
        let file = name(path);
        let flag = |flag| Js::given(What::Flag(flag));
        if file.starts_with("next.config.") {
            let defaults = self.hold(Held::Table(Table::default()));
            let more = Table::of([("defaultConfig", Js::given(defaults))]);
            let more = self.hold(Held::Table(more));
            return vec![Js::text("phase-development-server"), Js::given(more)];
        }
        if file.contains("eleventy") {
            return vec![Js::given(What::Builtin("eleventy"))];
        }
        if ["webpack.", "rspack."]
            .iter()
            .any(|start| file.starts_with(start))
        {
            let why = What::Unknown("it is given on the command line".into(), None);
            let mut environment = Table::of([("WEBPACK_SERVE", flag(true))]);
            environment.rest = Some(Js::given(why.clone()));
            let environment = self.hold(Held::Table(environment));
            return vec![Js::given(environment), Js::given(why)];
        }
        let table = Table::of([
            ("command", Js::text(command_of(file, self.mode.command))),
            ("env", Js::text("development")),
            ("envMode", mode.clone()),
            ("isPreview", flag(self.mode.preview)),
            ("isSsrBuild", flag(false)),
            ("mode", mode),
            ("ssrBuild", flag(false)),
        ]);
        let table = self.hold(Held::Table(table));
        vec![Js::given(table)]
    }

    fn tree(
        &mut self,
        value: &Js<'a>,
        key: &str,
        depth: usize,
        varies: bool,
        count: &mut usize,
    ) -> Value {
        let mut value = value.clone();
        *count += 1;
        if matches!(value.what, What::Function(_)) && CALLED.contains(&key) {
            let path = self.modules.first().map_or("", |module| module.path);
            value = self.called(&value, path);
        }
        let varies = varies || value.varies;
        let (origin, written) = self.origin(&value.place);
        let short = written.len() <= SHORT && !written.contains('\n');
        let node = match &value.what {
            _ if depth > DEEPEST => Node::Unknown(DEEP.to_owned()),
            _ if *count > MOST_VALUES => Node::Unknown(LONG.to_owned()),
            What::Undefined | What::Null => Node::Null,
            What::Flag(flag) => Node::Flag(*flag),
            What::Number(number) => Node::Number(*number),
            What::Text(text) => Node::Text(text.to_string()),
            What::Held(id) => self.held_tree(*id, depth, varies, count),
            other => {
                let why = Self::why_unknown(other);
                Node::Unknown(why.unwrap_or_else(|| CALL.to_owned()))
            }
        };
        let plain = matches!(
            node,
            Node::Null | Node::Flag(_) | Node::Number(_) | Node::Text(_)
        );
        let written = if plain && short {
            written
        } else {
            String::new()
        };
        let value = Value {
            node,
            origin: origin.clone(),
            written: written.clone(),
        };
        if plain && varies {
            return Value {
                node: Node::Varies(Box::new(value)),
                origin,
                written,
            };
        }
        value
    }

    fn held_tree(&mut self, id: Id, depth: usize, varies: bool, count: &mut usize) -> Node {
        match self.held.get(id) {
            Some(Held::List(list)) => {
                let items = list.items.clone();
                let below = items.iter();
                Node::List(
                    below
                        .map(|item| self.tree(item, "", depth + 1, varies, count))
                        .collect(),
                )
            }
            Some(Held::Table(table)) => {
                let table = table.clone();
                let rest = table.rest.iter().map(|rest| (REST.into(), rest.clone()));
                let entries: Vec<_> = rest.chain(table.entries).collect();
                Node::Table(
                    entries
                        .iter()
                        .map(|(key, value)| {
                            let value = self.tree(value, key, depth + 1, varies, count);
                            (key.to_string(), value)
                        })
                        .collect(),
                )
            }
            Some(Held::Wrapped(..)) | None => Node::Unknown(CALL.to_owned()),
        }
    }
}

/// The word for what is done, which Astro and Rsbuild call otherwise than Vite.
fn command_of<'m>(file: &str, command: &'m str) -> &'m str {
    let other = ["astro.config.", "rsbuild.config."];
    if command == "serve" && other.iter().any(|start| file.starts_with(start)) {
        return "dev";
    }
    command
}
