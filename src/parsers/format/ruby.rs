//! Ruby: the calls that a file of settings makes (`port 3000`, `bind "tcp://..."`), as
//! far as they can be told without running it.

use std::collections::HashMap;

use lib_ruby_parser::{Node as Ast, Parser, ParserOptions};

use super::Parsed;
use crate::facts::{BrokenFile, Origin};
use crate::parsers::context::Context;
use crate::parsers::tree::{Lines, Node, Value};

/// How long a text may be without the lines that are comments. Longer is no file of
/// settings; and a tree is given up level by level, so that its depth must have an end.
const LONGEST: usize = 12 * 1024;

/// How deep an expression is computed.
const DEEPEST: usize = 40;

/// The calls of a text: each a key, its first argument the value, the others under
/// `port[1]` and so on. What is called twice stands twice.
pub fn parse(cx: &Context<'_>, file: &str, text: &str) -> Parsed {
    let lines = Lines::new(file, text);
    let code = text.lines().map(str::trim);
    let code = code.filter(|line| !line.starts_with('#')).map(str::len);
    if code.sum::<usize>() > LONGEST {
        return Err(BrokenFile {
            origin: Origin {
                file: file.to_owned(),
                ..Origin::default()
            },
            what: "it is too large to be read".to_owned(),
        });
    }
    let options = ParserOptions {
        buffer_name: file.to_owned(),
        record_tokens: false,
        ..ParserOptions::default()
    };
    let result = Parser::new(text.as_bytes().to_vec(), options).do_parse();
    if let Some(error) = result.diagnostics.iter().find(|found| found.is_error()) {
        return Err(BrokenFile {
            origin: lines.origin(error.loc.begin),
            what: error.render_message(),
        });
    }
    let mut reader = Reader {
        cx,
        lines: &lines,
        names: HashMap::new(),
        entries: Vec::new(),
    };
    if let Some(ast) = &result.ast {
        reader.run(ast, 0);
    }
    Ok(Value {
        node: Node::Table(reader.entries),
        origin: lines.origin(0),
        written: String::new(),
    })
}

struct Reader<'a> {
    cx: &'a Context<'a>,
    lines: &'a Lines<'a>,
    /// Local variables.
    names: HashMap<String, Value>,
    entries: Vec<(String, Value)>,
}

