//! Expressions.

use oxc_ast::ast::{
    BinaryOperator, ChainElement, Expression, LogicalOperator, UnaryExpression, UnaryOperator,
};
use oxc_span::{GetSpan, Span};

use super::machine::{LONGEST, Machine, UNKNOWN};
use super::value::{Closure, Code, Held, Id, Js, Table, What};

impl<'a> Machine<'a, '_> {
    /// The value of an expression.
    pub(super) fn eval(&mut self, scope: Id, expression: &'a Expression<'a>) -> Js<'a> {
        if let Err(why) = self.enter() {
            return self.unknown(scope, expression.span(), why);
        }
        let mut value = self.simple(scope, expression);
        self.depth -= 1;
        value.varies |= self.varying > 0;
        value
    }

    fn simple(&mut self, scope: Id, expression: &'a Expression<'a>) -> Js<'a> {
        let span = expression.span();
        let what = match expression {
            Expression::NumericLiteral(number) => What::Number(number.value),
            Expression::StringLiteral(text) => What::Text(text.value.as_str().into()),
            Expression::BooleanLiteral(flag) => What::Flag(flag.value),
            Expression::NullLiteral(_) => What::Null,
            Expression::ArrowFunctionExpression(arrow) => What::Function(Closure {
                code: Code::Arrow(arrow),
                scope,
            }),
            Expression::FunctionExpression(function) => What::Function(Closure {
                code: Code::Function(function),
                scope,
            }),
            Expression::ImportMeta(_) => What::Builtin("import.meta"),
            other => return self.compound(scope, other),
        };
        self.value(scope, span, what)
    }

    fn compound(&mut self, scope: Id, expression: &'a Expression<'a>) -> Js<'a> {
        let span = expression.span();
        match expression {
            Expression::Identifier(name) => self.name(scope, span, name.name.as_str()),
            Expression::TemplateLiteral(template) => self.template(scope, template),
            Expression::ObjectExpression(object) => self.object(scope, object),
            Expression::ArrayExpression(array) => self.array(scope, array),
            Expression::ParenthesizedExpression(inner) => self.eval(scope, &inner.expression),
            Expression::TSAsExpression(inner) => self.eval(scope, &inner.expression),
            Expression::TSSatisfiesExpression(inner) => self.eval(scope, &inner.expression),
            Expression::TSTypeAssertion(inner) => self.eval(scope, &inner.expression),
            Expression::TSNonNullExpression(inner) => self.eval(scope, &inner.expression),
            Expression::TSInstantiationExpression(inner) => self.eval(scope, &inner.expression),
            Expression::AwaitExpression(inner) => self.eval(scope, &inner.argument),
            Expression::CallExpression(call) => self.call(scope, call),
            Expression::ImportExpression(import) => {
                let source = self.eval(scope, &import.source);
                self.import(scope, span, &source)
            }
            Expression::ConditionalExpression(choice) => {
                let test = self.eval(scope, &choice.test);
                match test.truth() {
                    Some(true) => self.eval(scope, &choice.consequent),
                    Some(false) => self.eval(scope, &choice.alternate),
                    None => {
                        let one = self.eval(scope, &choice.consequent);
                        let two = self.eval(scope, &choice.alternate);
                        self.either(scope, span, one, &two)
                    }
                }
                .with_variance_of(test.varies)
            }
            Expression::LogicalExpression(logical) => {
                let left = self.eval(scope, &logical.left);
                self.logical(scope, left, logical.operator, &logical.right)
            }
            Expression::BinaryExpression(binary) => {
                let left = self.eval(scope, &binary.left);
                let right = self.eval(scope, &binary.right);
                self.binary(scope, span, &left, binary.operator, &right)
            }
            Expression::UnaryExpression(unary) => self.unary(scope, unary),
            Expression::AssignmentExpression(assignment) => self.assignment(scope, assignment),
            Expression::SequenceExpression(sequence) => {
                let values = sequence.expressions.iter();
                let last = values.map(|part| self.eval(scope, part)).last();
                last.unwrap_or_else(|| self.unknown(scope, span, UNKNOWN))
            }
            Expression::StaticMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                if member.optional && object.is_nothing() {
                    return self.value(scope, span, What::Undefined);
                }
                self.member(scope, span, &object, member.property.name.as_str())
            }
            Expression::ComputedMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                let key = self.eval(scope, &member.expression);
                if member.optional && object.is_nothing() {
                    return self.value(scope, span, What::Undefined);
                }
                match key.string() {
                    Some(key) => self.member(scope, span, &object, &key),
                    None => self.unknown(scope, span, UNKNOWN),
                }
                .with_variance_of(key.varies)
            }
            Expression::ChainExpression(chain) => self.chain(scope, &chain.expression),
            Expression::UpdateExpression(_) => {
                self.forget(scope, span);
                self.unknown(scope, span, UNKNOWN)
            }
            _ => self.unknown(scope, span, UNKNOWN),
        }
    }

    fn chain(&mut self, scope: Id, element: &'a ChainElement<'a>) -> Js<'a> {
        let span = element.span();
        match element {
            ChainElement::CallExpression(call) => self.call(scope, call),
            ChainElement::TSNonNullExpression(inner) => self.eval(scope, &inner.expression),
            ChainElement::StaticMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                if object.is_nothing() {
                    return self
                        .value(scope, span, What::Undefined)
                        .with_variance_of(object.varies);
                }
                self.member(scope, span, &object, member.property.name.as_str())
            }
            ChainElement::ComputedMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                let key = self.eval(scope, &member.expression).string();
                if object.is_nothing() {
                    return self
                        .value(scope, span, What::Undefined)
                        .with_variance_of(object.varies);
                }
                match key {
                    Some(key) => self.member(scope, span, &object, &key),
                    None => self.unknown(scope, span, UNKNOWN),
                }
            }
            ChainElement::PrivateFieldExpression(_) => self.unknown(scope, span, UNKNOWN),
        }
    }

    /// One of two values, where it cannot be known which: what they have in common.
    fn either(&mut self, scope: Id, span: Span, one: Js<'a>, two: &Js<'a>) -> Js<'a> {
        if one.same(two) == Some(true) {
            return one;
        }
        let unknown = self.unknown(scope, span, "it depends on what cannot be known");
        let (Some(left), Some(right)) = (self.table(&one), self.table(two)) else {
            return unknown;
        };
        let mut both = Table {
            entries: Vec::new(),
            rest: left.rest.clone().or_else(|| right.rest.clone()),
            varies: left.varies || right.varies,
        };
        for (key, value) in left.entries.iter().chain(&right.entries) {
            let same = match (left.get(key), right.get(key)) {
                (Some(one), Some(two)) => one.same(two) == Some(true),
                _ => false,
            };
            both.set(key, if same { value.clone() } else { unknown.clone() });
        }
        let what = self.hold(Held::Table(both));
        self.value(scope, span, what)
    }

    pub(super) fn logical(
        &mut self,
        scope: Id,
        left: Js<'a>,
        operator: LogicalOperator,
        right: &'a Expression<'a>,
    ) -> Js<'a> {
        let goes_on = match operator {
            LogicalOperator::Or => left.truth().map(|truth| !truth),
            LogicalOperator::And => left.truth(),
            LogicalOperator::Coalesce => match left.what {
                What::Unknown(..) | What::Foreign(_) => None,
                _ => Some(left.is_nothing()),
            },
        };
        match goes_on {
            Some(true) => self.eval(scope, right).with_variance_of(left.varies),
            Some(false) => left,
            None if left.is_unknown() => left,
            None => self.unknown(scope, right.span(), UNKNOWN),
        }
    }

    pub(super) fn binary(
        &mut self,
        scope: Id,
        span: Span,
        left: &Js<'a>,
        operator: BinaryOperator,
        right: &Js<'a>,
    ) -> Js<'a> {
        use BinaryOperator as Op;
        let numbers = left.number().zip(right.number());
        let compared = |how: fn(&f64, &f64) -> bool| match (&left.what, &right.what) {
            (What::Text(_), What::Text(_)) => None,
            _ => numbers.map(|(one, two)| What::Flag(how(&one, &two))),
        };
        let reckoned =
            |how: fn(f64, f64) -> f64| numbers.map(|(one, two)| What::Number(how(one, two)));
        let what = match operator {
            Op::StrictEquality => left.same(right).map(What::Flag),
            Op::StrictInequality => left.same(right).map(|same| What::Flag(!same)),
            Op::Equality => left.alike(right).map(What::Flag),
            Op::Inequality => left.alike(right).map(|alike| What::Flag(!alike)),
            Op::Addition => match (&left.what, &right.what) {
                (What::Text(_), _) | (_, What::Text(_)) => {
                    let texts = left.string().zip(right.string());
                    texts
                        .filter(|(one, two)| one.len() + two.len() <= LONGEST)
                        .map(|(one, two)| What::Text((one + &two).into()))
                }
                _ => reckoned(|one, two| one + two),
            },
            Op::Subtraction => reckoned(|one, two| one - two),
            Op::Multiplication => reckoned(|one, two| one * two),
            Op::Division => reckoned(|one, two| one / two),
            Op::Remainder => reckoned(|one, two| one % two),
            Op::LessThan => compared(f64::lt),
            Op::LessEqualThan => compared(f64::le),
            Op::GreaterThan => compared(f64::gt),
            Op::GreaterEqualThan => compared(f64::ge),
            _ => None,
        };
        match what {
            Some(what) => self.value(scope, span, what),
            None if left.is_unknown() => left.clone(),
            None if right.is_unknown() => right.clone(),
            None => self.unknown(scope, span, UNKNOWN),
        }
        .with_variance_of(left.varies || right.varies)
    }

    fn unary(&mut self, scope: Id, unary: &'a UnaryExpression<'a>) -> Js<'a> {
        if unary.operator == UnaryOperator::Delete {
            self.delete(scope, &unary.argument);
            return self.value(scope, unary.span, What::Flag(true));
        }
        let value = self.eval(scope, &unary.argument);
        let what = match unary.operator {
            UnaryOperator::LogicalNot => value.truth().map(|truth| What::Flag(!truth)),
            UnaryOperator::UnaryPlus => value.number().map(What::Number),
            UnaryOperator::UnaryNegation => value.number().map(|number| What::Number(-number)),
            UnaryOperator::Void => Some(What::Undefined),
            UnaryOperator::Typeof => type_of(&value).map(|name| What::Text(name.into())),
            UnaryOperator::BitwiseNot | UnaryOperator::Delete => None,
        };
        match what {
            // A number that is read of a text still stands where the text does.
            Some(what) if unary.operator == UnaryOperator::UnaryPlus => Js { what, ..value },
            Some(what) => self
                .value(scope, unary.span, what)
                .with_variance_of(value.varies),
            None if value.is_unknown() => value,
            None => self.unknown(scope, unary.span, UNKNOWN),
        }
    }

    fn delete(&mut self, scope: Id, target: &'a Expression<'a>) {
        match target {
            Expression::StaticMemberExpression(member) => {
                let object = self.eval(scope, &member.object);
                let nothing = self.value(scope, member.span, What::Undefined);
                let key = member.property.name.as_str();
                self.set(scope, member.span, &object, Some(key), nothing);
            }
            other => {
                self.forget(scope, other.span());
            }
        }
    }
}

fn type_of(value: &Js<'_>) -> Option<&'static str> {
    Some(match value.what {
        What::Undefined => "undefined",
        What::Null | What::Held(_) => "object",
        What::Flag(_) => "boolean",
        What::Number(_) => "number",
        What::Text(_) | What::Folder(_) => "string",
        What::Function(_) => "function",
        What::Builtin(_) | What::Foreign(_) | What::Unknown(..) => return None,
    })
}
