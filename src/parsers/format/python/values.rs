//! What an expression comes to, as far as it can be told without running it.

use ruff_python_ast::{
    Arguments, BoolOp, CmpOp, Expr, ExprCall, FStringPart, InterpolatedStringElement, Number,
    Operator, UnaryOp,
};
use ruff_text_size::Ranged;

use super::scope::{Scope, path};
use crate::parsers::tree::{Node, Value};

/// Whether a value counts as true; nothing where that cannot be known.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match &value.node {
        Node::Null => Some(false),
        Node::Flag(flag) => Some(*flag),
        Node::Number(number) => Some(*number != 0.0),
        Node::Text(text) => Some(!text.is_empty()),
        Node::List(items) => Some(!items.is_empty()),
        Node::Table(entries) => Some(!entries.is_empty()),
        Node::Varies(value) => truth(value),
        Node::Unknown(_) => None,
    }
}

impl Scope<'_, '_> {
    /// What an expression comes to.
    pub(super) fn value(&self, expr: &Expr) -> Value {
        let Some(value) = self.deeper(|| self.compute(expr)) else {
            return self.unknown(expr.range(), "it is computed when it runs".to_owned());
        };
        value
    }

    fn compute(&self, expr: &Expr) -> Value {
        let at = expr.range();
        let node = match expr {
            Expr::NoneLiteral(_) => Node::Null,
            Expr::BooleanLiteral(flag) => Node::Flag(flag.value),
            Expr::NumberLiteral(number) => match &number.value {
                // Larger numbers are no ports.
                Number::Int(int) => match int.as_i32() {
                    Some(int) => Node::Number(int.into()),
                    None => Node::Unknown("it is a very large number".to_owned()),
                },
                Number::Float(float) => Node::Number(*float),
                Number::Complex { .. } => Node::Unknown("it is a complex number".to_owned()),
            },
            Expr::StringLiteral(text) => Node::Text(text.value.to_str().to_owned()),
            Expr::List(list) => Node::List(list.elts.iter().map(|e| self.value(e)).collect()),
            Expr::Tuple(list) => Node::List(list.elts.iter().map(|e| self.value(e)).collect()),
            Expr::Dict(dict) => {
                let mut entries = Vec::new();
                for item in &dict.items {
                    let value = self.value(&item.value);
                    match &item.key {
                        Some(key) => {
                            if let Node::Text(key) = self.value(key).node {
                                entries.push((key, value));
                            }
                        }
                        // `**other`
                        None => entries.extend(value.entries().iter().cloned()),
                    }
                }
                Node::Table(entries)
            }
            Expr::Name(_) | Expr::Attribute(_) => return self.name(expr),
            Expr::Call(call) => return self.called(expr, call),
            Expr::Subscript(subscript) => {
                let key = self.value(&subscript.slice);
                let of = path(&subscript.value).unwrap_or_default();
                let is_environment = self.callee(&subscript.value).as_deref() == Some("os.environ");
                match key.text() {
                    Some(key) if is_environment => {
                        return self.variable(key, at).unwrap_or_else(|| {
                            self.unknown(at, format!("the variable {key} is not set"))
                        });
                    }
                    Some(key) => match self.named(&of).and_then(|table| table.get(key)) {
                        Some(value) => return value.clone(),
                        None => Node::Unknown("it is looked up when it runs".to_owned()),
                    },
                    None => Node::Unknown("it is looked up when it runs".to_owned()),
                }
            }
            Expr::BoolOp(either) => {
                // The first that decides, or the last.
                let decides = either.op == BoolOp::Or;
                let mut last = None;
                for part in &either.values {
                    let value = self.value(part);
                    match truth(&value) {
                        None => return value,
                        Some(holds) if holds == decides => return value,
                        Some(_) => last = Some(value),
                    }
                }
                return last.unwrap_or_else(|| self.unknown(at, String::new()));
            }
            Expr::UnaryOp(unary) => {
                let value = self.value(&unary.operand);
                match (unary.op, &value.node) {
                    (UnaryOp::Not, _) => match truth(&value) {
                        Some(holds) => Node::Flag(!holds),
                        None => return value,
                    },
                    (UnaryOp::USub, Node::Number(number)) => Node::Number(-number),
                    _ => Node::Unknown("it is computed".to_owned()),
                }
            }
            Expr::If(choice) => {
                let test = self.value(&choice.test);
                return match truth(&test) {
                    Some(true) => self.value(&choice.body),
                    Some(false) => self.value(&choice.orelse),
                    None => self.unknown(at, "it depends on a condition".to_owned()),
                };
            }
            Expr::Compare(compare) => {
                let left = self.value(&compare.left);
                match (&compare.ops[..], &compare.comparators[..]) {
                    ([op], [right]) => self.compared(&left, *op, &self.value(right)),
                    _ => Node::Unknown("it is a comparison".to_owned()),
                }
            }
            Expr::BinOp(both) => {
                let (left, right) = (self.value(&both.left), self.value(&both.right));
                if let Some(why) = left.unknown().or(right.unknown()) {
                    Node::Unknown(why.to_owned())
                } else {
                    combined(both.op, &left.node, &right.node)
                }
            }
            Expr::FString(text) => self.formatted(text.value.as_slice()),
            Expr::Await(awaited) => return self.value(&awaited.value),
            _ => Node::Unknown("it is computed when it runs".to_owned()),
        };
        self.known(node, at)
    }

