//! TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Parsed;
use crate::facts::BrokenFile;
use crate::parsers::tree::{Lines, Node, Value};

/// The tree of a text.
pub fn parse(file: &str, text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(file, text);
    let table = DeTable::parse(text).map_err(|error| BrokenFile {
        origin: lines.origin(error.span().map_or(0, |span| span.start)),
        what: error.message().to_owned(),
    })?;
    Ok(Value {
        node: entries(&lines, table.get_ref()),
        origin: lines.origin(0),
        written: String::new(),
    })
}

fn entries(lines: &Lines<'_>, table: &DeTable<'_>) -> Node {
    let entries = table
        .iter()
        .map(|(key, value)| (key.get_ref().clone().into_owned(), tree(lines, value)));
    Node::Table(entries.collect())
}

fn tree(lines: &Lines<'_>, value: &Spanned<DeValue<'_>>) -> Value {
    let span = value.span();
    let written = lines.slice(span.start, span.end);
    let node = match value.get_ref() {
        DeValue::String(text) => Node::Text(text.clone().into_owned()),
        DeValue::Integer(number) => {
            // Numbers of any base are whole; one that is too large is no port.
            i64::from_str_radix(number.as_str(), number.radix()).map_or_else(
                |_| Node::Text(written.to_owned()),
                |number| i32::try_from(number).map_or(Node::Null, |n| Node::Number(n.into())),
            )
        }
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Node::Text(written.to_owned()), Node::Number),
        DeValue::Boolean(flag) => Node::Flag(*flag),
        DeValue::Datetime(_) => Node::Text(written.to_owned()),
        DeValue::Array(items) => Node::List(items.iter().map(|item| tree(lines, item)).collect()),
        DeValue::Table(table) => entries(lines, table),
    };
    let written = match node {
        Node::List(_) | Node::Table(_) => String::new(),
        _ => written.to_owned(),
    };
    Value {
        node,
        origin: lines.origin(span.start),
        written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places() {
        let value = parse("Rocket.toml", "[default]\nport = 8_001\n").unwrap();
        let port = value.at("default.port").unwrap();
        assert_eq!(port.port(), Some(8001));
        assert_eq!(port.origin.to_string(), "Rocket.toml:2:8");
    }

    #[test]
    fn a_mistake_has_a_place() {
        let broken = parse("Rocket.toml", "[default]\nport = \n").unwrap_err();
        assert_eq!(broken.origin.line, 2);
    }
}
