//! JSON and JSON with comments.

use jsonc_parser::ast::{ObjectPropName, Value as Ast};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::Parsed;
use crate::facts::BrokenFile;
use crate::parsers::context::name;
use crate::parsers::tree::{Lines, Node, Value};

/// Files whose readers take no comments and no trailing commas.
const STRICT: &[&str] = &["package.json", "composer.json", "turbo.json5"];

/// The tree of a text. Comments and trailing commas are taken as far as the file's own
/// reader takes them.
pub fn parse(file: &str, text: &str) -> Parsed {
    let lenient = !STRICT.contains(&name(file));
    let options = ParseOptions {
        allow_comments: lenient,
        allow_trailing_commas: lenient,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(file, text);
    let ast =
        parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| BrokenFile {
            origin: lines.origin(error.range().start),
            what: error.kind().to_string().to_lowercase(),
        })?;
    Ok(match &ast.value {
        Some(value) => tree(&lines, value),
        None => Value {
            node: Node::Null,
            origin: lines.origin(0),
            written: String::new(),
        },
    })
}

fn tree(lines: &Lines<'_>, ast: &Ast<'_>) -> Value {
    let range = ast.range();
    let node = match ast {
        Ast::StringLit(text) => Node::Text(text.value.clone().into_owned()),
        Ast::NumberLit(number) => number
            .value
            .parse()
            .map_or_else(|_| Node::Text(number.value.to_owned()), Node::Number),
        Ast::BooleanLit(flag) => Node::Flag(flag.value),
        Ast::NullKeyword(_) => Node::Null,
        Ast::Array(array) => Node::List(
            array
                .elements
                .iter()
                .map(|item| tree(lines, item))
                .collect(),
        ),
        Ast::Object(object) => {
            let entries = object.properties.iter().map(|property| {
                let key = match &property.name {
                    ObjectPropName::String(key) => key.value.clone().into_owned(),
                    ObjectPropName::Word(key) => key.value.to_owned(),
                };
                (key, tree(lines, &property.value))
            });
            Node::Table(entries.collect())
        }
    };
    let written = match node {
        Node::List(_) | Node::Table(_) => String::new(),
        _ => lines.slice(range.start, range.end).to_owned(),
    };
    Value {
        node,
        origin: lines.origin(range.start),
        written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places() {
        let text = "{\n  // the port\n  \"server\": { \"port\": 4000, },\n}";
        let value = parse("a.json", text).unwrap();
        let port = value.at("server.port").unwrap();
        assert_eq!(port.port(), Some(4000));
        assert_eq!(port.origin.to_string(), "a.json:3:23");
        assert_eq!(port.written, "4000");
    }

    #[test]
    fn a_package_file_is_read_as_npm_reads_it() {
        let broken = parse("web/package.json", "{\n  \"a\": 1,\n}").unwrap_err();
        assert_eq!(broken.origin.line, 2, "{broken:?}");
    }
}