    fn name(&self, expr: &Expr) -> Value {
        let at = expr.range();
        let Some(name) = path(expr) else {
            return self.unknown(at, "it is computed when it runs".to_owned());
        };
        if name == "__name__" {
            // The module is run by itself: that is what it is read for.
            return self.known(Node::Text("__main__".to_owned()), at);
        }
        if let Some(value) = self.named(&name) {
            return value.clone();
        }
        let below = name.rsplit_once('.');
        let known = below.and_then(|(table, key)| self.named(table)?.get(key));
        known.cloned().unwrap_or_else(|| {
            let why = format!("`{name}` comes from elsewhere");
            self.unknown(at, why)
        })
    }

    fn called(&self, expr: &Expr, call: &ExprCall) -> Value {
        let at = expr.range();
        let name = self.callee(&call.func).unwrap_or_default();
        let arguments = self.arguments(&call.arguments);
        let argument = |place: &str, name: &str| {
            let mut named = arguments.iter();
            let found = named.find(|(key, _)| key == place || key == name);
            found.map(|(_, value)| value.clone())
        };
        match name.as_str() {
            "os.environ.get" | "os.getenv" | "decouple.config" => {
                let key = argument("0", "key");
                let Some(key) = key.as_ref().and_then(Value::text) else {
                    return self.unknown(at, "it is looked up when it runs".to_owned());
                };
                self.variable(key, at)
                    .or_else(|| argument("1", "default"))
                    .unwrap_or_else(|| self.known(Node::Null, at))
            }
            "int" | "str" => {
                let Some(of) = argument("0", "x") else {
                    return self.unknown(at, "it is computed when it runs".to_owned());
                };
                let node = match &of.node {
                    Node::Number(number) if name == "int" => Node::Number(number.trunc()),
                    Node::Number(number) => Node::Text(number.to_string()),
                    Node::Text(text) if name == "str" => Node::Text(text.clone()),
                    Node::Text(text) => match text.trim().parse::<i32>() {
                        Ok(number) => Node::Number(number.into()),
                        Err(_) => Node::Unknown("it is no whole number".to_owned()),
                    },
                    Node::Unknown(why) => Node::Unknown(why.clone()),
                    _ => Node::Unknown("it is computed when it runs".to_owned()),
                };
                Value { node, ..of }
            }
            "dict" => self.known(Node::Table(arguments), at),
            _ => {
                // `"{}:{}".format(host, port)`
                if let Expr::Attribute(attribute) = call.func.as_ref()
                    && attribute.attr.as_str() == "format"
                    && let Some(text) = self.value(&attribute.value).text()
                {
                    let node = filled(text, &arguments);
                    return self.known(node, at);
                }
                let shown = path(&call.func).unwrap_or_default();
                let why = if shown.is_empty() {
                    "it is what a call returns".to_owned()
                } else {
                    format!("it is what {shown}() returns")
                };
                self.unknown(at, why)
            }
        }
    }