impl Reader<'_> {
    /// Runs a statement.
    fn run(&mut self, ast: &Ast, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match ast {
            Ast::Begin(several) => {
                for statement in &several.statements {
                    self.run(statement, depth + 1);
                }
            }
            Ast::KwBegin(several) => {
                for statement in &several.statements {
                    self.run(statement, depth + 1);
                }
            }
            Ast::Lvasgn(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.value(value, depth + 1);
                    self.names.insert(assign.name.clone(), value);
                }
            }
            Ast::Send(call) if call.recv.is_none() => {
                for (at, argument) in call.args.iter().enumerate() {
                    let key = match at {
                        0 => call.method_name.clone(),
                        at => format!("{}[{at}]", call.method_name),
                    };
                    let value = self.value(argument, depth + 1);
                    self.entries.push((key, value));
                }
            }
            Ast::If(choice) => self.choose(
                &choice.cond,
                choice.if_true.as_deref(),
                choice.if_false.as_deref(),
                depth,
            ),
            Ast::IfMod(choice) => self.choose(
                &choice.cond,
                choice.if_true.as_deref(),
                choice.if_false.as_deref(),
                depth,
            ),
            _ => {}
        }
    }

    fn choose(&mut self, test: &Ast, yes: Option<&Ast>, no: Option<&Ast>, depth: usize) {
        let test = self.value(test, depth + 1);
        match truth(&test) {
            Some(holds) => {
                if let Some(taken) = if holds { yes } else { no } {
                    self.run(taken, depth + 1);
                }
            }
            None => {
                // Either may run: what both of them set is unknown.
                let names = self.names.clone();
                let entries = self.entries.len();
                for branch in [yes, no].into_iter().flatten() {
                    self.run(branch, depth + 1);
                }
                let unknown = || Node::Unknown("it depends on a condition".to_owned());
                for (_, value) in &mut self.entries[entries..] {
                    value.node = unknown();
                }
                for (name, value) in &mut self.names {
                    if names.get(name) != Some(value) {
                        value.node = unknown();
                    }
                }
            }
        }
    }

    /// What an expression comes to.
    fn value(&self, ast: &Ast, depth: usize) -> Value {
        let computed = || Node::Unknown("it is computed when it runs".to_owned());
        if depth > DEEPEST {
            return self.known(ast, computed());
        }
        let value = |ast: &Ast| self.value(ast, depth + 1);
        let node = match ast {
            Ast::Nil(_) => Node::Null,
            Ast::True(_) => Node::Flag(true),
            Ast::False(_) => Node::Flag(false),
            Ast::Int(int) => {
                let digits = int.value.replace('_', "");
                let number = digits.parse::<i32>();
                number.map_or_else(|_| computed(), |number| Node::Number(number.into()))
            }
            Ast::Str(text) => Node::Text(text.value.to_string_lossy()),
            Ast::Sym(name) => Node::Text(name.name.to_string_lossy()),
            Ast::Dstr(text) => {
                let mut whole = String::new();
                for part in &text.parts {
                    match value(part).node {
                        Node::Text(piece) => whole.push_str(&piece),
                        Node::Number(number) => whole.push_str(&number.to_string()),
                        Node::Null => {}
                        Node::Unknown(why) => return self.known(ast, Node::Unknown(why)),
                        _ => return self.known(ast, computed()),
                    }
                }
                Node::Text(whole)
            }
            Ast::Begin(several) => match &several.statements[..] {
                [one] => return value(one),
                _ => computed(),
            },
            Ast::Lvar(name) => match self.names.get(&name.name) {
                Some(value) => return value.clone(),
                None => Node::Null,
            },
            Ast::Or(either) => {
                let left = value(&either.lhs);
                return match truth(&left) {
                    Some(false) => value(&either.rhs),
                    _ => left,
                };
            }
            Ast::And(both) => {
                let left = value(&both.lhs);
                return match truth(&left) {
                    Some(true) => value(&both.rhs),
                    _ => left,
                };
            }
            Ast::IfTernary(choice) => {
                return match truth(&value(&choice.cond)) {
                    Some(true) => value(&choice.if_true),
                    Some(false) => value(&choice.if_false),
                    None => self.known(ast, Node::Unknown("it depends on a condition".to_owned())),
                };
            }
            Ast::Index(index) if is_environment(&index.recv) => match &index.indexes[..] {
                [key] => return self.variable(ast, &value(key), None),
                _ => computed(),
            },
            Ast::Block(block) => match block.call.as_ref() {
                // `ENV.fetch("PORT") { 3000 }`
                Ast::Send(call) if fetches(call) && call.args.len() == 1 => {
                    let default = block.body.as_deref().map(value);
                    return self.variable(ast, &value(&call.args[0]), default);
                }
                _ => computed(),
            },
            Ast::Send(call) if fetches(call) => match &call.args[..] {
                [key] => return self.variable(ast, &value(key), None),
                [key, default] => return self.variable(ast, &value(key), Some(value(default))),
                _ => computed(),
            },
            Ast::Send(call) => match (&call.recv, call.method_name.as_str(), &call.args[..]) {
                (None, "Integer", [of]) => return number(value(of)),
                (Some(of), "to_i", []) => return number(value(of)),
                (Some(of), "to_s", []) => return value(of),
                (Some(left), "==", [right]) => {
                    let (left, right) = (value(left), value(right));
                    match left.unknown().or(right.unknown()) {
                        Some(why) => Node::Unknown(why.to_owned()),
                        None => Node::Flag(left.node == right.node),
                    }
                }
                (Some(of), "!", []) => match truth(&value(of)) {
                    Some(holds) => Node::Flag(!holds),
                    None => computed(),
                },
                _ => computed(),
            },
            _ => computed(),
        };
        self.known(ast, node)
    }

    /// A variable of the environment, or the default that stands beside it.
    fn variable(&self, ast: &Ast, key: &Value, default: Option<Value>) -> Value {
        let Some(name) = key.text() else {
            return self.known(
                ast,
                Node::Unknown("it is looked up when it runs".to_owned()),
            );
        };
        match (self.cx.environment.get(name), default) {
            (Some(set), _) => self.known(ast, Node::Text(set.clone())),
            (None, Some(default)) => default,
            (None, None) => self.known(ast, Node::Null),
        }
    }

    fn known(&self, ast: &Ast, node: Node) -> Value {
        let at = ast.expression();
        Value {
            node,
            origin: self.lines.origin(at.begin),
            written: self.lines.slice(at.begin, at.end).to_owned(),
        }
    }
}

