//! What the statements of a module do, in the order in which they run.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef, StmtIf};
use ruff_text_size::{Ranged, TextRange};

use super::{Call, nested};
use crate::facts::{Claims, Origin};
use crate::parsers::context::{Context, folder};
use crate::parsers::env_files::{Variable, variables};
use crate::parsers::tree::{Lines, Node, Value};

/// How many functions are followed, one within the other.
const DEEPEST_CALL: usize = 4;

/// How deep an expression is computed.
const DEEPEST_EXPRESSION: usize = 40;

/// How many statements are run: functions that call each other would never end.
const MOST_STATEMENTS: usize = 20_000;

/// The names of a module and what they stand for, while it runs.
pub(super) struct Scope<'a, 'ast> {
    cx: &'a Context<'a>,
    lines: &'a Lines<'a>,
    /// Values by their names, dots and all.
    values: HashMap<String, Value>,
    /// Every assignment's name, in order.
    assigned: Vec<String>,
    /// What call made a name's value: `flask.Flask`.
    made: HashMap<String, String>,
    /// What a name was imported as.
    imports: HashMap<String, String>,
    functions: HashMap<String, &'ast StmtFunctionDef>,
    calls: Vec<Call>,
    /// The variables of the files that were loaded.
    loaded: Vec<Variable>,
    depth: usize,
    /// How deep the expression is that is being computed.
    expression: Cell<usize>,
    statements: usize,
}

impl<'a, 'ast> Scope<'a, 'ast> {
    pub(super) fn new(cx: &'a Context<'a>, lines: &'a Lines<'a>) -> Self {
        Scope {
            cx,
            lines,
            values: HashMap::new(),
            assigned: Vec::new(),
            made: HashMap::new(),
            imports: HashMap::new(),
            functions: HashMap::new(),
            calls: Vec::new(),
            loaded: Vec::new(),
            depth: 0,
            expression: Cell::new(0),
            statements: 0,
        }
    }

    /// What was assigned and called.
    pub(super) fn told(mut self) -> (Value, Vec<Call>) {
        let names = std::mem::take(&mut self.assigned);
        let entries = names.into_iter().filter_map(|name| {
            let value = self.values.remove(&name)?;
            Some((name, value))
        });
        let table = nested(entries.collect(), self.lines.origin(0));
        (table, self.calls)
    }

    /// Runs these statements.
    pub(super) fn run(&mut self, statements: &'ast [Stmt]) {
        for statement in statements {
            self.statements += 1;
            if self.statements > MOST_STATEMENTS {
                return;
            }
            self.step(statement);
        }
    }

