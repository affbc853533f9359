//! What an evaluation holds: objects, names, and how much it may still do.

use std::collections::HashMap;
use std::rc::Rc;

use oxc_allocator::Allocator;
use oxc_span::Span;

use super::Mode;
use super::modules::Module;
use super::value::{Held, Id, Js, List, Place, Table, What};
use crate::parsers::Context;

/// How deep expressions, calls and imports may lie within each other.
const DEEPEST: u32 = 120;

/// How much is evaluated for one file.
const MOST_STEPS: u32 = 50_000;

/// Longer texts than that are no port, host or address.
pub(super) const LONGEST: usize = 4096;

pub(super) const CALL: &str = "it is computed by a function call";
pub(super) const BRANCH: &str =
    "it is set in a branch or a loop that depends on what cannot be known";
pub(super) const DEEP: &str = "it is nested too deeply";
pub(super) const LONG: &str = "it takes too long to be computed";
pub(super) const UNKNOWN: &str = "it is computed when the file is run";

/// The names of one scope.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) parent: Option<Id>,
    pub(super) module: Id,
    /// Whether `var` declares here: a function's or a module's scope.
    pub(super) whole: bool,
    pub(super) names: HashMap<&'a str, Binding<'a>>,
}

/// A name's value.
#[derive(Debug)]
pub(super) struct Binding<'a> {
    pub(super) value: Js<'a>,
    /// Whether it can be set only once.
    pub(super) constant: bool,
}

/// One evaluation.
pub(super) struct Machine<'a, 'c> {
    pub(super) cx: &'c Context<'c>,
    pub(super) arena: &'a Allocator,
    pub(super) mode: Mode<'c>,
    pub(super) modules: Vec<Module<'a>>,
    pub(super) held: Vec<Held<'a>>,
    pub(super) scopes: Vec<Scope<'a>>,
    /// The number of `process.env`.
    pub(super) environment: Id,
    /// What the configuration told its framework by calls of methods.
    pub(super) told: Id,
    pub(super) depth: u32,
    steps: u32,
    /// How many conditions that hang on the environment hold where we are.
    pub(super) varying: u32,
}

impl<'a, 'c> Machine<'a, 'c> {
    pub(super) fn new(cx: &'c Context<'c>, arena: &'a Allocator, mode: Mode<'c>) -> Self {
        Machine {
            cx,
            arena,
            mode,
            modules: Vec::new(),
            held: vec![Held::Table(Table::default()), Held::Table(Table::default())],
            scopes: Vec::new(),
            environment: 0,
            told: 1,
            depth: 0,
            steps: 0,
            varying: 0,
        }
    }

    /// Goes one level deeper, if there is room; why not, otherwise.
    pub(super) fn enter(&mut self) -> Result<(), &'static str> {
        if self.depth >= DEEPEST {
            return Err(DEEP);
        }
        self.charge(1)?;
        self.depth += 1;
        Ok(())
    }

    /// Counts work.
    pub(super) fn charge(&mut self, steps: usize) -> Result<(), &'static str> {
        self.steps = self
            .steps
            .saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        if self.steps > MOST_STEPS {
            return Err(LONG);
        }
        Ok(())
    }

    pub(super) fn place(&self, scope: Id, span: Span) -> Place {
        Place::Text {
            module: self.scopes.get(scope).map_or(0, |scope| scope.module),
            from: span.start,
            to: span.end,
        }
    }

    /// A value that was written here.
    pub(super) fn value(&self, scope: Id, span: Span, what: What<'a>) -> Js<'a> {
        Js {
            what,
            place: self.place(scope, span),
            varies: false,
        }
    }

    /// What cannot be known.
    pub(super) fn unknown(&self, scope: Id, span: Span, why: &str) -> Js<'a> {
        self.value(scope, span, What::Unknown(why.into(), None))
    }

    pub(super) fn hold(&mut self, held: Held<'a>) -> What<'a> {
        self.held.push(held);
        What::Held(self.held.len() - 1)
    }

    pub(super) fn table(&self, value: &Js<'a>) -> Option<&Table<'a>> {
        match value.what {
            What::Held(id) => match self.held.get(id) {
                Some(Held::Table(table)) => Some(table),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn list(&self, value: &Js<'a>) -> Option<&List<'a>> {
        match value.what {
            What::Held(id) => match self.held.get(id) {
                Some(Held::List(list)) => Some(list),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn table_mut(&mut self, id: Id) -> Option<&mut Table<'a>> {
        match self.held.get_mut(id) {
            Some(Held::Table(table)) => Some(table),
            _ => None,
        }
    }

    pub(super) fn open_scope(&mut self, parent: Option<Id>, module: Id, whole: bool) -> Id {
        self.scopes.push(Scope {
            parent,
            module,
            whole,
            names: HashMap::new(),
        });
        self.scopes.len() - 1
    }

    /// The scope that holds a name, seen from this one.
    pub(super) fn scope_of(&self, scope: Id, name: &str) -> Option<Id> {
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = self.scopes.get(id)?;
            if scope.names.contains_key(name) {
                return Some(id);
            }
            at = scope.parent;
        }
        None
    }

    pub(super) fn declare(&mut self, scope: Id, name: &'a str, value: Js<'a>, constant: bool) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.names.insert(name, Binding { value, constant });
        }
    }

    /// The scope in which `var` declares.
    pub(super) fn whole_scope(&self, scope: Id) -> Id {
        let mut at = scope;
        while let Some(here) = self.scopes.get(at) {
            match here.parent {
                Some(parent) if !here.whole => at = parent,
                _ => break,
            }
        }
        at
    }

    pub(super) fn names_mut(&mut self, scope: Id, name: &str) -> Option<&mut Binding<'a>> {
        let holder = self.scope_of(scope, name)?;
        self.scopes.get_mut(holder)?.names.get_mut(name)
    }

    pub(super) fn lookup(&self, scope: Id, name: &str) -> Option<Js<'a>> {
        let holder = self.scopes.get(self.scope_of(scope, name)?)?;
        Some(holder.names.get(name)?.value.clone())
    }
}

impl<'a> Table<'a> {
    pub(super) fn of<const N: usize>(entries: [(&str, Js<'a>); N]) -> Self {
        Table {
            entries: entries.into_iter().map(|(k, v)| (k.into(), v)).collect(),
            ..Table::default()
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Js<'a>> {
        let entry = self.entries.iter().find(|(name, _)| &**name == key);
        entry.map(|(_, value)| value)
    }

    pub(super) fn set(&mut self, key: &str, value: Js<'a>) {
        match self.entries.iter_mut().find(|(name, _)| &**name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((Rc::from(key), value)),
        }
    }

    /// Anything may have been set over everything that is there.
    pub(super) fn cover(&mut self, unknown: &Js<'a>) {
        for (_, value) in &mut self.entries {
            *value = unknown.clone();
        }
        self.rest = Some(unknown.clone());
    }

    /// Sets over this what stands in another.
    pub(super) fn spread(&mut self, other: &Table<'a>) {
        if let Some(rest) = &other.rest {
            self.cover(rest);
        }
        for (key, value) in &other.entries {
            self.set(key, value.clone());
        }
    }
}
