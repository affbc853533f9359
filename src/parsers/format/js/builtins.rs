//! What the language, Node and well-known packages bring.

use std::rc::Rc;

use oxc_span::Span;

use super::machine::{CALL, Machine, UNKNOWN};
use super::objects::from_package;
use super::value::{Held, Id, Js, List, Table, What, leading_int};
use crate::parsers::context::join;

/// A name that is there without being declared.
pub(super) fn global(name: &str) -> Option<&'static str> {
    Some(match name {
        "process" => "process",
        "Number" => "Number",
        "parseInt" => "parseInt",
        "parseFloat" => "Number",
        "String" => "String",
        "Boolean" => "Boolean",
        "Object" => "Object",
        "Promise" => "Promise",
        "require" => "require",
        "structuredClone" => "same",
        _ => return None,
    })
}

/// What a package exports, of those that are known.
pub(super) fn of_package(module: &str, name: &str) -> Option<&'static str> {
    let module = module.strip_prefix("node:").unwrap_or(module);
    Some(match (module, name) {
        ("vite" | "vitest/config" | "astro/config", "loadEnv") => "loadEnv",
        ("vite" | "vitest/config", "mergeConfig") => "mergeConfig",
        ("@rsbuild/core", "mergeRsbuildConfig") => "mergeConfig",
        ("webpack-merge", "default" | "merge") => "mergeConfig",
        ("defu", "defu" | "default") => "defu",
        ("path", "default" | "posix" | "*") => "path",
        ("path", "resolve") => "path.resolve",
        ("path", "join") => "path.join",
        ("path", "dirname") => "path.dirname",
        ("url", "fileURLToPath") => "same",
        ("url", "default" | "*") => "url",
        ("process", "default" | "*") => "process",
        ("process", "env") => "process.env",
        ("process", "cwd") => "process.cwd",
        ("dotenv", "default" | "*") => "dotenv",
        ("dotenv", "config") => "dotenv.config",
        ("next/constants", _) if name.starts_with("PHASE_") => "phase",
        _ => return None,
    })
}