    /// The arguments of a call, by their names or their numbers.
    pub(super) fn arguments(&self, arguments: &Arguments) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        for (at, argument) in arguments.args.iter().enumerate() {
            found.push((at.to_string(), self.value(argument)));
        }
        for keyword in &arguments.keywords {
            let value = self.value(&keyword.value);
            match &keyword.arg {
                Some(name) => found.push((name.to_string(), value)),
                None => found.extend(value.entries().iter().cloned()),
            }
        }
        found
    }

    fn compared(&self, left: &Value, op: CmpOp, right: &Value) -> Node {
        if let Some(why) = left.unknown().or(right.unknown()) {
            return Node::Unknown(why.to_owned());
        }
        let same = same(&left.node, &right.node);
        match op {
            CmpOp::Eq | CmpOp::Is => Node::Flag(same),
            CmpOp::NotEq | CmpOp::IsNot => Node::Flag(!same),
            _ => Node::Unknown("it is a comparison".to_owned()),
        }
    }

    fn formatted(&self, parts: &[FStringPart]) -> Node {
        let mut text = String::new();
        for part in parts {
            let pieces = match part {
                FStringPart::Literal(literal) => {
                    text.push_str(literal.as_str());
                    continue;
                }
                FStringPart::FString(pieces) => pieces,
            };
            for piece in &pieces.elements {
                match piece {
                    InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                    InterpolatedStringElement::Interpolation(inner) => {
                        let value = self.value(&inner.expression);
                        if inner.format_spec.is_some() {
                            return Node::Unknown("it is formatted when it runs".to_owned());
                        }
                        match shown(&value.node) {
                            Ok(piece) => text.push_str(&piece),
                            Err(why) => return Node::Unknown(why),
                        }
                    }
                }
            }
        }
        Node::Text(text)
    }
}

/// A value as Python shows it within a text; why not.
fn shown(node: &Node) -> Result<String, String> {
    match node {
        Node::Text(text) => Ok(text.clone()),
        Node::Number(number) => Ok(number.to_string()),
        Node::Flag(true) => Ok("True".to_owned()),
        Node::Flag(false) => Ok("False".to_owned()),
        Node::Null => Ok("None".to_owned()),
        Node::Varies(value) => shown(&value.node),
        Node::Unknown(why) => Err(why.clone()),
        Node::List(_) | Node::Table(_) => Err("it is computed when it runs".to_owned()),
    }
}

fn same(left: &Node, right: &Node) -> bool {
    match (left, right) {
        (Node::Null, Node::Null) => true,
        (Node::Flag(left), Node::Flag(right)) => left == right,
        (Node::Text(left), Node::Text(right)) => left == right,
        #[allow(clippy::float_cmp)] // Python compares exactly, too.
        (Node::Number(left), Node::Number(right)) => left == right,
        _ => false,
    }
}

fn combined(op: Operator, left: &Node, right: &Node) -> Node {
    match (op, left, right) {
        (Operator::Add, Node::Text(left), Node::Text(right)) => {
            Node::Text(format!("{left}{right}"))
        }
        (Operator::Add, Node::Number(left), Node::Number(right)) => Node::Number(left + right),
        (Operator::Sub, Node::Number(left), Node::Number(right)) => Node::Number(left - right),
        (Operator::Mult, Node::Number(left), Node::Number(right)) => Node::Number(left * right),
        (Operator::Add, Node::List(left), Node::List(right)) => {
            Node::List(left.iter().chain(right).cloned().collect())
        }
        (Operator::Mod, Node::Text(text), values) => {
            let values = match values {
                Node::List(values) => values.iter().map(|value| &value.node).collect(),
                one => vec![one],
            };
            percent(text, &values)
        }
        _ => Node::Unknown("it is computed when it runs".to_owned()),
    }
}

/// `"%s:%d" % (host, port)`
fn percent(text: &str, values: &[&Node]) -> Node {
    let mut values = values.iter();
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let kind = after.chars().next();
        match (kind, kind.filter(|kind| *kind != '%').and(values.next())) {
            (Some('%'), _) => out.push('%'),
            (Some('s' | 'd' | 'i'), Some(value)) => match shown(value) {
                Ok(piece) => out.push_str(&piece),
                Err(why) => return Node::Unknown(why),
            },
            _ => return Node::Unknown("it is formatted when it runs".to_owned()),
        }
        rest = &after[1..];
    }
    Node::Text(out + rest)
}

/// `"{}:{port}".format(host, port=8000)`
fn filled(text: &str, arguments: &[(String, Value)]) -> Node {
    let mut out = String::new();
    let mut rest = text;
    let mut next = 0_usize;
    while let Some((before, after)) = rest.split_once('{') {
        let inner = after.split_once('}');
        let Some((name, after)) = inner.filter(|_| !before.contains('}')) else {
            return Node::Unknown("it is formatted when it runs".to_owned());
        };
        let key = if name.is_empty() {
            next += 1;
            (next - 1).to_string()
        } else {
            name.to_owned()
        };
        out.push_str(before);
        let value = arguments.iter().find(|(name, _)| *name == key);
        match value.map(|(_, value)| shown(&value.node)) {
            Some(Ok(piece)) => out.push_str(&piece),
            Some(Err(why)) => return Node::Unknown(why),
            None => return Node::Unknown("it is formatted when it runs".to_owned()),
        }
        rest = after;
    }
    Node::Text(out + rest)
}