fn is_environment(ast: &Ast) -> bool {
    matches!(ast, Ast::Const(name) if name.name == "ENV")
}

fn fetches(call: &lib_ruby_parser::nodes::Send) -> bool {
    call.method_name == "fetch" && call.recv.as_deref().is_some_and(is_environment)
}

fn number(of: Value) -> Value {
    let node = match &of.node {
        Node::Text(text) => match text.trim().parse::<i32>() {
            Ok(number) => Node::Number(number.into()),
            Err(_) => Node::Unknown("it is no whole number".to_owned()),
        },
        other => other.clone(),
    };
    Value { node, ..of }
}

/// Whether a value counts as true: all but `nil` and `false` do.
fn truth(value: &Value) -> Option<bool> {
    match value.node {
        Node::Unknown(_) => None,
        Node::Null | Node::Flag(false) => Some(false),
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::parsers::context::Held;

    fn told(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        let environment: BTreeMap<String, String> = environment.iter().map(own).collect();
        let cx = Context {
            files: &Held::default(),
            environment: &environment,
        };
        let value = parse(&cx, "config/puma.rb", text).unwrap();
        let entries = value.entries().iter().map(|(key, value)| {
            let what = match &value.node {
                Node::Text(text) => text.clone(),
                Node::Number(number) => number.to_string(),
                Node::Unknown(why) => format!("? {why}"),
                other => format!("{other:?}"),
            };
            let origin = &value.origin;
            format!(
                "{key}={what} {}:{} {}",
                origin.line, origin.column, value.written
            )
        });
        entries.collect()
    }

    #[test]
    fn rails_own_file_is_read() {
        let text = "# Puma\nmax = ENV.fetch(\"MAX\") { 5 }\nport ENV.fetch(\"PORT\") { 3000 }\n\
            pidfile ENV[\"PIDFILE\"] if ENV[\"PIDFILE\"]\nplugin :tmp_restart\n\
            on_worker_boot do\n  a.b\nend\n";
        assert_eq!(
            told(text, &[]),
            ["port=3000 3:26 3000", "plugin=tmp_restart 5:8 :tmp_restart"]
        );
        assert_eq!(
            told(text, &[("PORT", "4000")])[0],
            "port=4000 3:6 ENV.fetch(\"PORT\") { 3000 }"
        );
    }

    #[test]
    fn addresses_are_put_together() {
        let text = "host = ENV['HOST'] || '127.0.0.1'\n\
            bind \"tcp://#{host}:#{ENV.fetch('PORT', 9292).to_i}\"\nport 1, '::'\n\
            if File.exist?('x')\n  port 2\nend\nport Integer('3') unless ENV['NO'] == 'port'\n";
        assert_eq!(
            told(text, &[]),
            [
                "bind=tcp://127.0.0.1:9292 2:6 \"tcp://#{host}:#{ENV.fetch('PORT', 9292).to_i}\"",
                "port=1 3:6 1",
                "port[1]=:: 3:9 '::'",
                "port=? it depends on a condition 5:8 2",
                "port=3 7:14 '3'",
            ]
        );
    }

    #[test]
    fn depth_has_an_end() {
        let cx = Context {
            files: &Held::default(),
            environment: &BTreeMap::new(),
        };
        for part in [
            "(", "[", "1+", "!", "-", "a.b ", "{", "if 1\n", "a ? ", "f(", "x = ", "a ||",
        ] {
            let text = format!("port {}1\n", part.repeat(LONGEST / part.len() - 10));
            let _ = parse(&cx, "puma.rb", &text);
        }
        assert!(parse(&cx, "puma.rb", &"a\n".repeat(LONGEST + 1)).is_err());
        assert!(parse(&cx, "puma.rb", &"# a\n".repeat(LONGEST)).is_ok());
        let broken = parse(&cx, "puma.rb", "port 1\nport (\n").unwrap_err();
        assert!(broken.origin.line >= 2, "{broken:?}");
    }
}