impl<'a> Machine<'a, '_> {
    /// A key of something built in.
    pub(super) fn of_builtin(&mut self, scope: Id, span: Span, of: &str, key: &str) -> Js<'a> {
        let what = match (of, key) {
            ("process", "env") => What::Held(self.environment),
            ("process", "cwd") => What::Builtin("process.cwd"),
            ("import.meta", "dirname") => self.here(scope),
            ("import.meta", "url" | "filename") => What::Builtin("here"),
            ("Object", "assign") => What::Builtin("Object.assign"),
            ("Object", "freeze" | "seal") | ("url", "fileURLToPath") | ("Promise", "resolve") => {
                What::Builtin("same")
            }
            ("Number", "parseInt") => What::Builtin("parseInt"),
            ("Number", "parseFloat") => What::Builtin("Number"),
            ("path", "resolve") => What::Builtin("path.resolve"),
            ("path", "join") => What::Builtin("path.join"),
            ("path", "dirname") => What::Builtin("path.dirname"),
            ("dotenv", "config") => What::Builtin("dotenv.config"),
            ("eleventy", "setServerOptions") => What::Builtin("eleventy.setServerOptions"),
            ("mergeConfig", "merge") => What::Builtin("mergeConfig"),
            _ => What::Unknown(UNKNOWN.into(), None),
        };
        self.value(scope, span, what)
    }

    /// The folder of the file in which a scope stands.
    fn here(&self, scope: Id) -> What<'a> {
        let module = self.scopes.get(scope).map_or(0, |scope| scope.module);
        What::Folder(self.folder_of(module))
    }

    /// Calls something built in.
    pub(super) fn builtin(
        &mut self,
        scope: Id,
        span: Span,
        name: &str,
        arguments: &[Js<'a>],
    ) -> Js<'a> {
        let first = arguments.first();
        let read = |how: fn(&Js<'a>) -> Option<What<'a>>| {
            let first = first?;
            let what = how(first)?;
            // It still stands where it was written.
            Some(Js {
                what,
                ..first.clone()
            })
        };
        let value = match name {
            "Number" => read(|value| value.number().map(What::Number)),
            "String" => read(|value| value.string().map(|text| What::Text(text.into()))),
            "Boolean" => read(|value| value.truth().map(What::Flag)),
            "parseInt" => {
                let radix = arguments.get(1).map_or(Some(0.0), Js::number);
                first.zip(radix).and_then(|(value, radix)| {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let number = leading_int(&value.string()?, radix as u32);
                    Some(Js {
                        what: What::Number(number),
                        ..value.clone()
                    })
                })
            }
            "same" => first.cloned(),
            "require" => first.map(|source| self.require(scope, span, source)),
            "Object.assign" => self.assign_all(scope, span, arguments),
            "mergeConfig" => self.merge_all(scope, span, arguments),
            "defu" => {
                let weakest_first: Vec<_> = arguments.iter().rev().cloned().collect();
                self.merge_all(scope, span, &weakest_first)
            }
            "loadEnv" => Some(self.load_env(scope, span, arguments)),
            "dotenv.config" => Some(self.dotenv(scope, span, arguments)),
            "process.cwd" => Some(self.value(scope, span, What::Folder(self.folder_of(0)))),
            "path.resolve" | "path.join" => self.path(scope, span, arguments),
            "path.dirname" => match first.map(|value| &value.what) {
                Some(What::Builtin("here")) => {
                    let here = self.here(scope);
                    Some(self.value(scope, span, here))
                }
                _ => None,
            },
            "eleventy.setServerOptions" => first.map(|options| {
                if let Some(table) = self.table_mut(self.told) {
                    table.set("setServerOptions", options.clone());
                }
                self.value(scope, span, What::Undefined)
            }),
            _ => None,
        };
        match (value, first) {
            (Some(value), _) => value,
            (None, Some(first)) if first.is_unknown() => Js {
                what: match &first.what {
                    What::Unknown(why, _) => What::Unknown(Rc::clone(why), None),
                    _ => What::Unknown(CALL.into(), None),
                },
                ..first.clone()
            },
            _ => self.unknown(scope, span, CALL),
        }
    }

    /// A method of a text, a number or a list; nothing where it is none that is known.
    pub(super) fn method(
        &mut self,
        scope: Id,
        span: Span,
        object: &Js<'a>,
        name: &str,
        arguments: &[Js<'a>],
    ) -> Option<Js<'a>> {
        let first = arguments.first().and_then(Js::string);
        let what = match (&object.what, name) {
            (What::Text(text), "trim") => What::Text(text.trim().into()),
            (What::Text(text), "toString") => What::Text(Rc::clone(text)),
            (What::Text(text), "toLowerCase") => What::Text(text.to_lowercase().into()),
            (What::Text(text), "toUpperCase") => What::Text(text.to_uppercase().into()),
            (What::Text(text), "startsWith") if arguments.len() == 1 => {
                What::Flag(text.starts_with(&first?))
            }
            (What::Text(text), "endsWith") if arguments.len() == 1 => {
                What::Flag(text.ends_with(&first?))
            }
            (What::Text(text), "includes") if arguments.len() == 1 => {
                What::Flag(text.contains(&first?))
            }
            (What::Number(_), "toString") if arguments.is_empty() => {
                What::Text(object.string()?.into())
            }
            (What::Held(id), "push") => {
                let Some(Held::List(list)) = self.held.get_mut(*id) else {
                    return None;
                };
                list.items.extend(arguments.iter().cloned());
                What::Undefined
            }
            (What::Held(_), "includes") if arguments.len() == 1 => {
                let list = self.list(object).filter(|list| !list.open)?;
                let wanted = arguments.first()?;
                let same: Option<Vec<bool>> =
                    list.items.iter().map(|item| item.same(wanted)).collect();
                What::Flag(same?.contains(&true))
            }
            _ => return None,
        };
        // A text that is only trimmed still stands where it did.
        Some(match name {
            "trim" | "toString" => Js {
                what,
                ..object.clone()
            },
            _ => self.value(scope, span, what),
        })
    }

    /// `path.resolve(…)` from a known folder.
    fn path(&mut self, scope: Id, span: Span, arguments: &[Js<'a>]) -> Option<Js<'a>> {
        let mut at: Option<Rc<str>> = None;
        for (index, argument) in arguments.iter().enumerate() {
            at = Some(match (&argument.what, at) {
                (What::Folder(folder), _) => Rc::clone(folder),
                (What::Text(part), None) if index == 0 => join(&self.folder_of(0), part)?.into(),
                (What::Text(part), Some(before)) => join(&before, part)?.into(),
                _ => return None,
            });
        }
        Some(self.value(scope, span, What::Folder(at?)))
    }

    fn assign_all(&mut self, scope: Id, span: Span, arguments: &[Js<'a>]) -> Option<Js<'a>> {
        let target = arguments.first()?.clone();
        let What::Held(id) = target.what else {
            return None;
        };
        for source in arguments.iter().skip(1) {
            let (other, unknown) = match self.table(source) {
                Some(other) => (Some(other.clone()), None),
                None if source.is_nothing() => continue,
                None => (None, Some(self.unknown(scope, span, CALL))),
            };
            let table = self.table_mut(id)?;
            match (other, unknown) {
                (Some(other), _) => table.spread(&other),
                (None, Some(unknown)) => table.cover(&unknown),
                (None, None) => {}
            }
        }
        Some(target)
    }

    /// Merges configurations, the later over the earlier.
    fn merge_all(&mut self, scope: Id, span: Span, arguments: &[Js<'a>]) -> Option<Js<'a>> {
        let all: Vec<_> = arguments.iter().map(|one| self.settled(one)).collect();
        let mut all = all.into_iter();
        let first = all.next()?;
        let mut merged = first;
        for next in all {
            merged = self.merge(scope, span, &merged, &next);
        }
        Some(merged)
    }

    fn merge(&mut self, scope: Id, span: Span, one: &Js<'a>, two: &Js<'a>) -> Js<'a> {
        if self.enter().is_err() {
            return self.unknown(scope, span, CALL);
        }
        let one = &self.foreign_as_unknown(scope, span, one);
        let two = &self.foreign_as_unknown(scope, span, two);
        let tables = (self.table(one).cloned(), self.table(two).cloned());
        let lists = self.list(one).is_some() && self.list(two).is_some();
        let value = match tables {
            (Some(mut table), Some(other)) => {
                if let Some(rest) = &other.rest {
                    table.cover(rest);
                }
                for (key, value) in &other.entries {
                    if value.is_nothing() {
                        continue;
                    }
                    let merged = match table.get(key).cloned() {
                        Some(old) => self.merge(scope, span, &old, value),
                        None => value.clone(),
                    };
                    table.set(key, merged);
                }
                let what = self.hold(Held::Table(table));
                self.value(scope, span, what)
            }
            _ if lists => self.joined(scope, span, one, two),
            (Some(mut table), None) if two.is_unknown() => {
                table.cover(two);
                let what = self.hold(Held::Table(table));
                self.value(scope, span, what)
            }
            // What is not set here may be set there, at every depth.
            (None, Some(table)) if one.is_unknown() => {
                let mut over = Table {
                    entries: Vec::new(),
                    rest: Some(one.clone()),
                    varies: table.varies,
                };
                for (key, value) in &table.entries {
                    let merged = self.merge(scope, span, one, value);
                    over.set(key, merged);
                }
                let what = self.hold(Held::Table(over));
                self.value(scope, span, what)
            }
            _ => two.clone(),
        };
        self.depth -= 1;
        value
    }

    fn foreign_as_unknown(&self, scope: Id, span: Span, value: &Js<'a>) -> Js<'a> {
        match &value.what {
            What::Foreign(name) => self.unknown(scope, span, &from_package(name)),
            _ => value.clone(),
        }
    }

    /// One list after another.
    fn joined(&mut self, scope: Id, span: Span, one: &Js<'a>, two: &Js<'a>) -> Js<'a> {
        let mut all = List::default();
        for list in [one, two].into_iter().filter_map(|value| self.list(value)) {
            all.items.extend(list.items.iter().cloned());
            all.open |= list.open;
        }
        if self.charge(all.items.len()).is_err() {
            return self.unknown(scope, span, CALL);
        }
        let what = self.hold(Held::List(all));
        self.value(scope, span, what)
    }
}
