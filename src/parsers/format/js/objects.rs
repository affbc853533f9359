//! What is put together of other values, and taken out of it.

use oxc_ast::ast::{
    ArrayExpression, ArrayExpressionElement, ObjectExpression, ObjectPropertyKind, PropertyKind,
    TemplateLiteral,
};
use oxc_span::Span;

use super::machine::{LONG, LONGEST, Machine, UNKNOWN};
use super::value::{Held, Id, Js, List, Place, Table, What};

/// Why nothing is known of a key of something that is missing.
const OF_NOTHING: &str = "it is read from something that is not set";

impl<'a> Machine<'a, '_> {
    pub(super) fn template(&mut self, scope: Id, template: &'a TemplateLiteral<'a>) -> Js<'a> {
        let mut text = String::new();
        let mut varies = false;
        for (at, quasi) in template.quasis.iter().enumerate() {
            let Some(cooked) = &quasi.value.cooked else {
                return self.unknown(scope, template.span, UNKNOWN);
            };
            text.push_str(cooked.as_str());
            let Some(expression) = template.expressions.get(at) else {
                continue;
            };
            let value = self.eval(scope, expression);
            varies |= value.varies;
            match value.string() {
                Some(part) => text.push_str(&part),
                None if value.is_unknown() => return value,
                None => return self.unknown(scope, template.span, UNKNOWN),
            }
            if text.len() > LONGEST {
                return self.unknown(scope, template.span, LONG);
            }
        }
        self.value(scope, template.span, What::Text(text.into()))
            .with_variance_of(varies)
    }

    pub(super) fn object(&mut self, scope: Id, object: &'a ObjectExpression<'a>) -> Js<'a> {
        let mut table = Table::default();
        for property in &object.properties {
            let property = match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let value = self.eval(scope, &spread.argument);
                    self.spread_into(scope, spread.span, &mut table, &value);
                    continue;
                }
                ObjectPropertyKind::ObjectProperty(property) => property,
            };
            let key = if property.computed {
                let key = property.key.as_expression();
                key.and_then(|key| self.eval(scope, key).string())
            } else {
                property.key.static_name().map(|key| key.into_owned())
            };
            let value = match property.kind {
                PropertyKind::Init => self.eval(scope, &property.value),
                PropertyKind::Get => self.unknown(scope, property.span, UNKNOWN),
                PropertyKind::Set => continue,
            };
            match key.as_deref() {
                // It makes another object the one where missing keys are looked for.
                Some("__proto__") if !property.computed && !property.shorthand => {
                    table.rest = Some(self.unknown(scope, property.span, UNKNOWN));
                }
                Some(key) => table.set(key, value),
                None => table.cover(&self.unknown(scope, property.span, UNKNOWN)),
            }
        }
        let what = self.hold(Held::Table(table));
        self.value(scope, object.span, what)
    }

    /// `{...value}`.
    fn spread_into(&mut self, scope: Id, span: Span, table: &mut Table<'a>, value: &Js<'a>) {
        let entries = self.table(value).map_or(0, |other| other.entries.len());
        let room = self.charge(entries);
        let unknown = match (&value.what, room) {
            (_, Err(why)) => self.unknown(scope, span, why),
            (What::Unknown(why, _), _) => self.unknown(scope, span, &why.clone()),
            (What::Foreign(name), _) => self.unknown(scope, span, &from_package(name)),
            _ => self.unknown(scope, span, UNKNOWN),
        };
        match &value.what {
            What::Held(_) if room.is_ok() => match self.table(value) {
                Some(other) => {
                    let before = value.varies;
                    let mut other = other.clone();
                    for (_, value) in &mut other.entries {
                        value.varies |= before;
                    }
                    table.spread(&other);
                }
                None => table.cover(&unknown),
            },
            What::Undefined | What::Null | What::Flag(_) | What::Number(_) | What::Function(_) => {}
            _ => table.cover(&unknown),
        }
    }

    pub(super) fn array(&mut self, scope: Id, array: &'a ArrayExpression<'a>) -> Js<'a> {
        let mut list = List::default();
        for element in &array.elements {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    let value = self.eval(scope, &spread.argument);
                    let items = self
                        .list(&value)
                        .map(|list| (list.items.clone(), list.open));
                    match items {
                        Some((items, open)) if self.charge(items.len()).is_ok() => {
                            list.items.extend(items);
                            list.open |= open;
                        }
                        _ => list.open = true,
                    }
                }
                ArrayExpressionElement::Elision(hole) => {
                    let hole = self.value(scope, hole.span, What::Undefined);
                    list.items.push(hole);
                }
                other => {
                    if let Some(expression) = other.as_expression() {
                        let item = self.eval(scope, expression);
                        list.items.push(item);
                    }
                }
            }
        }
        let what = self.hold(Held::List(list));
        self.value(scope, array.span, what)
    }

    /// The value of a key.
    pub(super) fn member(&mut self, scope: Id, span: Span, object: &Js<'a>, key: &str) -> Js<'a> {
        let mut value = match &object.what {
            What::Held(id) => match self.held.get(*id) {
                Some(Held::Table(table)) => match table.get(key).or(table.rest.as_ref()) {
                    Some(value) => value.clone(),
                    None => self
                        .value(scope, span, What::Undefined)
                        .with_variance_of(table.varies),
                },
                Some(Held::List(list)) if !list.open => {
                    let item = key.parse::<usize>().ok().and_then(|at| list.items.get(at));
                    match (item, key) {
                        (Some(item), _) => item.clone(),
                        #[allow(clippy::cast_precision_loss)]
                        (None, "length") => {
                            let length = list.items.len() as f64;
                            self.value(scope, span, What::Number(length))
                        }
                        (None, key) if key.parse::<usize>().is_ok() => {
                            self.value(scope, span, What::Undefined)
                        }
                        _ => self.unknown(scope, span, UNKNOWN),
                    }
                }
                _ => self.unknown(scope, span, UNKNOWN),
            },
            What::Undefined | What::Null => self.unknown(scope, span, OF_NOTHING),
            What::Unknown(..) => object.clone(),
            What::Foreign(name) => match name.strip_suffix(':') {
                Some(package) => self.exported(scope, span, package, key),
                None if name.len() + key.len() > LONGEST => self.unknown(scope, span, LONG),
                None => self.value(scope, span, What::Foreign(format!("{name}.{key}").into())),
            },
            What::Builtin(name) => self.of_builtin(scope, span, name, key),
            _ => self.unknown(scope, span, UNKNOWN),
        };
        if matches!(value.place, Place::Nowhere) {
            value.place = self.place(scope, span);
        }
        value.with_variance_of(object.varies)
    }
}

/// Why something of a package is not known.
pub(super) fn from_package(name: &str) -> String {
    match name.split_once(':') {
        Some((module, _)) => format!("it comes from the package `{module}`"),
        None => format!("`{name}` is not set in this file"),
    }
}