    fn step(&mut self, statement: &'ast Stmt) {
        match statement {
            Stmt::Assign(assign) => {
                let value = self.value(&assign.value);
                for target in &assign.targets {
                    self.assign(target, &assign.value, value.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(expr) = &assign.value {
                    let value = self.value(expr);
                    self.assign(&assign.target, expr, value);
                }
            }
            Stmt::AugAssign(assign) => self.forget(&assign.target, statement.range()),
            Stmt::Expr(expr) => self.call(&expr.value),
            Stmt::Import(import) => {
                for alias in &import.names {
                    let whole = alias.name.as_str();
                    let name = alias.asname.as_ref().map_or(whole, |name| name.as_str());
                    self.imports.insert(name.to_owned(), whole.to_owned());
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                    self.values.remove(&name);
                    self.imports
                        .insert(name, format!("{module}.{}", alias.name.as_str()));
                }
            }
            Stmt::If(choice) => self.choose(choice),
            Stmt::With(with) => {
                for item in &with.items {
                    if let Some(target) = &item.optional_vars {
                        let value = self.value(&item.context_expr);
                        self.assign(target, &item.context_expr, value);
                    }
                }
                self.run(&with.body);
            }
            Stmt::Try(attempt) => {
                self.run(&attempt.body);
                for handler in &attempt.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.perhaps(&handler.body, statement.range());
                }
                self.run(&attempt.orelse);
                self.run(&attempt.finalbody);
            }
            Stmt::For(looped) => {
                self.forget(&looped.target, statement.range());
                self.perhaps(&looped.body, statement.range());
            }
            Stmt::While(looped) => self.perhaps(&looped.body, statement.range()),
            Stmt::Match(chosen) => {
                for case in &chosen.cases {
                    self.perhaps(&case.body, statement.range());
                }
            }
            Stmt::FunctionDef(function) => {
                self.functions.insert(function.name.to_string(), function);
            }
            _ => {}
        }
    }

    fn choose(&mut self, choice: &'ast StmtIf) {
        let first = std::iter::once((Some(choice.test.as_ref()), &choice.body[..]));
        let rest = choice.elif_else_clauses.iter();
        let rest = rest.map(|clause| (clause.test.as_ref(), &clause.body[..]));
        // Whether a branch before this one may have been taken.
        let mut open = false;
        for (test, body) in first.chain(rest) {
            let holds = test.map_or(Some(true), |test| {
                let value = self.value(test);
                super::values::truth(&value)
            });
            match holds {
                Some(false) => {}
                Some(true) if open => return self.perhaps(body, choice.range()),
                Some(true) => return self.run(body),
                None => {
                    open = true;
                    self.perhaps(body, choice.range());
                }
            }
        }
    }

    /// Runs statements that may not run at all: what they assign is unknown after them.
    fn perhaps(&mut self, statements: &'ast [Stmt], whole: TextRange) {
        let (names, calls) = (self.assigned.len(), self.calls.len());
        self.run(statements);
        for at in names..self.assigned.len() {
            let value = self.unknown(whole, "it depends on a condition".to_owned());
            self.values.insert(self.assigned[at].clone(), value);
        }
        // What is called there may not be called.
        self.calls.truncate(calls);
    }

    /// Gives a value to a name, an attribute or several names.
    fn assign(&mut self, target: &Expr, from: &Expr, value: Value) {
        if let (Expr::Tuple(names), Node::List(values)) = (target, &value.node)
            && names.elts.len() == values.len()
        {
            for (name, value) in names.elts.iter().zip(values) {
                self.assign(name, name, value.clone());
            }
            return;
        }
        let Some(name) = path(target) else {
            self.forget(target, target.range());
            return;
        };
        self.made.remove(&name);
        if let Expr::Call(call) = from
            && let Some(maker) = self.callee(&call.func)
        {
            self.made.insert(name.clone(), maker);
        }
        self.imports.remove(&name);
        self.assigned.push(name.clone());
        self.values.insert(name, value);
    }

    /// Takes from a name what is known of it.
    fn forget(&mut self, target: &Expr, whole: TextRange) {
        let targets = match target {
            Expr::Tuple(several) => &several.elts[..],
            Expr::List(several) => &several.elts[..],
            one => std::slice::from_ref(one),
        };
        for name in targets.iter().filter_map(path) {
            let value = self.unknown(whole, "it is changed step by step".to_owned());
            self.assigned.push(name.clone());
            self.values.insert(name, value);
        }
    }

    /// A statement that is nothing but a call.
    fn call(&mut self, expr: &'ast Expr) {
        let mut expr = expr;
        while let Expr::Await(awaited) = expr {
            expr = &awaited.value;
        }
        let Expr::Call(call) = expr else { return };
        let Some(name) = self.callee(&call.func) else {
            return;
        };
        if name == "dotenv.load_dotenv" {
            self.load();
            return;
        }
        // `asyncio.run(main())` runs what is handed to it.
        if matches!(name.as_str(), "asyncio.run" | "anyio.run" | "trio.run")
            && let Some(inner) = call.arguments.args.first()
        {
            match inner {
                Expr::Call(_) => self.call(inner),
                other => self.follow(path(other).as_deref().unwrap_or("")),
            }
            return;
        }
        let plain = call.arguments.args.is_empty() && call.arguments.keywords.is_empty();
        if plain && self.functions.contains_key(&name) {
            self.follow(&name);
            return;
        }
        let arguments = self.arguments(&call.arguments);
        self.calls.push(Call {
            name,
            arguments: Value {
                node: Node::Table(arguments),
                origin: self.origin(call.arguments.range()),
                written: String::new(),
            },
            origin: self.origin(expr.range()),
        });
    }

    /// Runs the body of a function that needs no arguments.
    fn follow(&mut self, name: &str) {
        let Some(function) = self.functions.get(name).copied() else {
            return;
        };
        if self.depth >= DEEPEST_CALL {
            return;
        }
        let outside = self.values.clone();
        let names = self.assigned.len();
        for parameter in function.parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                let value = self.value(default);
                let name = parameter.parameter.name.to_string();
                self.values.insert(name, value);
            }
        }
        self.depth += 1;
        self.run(&function.body);
        self.depth -= 1;
        self.values = outside;
        self.assigned.truncate(names);
    }

    /// Takes the variables of the `.env` file beside this one.
    fn load(&mut self) {
        let own = self.lines.origin(0).file;
        let mut claims = Claims::default();
        let names = [".env".to_owned()];
        self.loaded = variables(self.cx, folder(&own), &names, "", &mut claims);
    }

    /// Computes something one level deeper; nothing where that is too deep.
    pub(super) fn deeper<T>(&self, compute: impl FnOnce() -> T) -> Option<T> {
        let depth = self.expression.get();
        if depth >= DEEPEST_EXPRESSION {
            return None;
        }
        self.expression.set(depth + 1);
        let value = compute();
        self.expression.set(depth);
        Some(value)
    }

    /// What is called, as it is imported or made.
    pub(super) fn callee(&self, func: &Expr) -> Option<String> {
        let name = path(func)?;
        for (cut, _) in name.rmatch_indices('.').chain([(name.len(), "")]) {
            let (head, tail) = name.split_at(cut);
            let known = self.made.get(head).or_else(|| self.imports.get(head));
            if let Some(known) = known {
                return Some(format!("{known}{tail}"));
            }
        }
        Some(name)
    }

    /// The value of a variable of the environment, with its place if a file sets it.
    pub(super) fn variable(&self, name: &str, at: TextRange) -> Option<Value> {
        let environment: &BTreeMap<String, String> = self.cx.environment;
        if let Some(value) = environment.get(name) {
            return Some(self.known(Node::Text(value.clone()), at));
        }
        let loaded = self.loaded.iter().find(|variable| variable.name == name)?;
        Some(Value {
            node: Node::Text(loaded.value.clone()),
            origin: loaded.origin.clone(),
            written: loaded.written.clone(),
        })
    }

    /// The value of a name.
    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub(super) fn known(&self, node: Node, at: TextRange) -> Value {
        Value {
            node,
            origin: self.origin(at),
            written: self.slice(at).to_owned(),
        }
    }

    pub(super) fn unknown(&self, at: TextRange, why: String) -> Value {
        self.known(Node::Unknown(why), at)
    }

    pub(super) fn slice(&self, at: TextRange) -> &'a str {
        self.lines.slice(at.start().to_usize(), at.end().to_usize())
    }

    fn origin(&self, at: TextRange) -> Origin {
        self.lines.origin(at.start().to_usize())
    }
}

/// How many parts of a name are looked at.
const MOST_PARTS: usize = 16;

/// A name with its dots: `c.ServerApp.port`.
pub(super) fn path(expr: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut expr = expr;
    while let Expr::Attribute(attribute) = expr {
        parts.push(attribute.attr.as_str());
        expr = &attribute.value;
        if parts.len() > MOST_PARTS {
            return None;
        }
    }
    let Expr::Name(name) = expr else { return None };
    parts.push(name.id.as_str());
    parts.reverse();
    Some(parts.join("."))
}
