//! Texts that nobody means well with, and damaged ones.

use super::{config, evaluate, read, told};

#[test]
fn what_is_hostile_comes_to_an_end() {
    for text in [
        "",
        "\u{feff}",
        "export default",
        "#!/usr/bin/env node",
        "const a = a\nexport default a",
        "const a = { }\na.a = a\nexport default { server: a, ...a.a.a }",
        "const f = () => f()\nexport default f",
        "const f = (x) => [f(x), f(x)]\nexport default f",
        "let a = [1]\na = [a, a]\na = [a, a]\na = [...a, ...a]\na.push(a)\nexport default { server: a }",
        "export default class {}",
        "export default function* () { yield {} }",
        "module.exports = module",
        "module = exports\nexports = module",
        "export default { server: { port: `${`${`${1}`}`}` } }",
        "export default { __proto__: null, server: 1 }",
        "process.env = process.env\nprocess = 1\nexport default process.env",
        "import x from './vite.config'\nexport default x",
        "export { default } from './vite.config'",
        "export * from './vite.config'",
        "require(require)\nmodule.exports = require('./vite.config.ts')",
        "loadEnv(...x)\nexport default loadEnv",
        "export default parseInt('9'.repeat(1e9), 1e300)",
        "let a = { };\nlet b = a;\n",
    ] {
        let _ = read("vite.config.ts", [("vite.config.ts", text)], &[]);
    }
    for (part, count) in [
        ("a = [a];\n", 3000),
        ("b.n = {}; b = b.n;\n", 3000),
        ("a = a + a;\n", 3000),
        ("a = [...a, ...a];\n", 3000),
        ("a = { ...a, b: a };\n", 3000),
        ("a = `${a}${a}`;\n", 3000),
        ("a = wrap(a);\n", 3000),
        ("a.push(a);\n", 3000),
        ("if (x()) { a = b }\n", 3000),
        ("a = a.b;\n", 3000),
    ] {
        let text = format!(
            "let a = 'x', b = {{}};\n{}export default {{ server: a, b }}",
            part.repeat(count)
        );
        config(&text);
    }
    let sum = format!(
        "export default {{ server: {{ port: {}0 }} }}",
        "1 + ".repeat(300)
    );
    assert!(told(&config(&sum), "server.port").starts_with('?'));
    // The deepest that is parsed, at the deepest that is evaluated, fits on the stack of
    // a test.
    for levels in (10..60).step_by(3) {
        let call = format!(
            "const f = (n) => {{ if (n) {{ return [f(n - 1)] }} return import('./b') }}\nexport default {{ server: f({levels}) }}"
        );
        for (open, close, count) in [
            ("(()=>{return [", "]})()", 32),
            ("{a:", "}", 99),
            ("function(){return ", "}", 49),
            ("(", ")", 99),
            ("a**", "", 380),
            ("if(a)", "", 60),
        ] {
            let deep = format!("{}1{}", open.repeat(count), close.repeat(count));
            let deep = match open {
                "if(a)" => deep,
                _ => format!("export default {deep}"),
            };
            let files = [("a.ts", call.as_str()), ("b.ts", deep.as_str())];
            evaluate("a.ts", files, &[]);
        }
    }
}

#[test]
fn what_is_hard_to_parse_comes_to_an_end() {
    // What a parser tries in several ways, within each other.
    for (open, close) in [
        ("a?(", "):b"),
        ("(a=", ")=>1"),
        ("(", ")=>1"),
        ("a<(", ")>(1)"),
        ("async(", ")"),
        ("a?(b):c=>", ""),
        ("a?(b)=>(", "):d"),
        ("[{a:", "}]=b"),
        ("a<b,", ""),
        ("(a:", ")=>b"),
        ("<T>(", ")"),
        ("x as (", ")=>1"),
    ] {
        for count in [10, 20, 40, 60, 90] {
            let text = format!(
                "export default {}1{}",
                open.repeat(count),
                close.repeat(count)
            );
            let _ = read("vite.config.ts", [("vite.config.ts", text.as_str())], &[]);
        }
    }
}

#[test]
fn a_damaged_text_has_its_values_where_they_stand() {
    for text in [
        include_str!("../../../../../tests/projects/vite-react-with-proxy/vite.config.ts"),
        include_str!("../../../../../tests/projects/vite-statements/vite.config.js"),
        include_str!("../../../../../tests/projects/vite-mode-decides/vite.config.ts"),
    ] {
        for (at, c) in text.char_indices() {
            let without = format!("{}{}", &text[..at], &text[at + c.len_utf8()..]);
            let twice = format!("{}{c}{}", &text[..at], &text[at..]);
            for damaged in [&text[..at], &without, &twice] {
                let lines: Vec<&str> = damaged.split('\n').collect();
                match read("vite.config.ts", [("vite.config.ts", damaged)], &[]) {
                    Ok(value) => {
                        let Some(port) = value.at("server.port") else {
                            continue;
                        };
                        let (line, column) =
                            (port.origin.line as usize, port.origin.column as usize);
                        let there = lines.get(line.saturating_sub(1)).copied().unwrap_or("");
                        let there = there.get(column.saturating_sub(1)..).unwrap_or("");
                        assert!(there.starts_with(&port.written), "{port:?}\n{damaged}");
                    }
                    Err(broken) => {
                        assert!(broken.origin.line as usize <= lines.len(), "{broken:?}");
                    }
                }
            }
        }
    }
}
