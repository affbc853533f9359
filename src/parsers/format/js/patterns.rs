//! Names that take values: declarations, parameters, assignments.

use oxc_ast::ast::{
    AssignmentExpression, AssignmentOperator, AssignmentTarget, BinaryOperator, BindingPattern,
    Expression, LogicalOperator, ObjectPattern,
};
use oxc_span::{GetSpan, Span};

use super::machine::{Machine, UNKNOWN};
use super::value::{Held, Id, Js, Table, What};

/// How a name is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Var,
    Let,
    Const,
}

impl<'a> Machine<'a, '_> {
    /// Gives the names of a pattern their values.
    pub(super) fn bind(
        &mut self,
        scope: Id,
        pattern: &'a BindingPattern<'a>,
        value: Js<'a>,
        how: How,
    ) {
        if self.enter().is_err() {
            return;
        }
        match pattern {
            BindingPattern::BindingIdentifier(name) => {
                let holder = match how {
                    How::Var => self.whole_scope(scope),
                    _ => scope,
                };
                self.declare(holder, name.name.as_str(), value, how == How::Const);
            }
            BindingPattern::AssignmentPattern(pattern) => {
                let value = self.or_default(scope, value, Some(&pattern.right));
                self.bind(scope, &pattern.left, value, how);
            }
            BindingPattern::ObjectPattern(pattern) => self.bind_object(scope, pattern, &value, how),
            BindingPattern::ArrayPattern(pattern) => {
                for (at, element) in pattern.elements.iter().enumerate() {
                    if let Some(element) = element {
                        let item = self.member(scope, element.span(), &value, &at.to_string());
                        self.bind(scope, element, item, how);
                    }
                }
                if let Some(rest) = &pattern.rest {
                    let items = self.unknown(scope, rest.span, UNKNOWN);
                    self.bind(scope, &rest.argument, items, how);
                }
            }
        }
        self.depth -= 1;
    }

    fn bind_object(&mut self, scope: Id, pattern: &'a ObjectPattern<'a>, value: &Js<'a>, how: How) {
        let mut taken = Vec::new();
        for property in &pattern.properties {
            let key = if property.computed {
                let key = property.key.as_expression();
                key.and_then(|key| self.eval(scope, key).string())
            } else {
                property.key.static_name().map(|key| key.into_owned())
            };
            let item = match &key {
                Some(key) => self.member(scope, property.key.span(), value, key),
                None => self.unknown(scope, property.span, UNKNOWN),
            };
            taken.extend(key);
            self.bind(scope, &property.value, item, how);
        }
        let Some(rest) = &pattern.rest else { return };
        let others = match self.table(value) {
            Some(table) => {
                let mut others = Table::clone(table);
                others
                    .entries
                    .retain(|(key, _)| !taken.iter().any(|name| **name == **key));
                let what = self.hold(Held::Table(others));
                self.value(scope, rest.span, what)
            }
            None => self.unknown(scope, rest.span, UNKNOWN),
        };
        self.bind(scope, &rest.argument, others, how);
    }

    /// The default where a value is missing.
    pub(super) fn or_default(
        &mut self,
        scope: Id,
        value: Js<'a>,
        default: Option<&'a Expression<'a>>,
    ) -> Js<'a> {
        match (&value.what, default) {
            (What::Undefined, Some(default)) => {
                self.eval(scope, default).with_variance_of(value.varies)
            }
            _ => value,
        }
    }

    /// `left = right` and its kin.
    pub(super) fn assignment(
        &mut self,
        scope: Id,
        assignment: &'a AssignmentExpression<'a>,
    ) -> Js<'a> {
        use AssignmentOperator as Op;
        let logical = match assignment.operator {
            Op::LogicalOr => Some(LogicalOperator::Or),
            Op::LogicalAnd => Some(LogicalOperator::And),
            Op::LogicalNullish => Some(LogicalOperator::Coalesce),
            _ => None,
        };
        let binary = match assignment.operator {
            Op::Addition => Some(BinaryOperator::Addition),
            Op::Subtraction => Some(BinaryOperator::Subtraction),
            Op::Multiplication => Some(BinaryOperator::Multiplication),
            _ => None,
        };
        let value = if assignment.operator == Op::Assign {
            self.eval(scope, &assignment.right)
        } else if let Some(operator) = logical {
            let old = self.target(scope, &assignment.left);
            self.logical(scope, old, operator, &assignment.right)
        } else if let Some(operator) = binary {
            let old = self.target(scope, &assignment.left);
            let new = self.eval(scope, &assignment.right);
            self.binary(scope, assignment.span, &old, operator, &new)
        } else {
            self.unknown(scope, assignment.span, UNKNOWN)
        };
        self.assign(scope, &assignment.left, value.clone());
        value
    }

    /// The value that a target of an assignment has now.
    fn target(&mut self, scope: Id, target: &'a AssignmentTarget<'a>) -> Js<'a> {
        match target {
            AssignmentTarget::AssignmentTargetIdentifier(name) => {
                self.name(scope, name.span, name.name.as_str())
            }
            AssignmentTarget::StaticMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                self.member(scope, member.span, &object, member.property.name.as_str())
            }
            other => self.unknown(scope, other.span(), UNKNOWN),
        }
    }

    /// Sets a target.
    pub(super) fn assign(&mut self, scope: Id, target: &'a AssignmentTarget<'a>, value: Js<'a>) {
        match target {
            AssignmentTarget::AssignmentTargetIdentifier(name) => {
                let name = name.name.as_str();
                match self.names_mut(scope, name) {
                    Some(binding) => binding.value = value,
                    None => {
                        let whole = self.whole_scope(scope);
                        self.declare(whole, name, value, false);
                    }
                }
            }
            AssignmentTarget::StaticMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                self.set(
                    scope,
                    member.span,
                    &object,
                    Some(member.property.name.as_str()),
                    value,
                );
            }
            AssignmentTarget::ComputedMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                let key = self.eval(scope, &member.expression).string();
                self.set(scope, member.span, &object, key.as_deref(), value);
            }
            other => {
                self.forget(scope, other.span());
            }
        }
    }

    /// Sets a key of an object; any of them, where the key cannot be known.
    pub(super) fn set(
        &mut self,
        scope: Id,
        span: Span,
        object: &Js<'a>,
        key: Option<&str>,
        value: Js<'a>,
    ) {
        let unknown = self.unknown(scope, span, UNKNOWN);
        match object.what {
            What::Held(id) => match (self.held.get_mut(id), key) {
                (Some(Held::Table(table)), Some(key)) => table.set(key, value),
                (Some(Held::Table(table)), None) => table.cover(&unknown),
                (Some(Held::List(list)), _) => {
                    list.items.fill(unknown);
                    list.open = true;
                }
                _ => {}
            },
            What::Builtin("process") if key == Some("env") => match (value.what, &self.held) {
                (What::Held(id), held) if matches!(held.get(id), Some(Held::Table(_))) => {
                    self.environment = id;
                }
                _ => {
                    if let Some(table) = self.table_mut(self.environment) {
                        table.cover(&unknown);
                    }
                }
            },
            _ => {}
        }
    }
}
