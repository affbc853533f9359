//! Calls.

use oxc_ast::ast::{
    Argument, ArrowFunctionBody, CallExpression, Expression, FormalParameters, FunctionBody,
};
use oxc_span::{GetSpan, Span};

use super::machine::{CALL, Machine};
use super::objects::from_package;
use super::patterns::How;
use super::statements::Flow;
use super::value::{Closure, Code, Held, Id, Js, List, What};

impl<'a> Machine<'a, '_> {
    /// A call.
    pub(super) fn call(&mut self, scope: Id, call: &'a CallExpression<'a>) -> Js<'a> {
        if let Expression::StaticMemberExpression(member) = &call.callee {
            let object = self.eval(scope, &member.object);
            if (member.optional || call.optional) && object.is_nothing() {
                return self.value(scope, call.span, What::Undefined);
            }
            let arguments = self.arguments(scope, call);
            let name = member.property.name.as_str();
            if let Some(arguments) = &arguments
                && let Some(value) = self.method(scope, call.span, &object, name, arguments)
            {
                return value.with_variance_of(object.varies);
            }
            let callee = self.member(scope, member.span, &object, name);
            return self.apply(scope, call.span, &callee, arguments);
        }
        let callee = self.eval(scope, &call.callee);
        let arguments = self.arguments(scope, call);
        self.apply(scope, call.span, &callee, arguments)
    }

    /// The arguments; nothing where it cannot be known how many there are.
    fn arguments(&mut self, scope: Id, call: &'a CallExpression<'a>) -> Option<Vec<Js<'a>>> {
        let mut values = Vec::new();
        let mut known = true;
        for argument in &call.arguments {
            match argument {
                Argument::SpreadElement(spread) => {
                    let value = self.eval(scope, &spread.argument);
                    match self.list(&value) {
                        Some(list) if !list.open && list.items.len() < 100 => {
                            values.extend(list.items.iter().cloned());
                        }
                        _ => known = false,
                    }
                }
                other => {
                    if let Some(expression) = other.as_expression() {
                        values.push(self.eval(scope, expression));
                    }
                }
            }
        }
        known.then_some(values)
    }

    fn apply(
        &mut self,
        scope: Id,
        span: Span,
        callee: &Js<'a>,
        arguments: Option<Vec<Js<'a>>>,
    ) -> Js<'a> {
        let Some(arguments) = arguments else {
            return self.unknown(scope, span, CALL);
        };
        match &callee.what {
            What::Function(closure) => self
                .invoke(scope, span, *closure, arguments)
                .with_variance_of(callee.varies),
            What::Builtin(name) => self.builtin(scope, span, name, &arguments),
            What::Foreign(name) => {
                let last = name.rsplit([':', '.']).next().unwrap_or(name);
                let whole = ["define", "with"]
                    .iter()
                    .any(|start| last.starts_with(start));
                self.wrapped(scope, span, &arguments, whole)
            }
            // `withPlugins(options)(config)`
            What::Unknown(_, Some(id)) => {
                let whole = matches!(self.held.get(*id), Some(Held::Wrapped(_, true)));
                self.wrapped(scope, span, &arguments, whole)
            }
            _ => self.unknown(scope, span, CALL),
        }
    }

    /// What an unknown function returns: likely the configuration that it was handed.
    fn wrapped(&mut self, scope: Id, span: Span, arguments: &[Js<'a>], whole: bool) -> Js<'a> {
        let inside = match arguments {
            [one] => Some(one),
            [one, ..] if whole => Some(one),
            _ => None,
        };
        let inside = inside.filter(|one| {
            matches!(
                one.what,
                What::Held(_) | What::Function(_) | What::Unknown(_, Some(_))
            )
        });
        let mut value = self.unknown(scope, span, CALL);
        if let Some(inside) = inside {
            self.held.push(Held::Wrapped(inside.clone(), whole));
            value.what = What::Unknown(CALL.into(), Some(self.held.len() - 1));
        }
        value
    }

    /// Runs a function of the project.
    pub(super) fn invoke(
        &mut self,
        scope: Id,
        span: Span,
        closure: Closure<'a>,
        arguments: Vec<Js<'a>>,
    ) -> Js<'a> {
        if let Err(why) = self.enter() {
            return self.unknown(scope, span, why);
        }
        let module = self.scopes.get(closure.scope).map_or(0, |s| s.module);
        let inner = self.open_scope(Some(closure.scope), module, true);
        let value = match closure.code {
            Code::Arrow(arrow) => {
                self.parameters(inner, &arrow.params, arguments);
                match &arrow.body {
                    ArrowFunctionBody::FunctionBody(body) => self.body(inner, span, body),
                    other => match other.as_expression() {
                        Some(expression) => self.eval(inner, expression),
                        None => self.unknown(scope, span, CALL),
                    },
                }
            }
            Code::Function(function) => {
                self.parameters(inner, &function.params, arguments);
                match &function.body {
                    Some(body) if !function.generator => self.body(inner, span, body),
                    _ => self.unknown(scope, span, CALL),
                }
            }
        };
        self.depth -= 1;
        value
    }

    fn body(&mut self, scope: Id, span: Span, body: &'a FunctionBody<'a>) -> Js<'a> {
        match self.run(scope, &body.statements) {
            Flow::Return(value) => value,
            _ => self.value(scope, span, What::Undefined),
        }
    }

    fn parameters(
        &mut self,
        scope: Id,
        parameters: &'a FormalParameters<'a>,
        arguments: Vec<Js<'a>>,
    ) {
        let mut arguments = arguments.into_iter();
        for parameter in &parameters.items {
            let value = arguments.next();
            let value = value.unwrap_or_else(|| self.value(scope, parameter.span, What::Undefined));
            let value = self.or_default(scope, value, parameter.initializer.as_deref());
            self.bind(scope, &parameter.pattern, value, How::Let);
        }
        if let Some(rest) = &parameters.rest {
            let items = arguments.collect();
            let what = self.hold(Held::List(List { items, open: false }));
            let value = self.value(scope, rest.span, what);
            self.bind(scope, &rest.rest.argument, value, How::Let);
        }
    }

    /// An expression whose value nobody takes. What an unknown function is handed may
    /// be another afterwards.
    pub(super) fn bare(&mut self, scope: Id, expression: &'a Expression<'a>) {
        let value = self.eval(scope, expression);
        let mut inner = expression;
        while let Expression::AwaitExpression(wait) = inner {
            inner = &wait.argument;
        }
        let calls = matches!(
            inner,
            Expression::CallExpression(_)
                | Expression::ChainExpression(_)
                | Expression::NewExpression(_)
        );
        if calls && value.is_unknown() && !self.is_harmless(scope, inner) {
            self.forget(scope, expression.span());
        }
    }

    /// Whether it only writes to the terminal.
    fn is_harmless(&self, scope: Id, expression: &'a Expression<'a>) -> bool {
        let Expression::CallExpression(call) = expression else {
            return false;
        };
        let Expression::StaticMemberExpression(member) = &call.callee else {
            return false;
        };
        matches!(&member.object, Expression::Identifier(name)
            if name.name.as_str() == "console" && self.scope_of(scope, "console").is_none())
    }

    /// The value of a name.
    pub(super) fn name(&mut self, scope: Id, span: Span, name: &str) -> Js<'a> {
        if let Some(value) = self.lookup(scope, name) {
            return match &value.what {
                What::Foreign(_) => Js {
                    place: self.place(scope, span),
                    ..value
                },
                _ => value,
            };
        }
        let what = match name {
            "undefined" => What::Undefined,
            "NaN" => What::Number(f64::NAN),
            "Infinity" => What::Number(f64::INFINITY),
            "__dirname" => {
                let module = self.scopes.get(scope).map_or(0, |scope| scope.module);
                What::Folder(self.folder_of(module))
            }
            name => match super::builtins::global(name) {
                Some(builtin) => What::Builtin(builtin),
                None => What::Foreign(name.into()),
            },
        };
        self.value(scope, span, what)
    }

    /// Why a value of this kind is no setting.
    pub(super) fn why_unknown(value: &What<'_>) -> Option<String> {
        Some(match value {
            What::Unknown(why, _) => why.to_string(),
            What::Foreign(name) => from_package(name),
            What::Function(_) => "it is a function".to_owned(),
            What::Builtin(_) | What::Folder(_) => super::machine::UNKNOWN.to_owned(),
            _ => return None,
        })
    }
}
