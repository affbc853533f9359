use super::*;
use crate::parsers::context::Held;
use crate::parsers::tree::Value;

/// What a file of these evaluates to, with these variables.
fn evaluate<const N: usize>(path: &str, files: [(&str, &str); N], env: &[(&str, &str)]) -> Value {
    read(path, files, env).unwrap()
}

fn read<const N: usize>(path: &str, files: [(&str, &str); N], env: &[(&str, &str)]) -> Parsed {
    let held = Held::new(files);
    let environment = env
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let cx = Context {
        files: &held,
        environment: &environment,
    };
    let text = held.0.get(path).unwrap();
    parse(&cx, path, text, &Mode::default())
}

fn config(text: &str) -> Value {
    evaluate("vite.config.ts", [("vite.config.ts", text)], &[])
}

/// The port, or why it is not known, or `none`.
fn port(text: &str) -> String {
    told(&config(text), "server.port")
}

fn told(value: &Value, path: &str) -> String {
    match value.at(path) {
        None => "none".to_owned(),
        Some(value) => match (value.unknown(), value.port()) {
            (Some(why), _) => format!("? {why}"),
            (None, Some(port)) => port.to_string(),
            (None, None) => format!("{:?}", value.node),
        },
    }
}

#[test]
fn a_configuration_is_found_however_it_is_exported() {
    for text in [
        "export default { server: { port: 4000 } }",
        "export default defineConfig({ server: { port: 4000 } })",
        "import { defineConfig } from 'vite'\nexport default defineConfig({ server: { port: 4000 } })",
        "export default defineConfig(() => ({ server: { port: 4000 } }))",
        "export default defineConfig(async ({ mode }) => { return { server: { port: 4000 } } })",
        "export default function () { return { server: { port: 4000 } } }",
        "const config = { server: { port: 4000 } }\nexport default config",
        "const config: UserConfig = { server: { port: 4000 } }\nexport { config as default }",
        "const config = { server: { port: 4000 } } satisfies UserConfig\nexport default config",
        "export default <UserConfig>{ server: { port: 4000 } } as const",
        "export = { server: { port: 4000 } }",
        "module.exports = { server: { port: 4000 } }",
        "module.exports = defineConfig({ server: { port: 4000 } })",
        "exports.server = { port: 4000 }",
        "const config = {}\nconfig.server = { port: 3000 }\nconfig.server.port = 4000\nmodule.exports = config",
        "exports.default = { server: { port: 4000 } }\nexports.__esModule = true",
        "export default withPlugins({ a: 1 })({ server: { port: 4000 } })",
        "import wrap from 'some-package'\nexport default wrap({ server: { port: 4000 } })",
        "export default Promise.resolve({ server: { port: 4000 } })",
        "export default (async () => ({ server: { port: 4000 } }))()",
    ] {
        assert_eq!(port(text), "4000", "{text}");
    }
}

#[test]
fn what_is_written_is_worked_out() {
    for (text, wanted) in [
        ("{ port: 4000 }", "4000"),
        ("{ port: '4000' }", "4000"),
        ("{ 'port': 0xfa0 }", "4000"),
        ("{ ['po' + 'rt']: 4000 }", "4000"),
        ("{ port: `40${'00'}` }", "4000"),
        ("{ port: Number('4000') }", "4000"),
        ("{ port: parseInt('4000', 10) }", "4000"),
        ("{ port: Number.parseInt('4000px') }", "4000"),
        ("{ port: +'4000' }", "4000"),
        ("{ port: 3999 + 1 }", "4000"),
        ("{ port: 2 * 2000 }", "4000"),
        ("{ port: 'x' ? 4000 : 3000 }", "4000"),
        ("{ port: null ?? 4000 }", "4000"),
        ("{ port: '' || 4000 }", "4000"),
        ("{ port: true && 4000 }", "4000"),
        ("{ port: undefined || Number(undefined) || 4000 }", "4000"),
        ("{ port: (1, 4000) }", "4000"),
        ("{ port: 4000! }", "4000"),
        ("{ port: 4000 as number }", "4000"),
        ("{ port: [3000, 4000][1] }", "4000"),
        ("{ port: { a: { b: 4000 } }.a.b }", "4000"),
        ("{ port: { a: 1 }.b?.c ?? 4000 }", "4000"),
        ("{ port: 3000, port: 4000 }", "4000"),
        ("{ port: 3000, ...{ port: 4000 } }", "4000"),
        ("{ ...{ port: 3000 }, port: 4000 }", "4000"),
        (
            "{ ...(false && { port: 3000 }), ...null, port: 4000 }",
            "4000",
        ),
        ("Object.assign({ port: 3000 }, { port: 4000 })", "4000"),
        ("{ ...base(), port: 4000 }", "4000"),
        (
            "{ port: typeof x === 'string' ? 1 : 4000, x: 1 }",
            "? it depends on what cannot be known",
        ),
        (
            "{ port: 4000, ...base() }",
            "? it is computed by a function call",
        ),
        ("{ ...base() }", "? it is computed by a function call"),
        ("base()", "? it is computed by a function call"),
        ("base", "? `base` is not set in this file"),
        ("{ [key]: 3000 }", "? it is computed when the file is run"),
        (
            "{ port: 3000, [key]: 4000 }",
            "? it is computed when the file is run",
        ),
        (
            "{ get port() { return 3000 } }",
            "? it is computed when the file is run",
        ),
        ("{ port: getPort() }", "? it is computed by a function call"),
        (
            "{ port: getPort() + 1 }",
            "? it is computed by a function call",
        ),
        (
            "{ port: getPort() || 3000 }",
            "? it is computed by a function call",
        ),
        (
            "{ port: getPort() ?? 3000 }",
            "? it is computed by a function call",
        ),
        (
            "{ port: Number(getPort()) }",
            "? it is computed by a function call",
        ),
        (
            "{ port: getPort() ? 3000 : 4000 }",
            "? it depends on what cannot be known",
        ),
        ("{ port: getPort() ? 4000 : 4000 }", "4000"),
        (
            "{ port: await getPort() }",
            "? it is computed by a function call",
        ),
        (
            "{ port: Math.random() }",
            "? it is computed by a function call",
        ),
        (
            "{ port: new Port(3000) }",
            "? it is computed when the file is run",
        ),
        ("{ port: a.b.c }", "? `a.b.c` is not set in this file"),
        (
            "{ port: undefined.x }",
            "? it is read from something that is not set",
        ),
        ("{ port: 1n }", "? it is computed when the file is run"),
        ("{ host: 'x' }", "none"),
    ] {
        assert_eq!(
            port(&format!("export default {{ server: {text} }}")),
            wanted,
            "{text}"
        );
    }
}

#[test]
fn statements_are_followed_in_their_order() {
    for (text, wanted) in [
        ("const PORT = 4000", "4000"),
        ("const [, PORT] = [1, 4000]", "4000"),
        ("const { a: { b: PORT } } = { a: { b: 4000 } }", "4000"),
        ("const { PORT = 4000 } = {}", "4000"),
        (
            "const { a, ...rest } = { a: 1, p: 4000 }\nconst PORT = rest.p",
            "4000",
        ),
        (
            "const { a, ...rest } = { a: 1 }\nconst PORT = rest.a ?? 4000",
            "4000",
        ),
        ("let PORT = 3000\nPORT = 4000", "4000"),
        ("let PORT = 3000\nPORT += 1000", "4000"),
        ("let PORT\nPORT ??= 4000", "4000"),
        ("let PORT = 3000\nif (true) { PORT = 4000 }", "4000"),
        ("let PORT = 4000\nif (false) PORT = 3000", "4000"),
        ("if (true) { var PORT = 4000 }", "4000"),
        (
            "function p(a, b = 1000) { return a + b }\nconst PORT = p(3000)",
            "4000",
        ),
        (
            "const p = (...all) => all[1]\nconst PORT = p(1, 4000)",
            "4000",
        ),
        (
            "const PORT = late()\nfunction late() { return 4000 }",
            "4000",
        ),
        (
            "let PORT = 3000\nset()\nfunction set() { PORT = 4000 }",
            "4000",
        ),
        (
            "enum Ports { Api = 3999, Web }\nconst PORT = Ports.Web",
            "4000",
        ),
        (
            "const all = [3000]\nall.push(4000)\nconst PORT = all[1]",
            "4000",
        ),
        (
            "let PORT\nswitch ('b') { case 'a': PORT = 1; break; case 'b': PORT = 4000; break; default: PORT = 2 }",
            "4000",
        ),
        (
            "let PORT\nswitch ('x') { case 'a': PORT = 1; break; default: PORT = 4000 }",
            "4000",
        ),
        (
            "function f(x) { if (x) { return 3000 } return 4000 }\nconst PORT = f(0)",
            "4000",
        ),
        (
            "const o = { p: 3000 }\nconst q = o\nq.p = 4000\nconst PORT = o.p",
            "4000",
        ),
        (
            "const PORT = 4000\nfor (const x of y) { use(PORT) }",
            "4000",
        ),
        (
            "const o = { p: 4000 }\nconsole.log(o)\nconst PORT = o.p",
            "4000",
        ),
        (
            "const o = { p: 3000 }\ndelete o.p\nconst PORT = o.p ?? 4000",
            "4000",
        ),
    ] {
        let whole = format!("{text}\nexport default {{ server: {{ port: PORT }} }}");
        assert_eq!(port(&whole), wanted, "{text}");
    }
    for text in [
        "let PORT = 3000\nif (x()) PORT = 4000",
        "let PORT = 3000\nfor (const x of y) { PORT = x }",
        "let PORT = 3000\nwhile (true) { PORT++ }",
        "let PORT = 3000\nPORT++",
        "let PORT = 3000\ntry { PORT = f() } catch {}",
        "let PORT = 3000\nfor (const x of y) set(x)\nfunction set(x) { PORT = x }",
        "let PORT\nswitch (x()) { case 'a': PORT = 3000 }",
        "const o = { p: 3000 }\nchange(o)\nconst PORT = o.p",
        "const o = { a: { p: 3000 } }\nconst b = [o.a]\nb.sort(change)\nconst PORT = o.a.p",
        "const o = { p: 3000 }\no[key] = 4000\nconst PORT = o.p",
        "const o = { p: 3000 }\nfor (const k in o) delete o[k]\nconst PORT = o.p",
        "const all = [...x, 3000]\nconst PORT = all[0]",
        "function f() { if (x()) { return 3000 } return 4000 }\nconst PORT = f()",
        "function f() { for (;;) { return 3000 } }\nconst PORT = f()",
        "function* f() { return 3000 }\nconst PORT = f()",
        "function f() { throw new Error() }\nconst PORT = f()",
        "function f() { return f() }\nconst PORT = f()",
        "const PORT = late",
        "class A { static p = 3000 }\nconst PORT = A.p",
        "[PORT] = [3000]\nvar PORT",
    ] {
        let whole = format!("{text}\nexport default {{ server: {{ port: PORT }} }}");
        let told = port(&whole);
        assert!(told.starts_with('?'), "{told}: {text}");
    }
}

#[test]
fn the_mode_decides() {
    let text = "export default ({ command, mode, isPreview }) => {
        if (command === 'build') { return { server: { port: 1 } } }
        return { server: { port: mode === 'development' && !isPreview ? 4000 : 2 } }
    }";
    assert_eq!(port(text), "4000");
    let next = "const { PHASE_DEVELOPMENT_SERVER } = require('next/constants')
        module.exports = (phase) => phase === PHASE_DEVELOPMENT_SERVER ? { a: 1 } : { a: 2 }";
    let value = evaluate("next.config.js", [("next.config.js", next)], &[]);
    assert_eq!(told(&value, "a"), "1");
    let webpack = "module.exports = [{ name: 'a' }, (env, argv) => 1, (env) => ({})].slice(0)";
    let value = evaluate("webpack.config.js", [("webpack.config.js", webpack)], &[]);
    assert!(told(&value, "devServer.port").starts_with('?'));
    let webpack = "module.exports = [{ name: 'a' }, { devServer: { port: 4000 } }]";
    let value = evaluate("webpack.config.js", [("webpack.config.js", webpack)], &[]);
    assert_eq!(told(&value, "devServer.port"), "4000");
    let webpack = "module.exports = (env, argv) => ({
        devServer: { port: argv.mode === 'production' ? 1 : 4000, host: env.WEBPACK_SERVE ? 'a' : 'b' } })";
    let value = evaluate("webpack.config.js", [("webpack.config.js", webpack)], &[]);
    assert!(told(&value, "devServer.port").starts_with('?'));
    assert_eq!(value.at("devServer.host").unwrap().text(), Some("a"));
}

#[test]
fn the_environment_is_what_it_is_now() {
    let of = |text: &str, env: &[(&str, &str)]| {
        let value = evaluate("vite.config.js", [("vite.config.js", text)], env);
        let port = value.at("server.port").unwrap();
        (port.port(), port.varies(), port.written.clone())
    };
    for text in [
        "export default { server: { port: process.env.PORT ?? 3000 } }",
        "export default { server: { port: Number(process.env.PORT) || 3000 } }",
        "export default { server: { port: parseInt(process.env.PORT ?? '', 10) || 3000 } }",
        "export default { server: { port: process.env['PORT'] ? +process.env['PORT'] : 3000 } }",
        "const { PORT = 3000 } = process.env\nexport default { server: { port: PORT } }",
        "import { env } from 'node:process'\nexport default { server: { port: env.PORT || 3000 } }",
        "import process from 'process'\nexport default { server: { port: process.env.PORT || 3000 } }",
        "let port = 3000\nif (process.env.PORT) port = Number(process.env.PORT)\nexport default { server: { port } }",
    ] {
        let (port, varies, _) = of(text, &[("PORT", "4000")]);
        assert_eq!((port, varies), (Some(4000), true), "{text}");
        let (port, _, written) = of(text, &[]);
        assert_eq!((port, written.as_str()), (Some(3000), "3000"), "{text}");
    }
    let (_, varies, _) = of(
        "export default { server: { port: process.env.PORT ?? 3000 } }",
        &[],
    );
    assert!(varies);
    let (_, varies, _) = of(
        "export default { server: { port: 3000 } }",
        &[("PORT", "1")],
    );
    assert!(!varies);
    let text = "process.env.PORT = 5000\nexport default { server: { port: process.env.PORT } }";
    assert_eq!(of(text, &[("PORT", "4000")]).0, Some(5000));
    let text = "export default { server: { port: process.env.NODE_ENV === 'production' ? 1 : 2 } }";
    assert_eq!(of(text, &[]).0, Some(2));
    let spoilt = "for (const k of x) process.env[k] = 1
        export default { server: { port: process.env.PORT ?? 3000 } }";
    assert!(
        config(spoilt)
            .at("server.port")
            .unwrap()
            .unknown()
            .is_some()
    );
}

#[test]
fn variables_come_from_files_too() {
    let config = "import { defineConfig, loadEnv } from 'vite'
        export default defineConfig(({ mode }) => {
          const env = loadEnv(mode, process.cwd(), '')
          process.env = { ...process.env, ...loadEnv(mode, __dirname) }
          return { server: { port: Number(env.WEB_PORT), host: process.env.VITE_HOST } }
        })";
    let files = [
        ("web/vite.config.ts", config),
        ("web/.env", "WEB_PORT=4000\nVITE_HOST=a\n"),
        ("web/.env.development", "VITE_HOST=b\n"),
        ("web/.env.production", "VITE_HOST=c\n"),
    ];
    let value = evaluate("web/vite.config.ts", files, &[]);
    let port = value.at("server.port").unwrap();
    assert_eq!((port.port(), port.varies()), (Some(4000), true));
    assert_eq!(port.origin.to_string(), "web/.env:1:10");
    assert_eq!(value.at("server.host").unwrap().text(), Some("b"));
    let value = evaluate("web/vite.config.ts", files, &[("WEB_PORT", "5000")]);
    assert_eq!(told(&value, "server.port"), "5000");
    for first in [
        "require('dotenv').config()",
        "import 'dotenv/config'",
        "import dotenv from 'dotenv'\ndotenv.config({ path: '.env' })",
        "import * as dotenv from 'dotenv'\ndotenv.config({ path: path.resolve(__dirname, '.env') })\nimport path from 'path'",
    ] {
        let text =
            format!("{first}\nexport default {{ devServer: {{ port: process.env.WEB_PORT }} }}");
        let files = [
            ("webpack.config.js", text.as_str()),
            (".env", "WEB_PORT=4000"),
        ];
        let value = evaluate("webpack.config.js", files, &[]);
        assert_eq!(told(&value, "devServer.port"), "4000", "{first}");
    }
    let nuxt =
        "export default defineNuxtConfig({ devServer: { port: Number(process.env.WEB_PORT) } })";
    let files = [("nuxt.config.ts", nuxt), (".env", "WEB_PORT=4000")];
    let value = evaluate("nuxt.config.ts", files, &[]);
    assert_eq!(told(&value, "devServer.port"), "4000");
}

#[test]
fn constants_are_imported_from_files_of_the_project() {
    let ports = "export const WEB = 4000\nexport default 4000\nexport const all = { web: 4000 }";
    for (import, file, text) in [
        ("import { WEB as PORT } from './ports'", "ports.ts", ports),
        ("import PORT from './ports.js'", "ports.js", ports),
        ("import PORT from './ports.js'", "ports.ts", ports),
        (
            "import * as p from './ports'\nconst PORT = p.all.web",
            "ports/index.ts",
            ports,
        ),
        (
            "const { WEB: PORT } = require('./ports')",
            "ports.cjs",
            "module.exports = { WEB: 4000 }",
        ),
        (
            "import p from './ports'\nconst PORT = p.WEB",
            "ports.js",
            "module.exports = { WEB: 4000 }",
        ),
        (
            "import { WEB as PORT } from './ports'",
            "ports.js",
            "exports.WEB = 4000",
        ),
        (
            "const PORT = (await import('./ports')).WEB",
            "ports.mjs",
            ports,
        ),
        (
            "import p from './ports.json'\nconst PORT = p.web.port",
            "ports.json",
            "{\"web\":{\"port\":4000}}",
        ),
        (
            "import { web } from './ports.json'\nconst PORT = web.port",
            "ports.json",
            "{\"web\":{\"port\":4000}}",
        ),
        (
            "import { WEB as PORT } from '../apps/ports'",
            "ports.ts",
            "export { WEB } from './more'\nexport const x = 1",
        ),
        (
            "import { x as PORT } from './ports'",
            "ports.ts",
            "export * from './more'\nexport const x = 4000",
        ),
    ] {
        let config = format!("{import}\nexport default {{ server: {{ port: PORT }} }}");
        let file = format!("apps/{file}");
        let files = [
            ("apps/vite.config.ts", config.as_str()),
            (file.as_str(), text),
            ("apps/more.ts", "export const WEB = 4000"),
        ];
        let value = evaluate("apps/vite.config.ts", files, &[]);
        assert_eq!(told(&value, "server.port"), "4000", "{import} {file}");
        let origin = &value.at("server.port").unwrap().origin;
        assert_ne!(origin.file, "apps/vite.config.ts", "{import}");
    }
    for (import, text, why) in [
        (
            "import PORT from '@acme/ports'",
            "",
            "it comes from the package `@acme/ports`",
        ),
        ("import PORT from './none'", "", "`./none` cannot be read"),
        (
            "import PORT from '../../../x'",
            "",
            "it lies outside of the project",
        ),
        (
            "import PORT from './ports'",
            "export default {{{",
            "`./ports` cannot be read",
        ),
        (
            "import PORT from './ports'",
            "import c from './vite.config'\nexport default c.server.port",
            "the files import each other in a circle",
        ),
        (
            "import PORT from './ports'",
            "export default import.meta.env.PORT",
            UNKNOWN,
        ),
    ] {
        let config = format!("{import}\nexport default {{ server: {{ port: PORT }} }}");
        let files = [
            ("apps/vite.config.ts", config.as_str()),
            ("apps/ports.ts", text),
        ];
        let value = evaluate("apps/vite.config.ts", files, &[]);
        assert_eq!(
            told(&value, "server.port"),
            format!("? {why}"),
            "{import} {text}"
        );
    }
}

const UNKNOWN: &str = machine::UNKNOWN;

#[test]
fn configurations_are_merged() {
    let base = "export default { server: { port: 3000, host: 'a' }, plugins: [1] }";
    let merged = "import { mergeConfig, defineConfig } from 'vite'\nimport base from './base'
        export default mergeConfig(base, defineConfig({ server: { port: 4000 } }))";
    let files = [("vite.config.ts", merged), ("base.ts", base)];
    let value = evaluate("vite.config.ts", files, &[]);
    assert_eq!(told(&value, "server.port"), "4000");
    assert_eq!(value.at("server.host").unwrap().text(), Some("a"));
    let foreign = merged.replace("./base", "@acme/base");
    let value = evaluate(
        "vite.config.ts",
        [("vite.config.ts", foreign.as_str())],
        &[],
    );
    assert_eq!(told(&value, "server.port"), "4000");
    assert!(told(&value, "server.host").starts_with('?'));
    assert!(told(&value, "preview.port").starts_with('?'));
    let under = "const { merge } = require('webpack-merge')
        module.exports = merge({ devServer: { port: 4000, proxy: [1] } }, common())";
    let value = evaluate("webpack.config.js", [("webpack.config.js", under)], &[]);
    assert!(told(&value, "devServer.port").starts_with('?'));
}

#[test]
fn an_unknown_wrapper_may_set_more() {
    let text = "import wrap from '@acme/vite'\nexport default wrap({ server: { port: 4000 } })";
    let value = config(text);
    assert_eq!(told(&value, "server.port"), "4000");
    assert!(told(&value, "preview.port").starts_with('?'));
    let text = "export default defineConfig({ server: { port: 4000 } })";
    assert_eq!(told(&config(text), "preview.port"), "none");
    // What it returns is a configuration only where one is wanted.
    let text = "import ask from 'x'\nexport default { server: { port: ask({ port: 3000 }).port } }";
    assert!(port(text).starts_with('?'));
}

#[test]
fn eleventy_is_told_by_a_call() {
    for text in [
        "module.exports = function (config) { config.setServerOptions({ port: 4600 }); return { dir: {} } }",
        "export default async (config) => { config.addPassthroughCopy('x'); config.setServerOptions({ port: 4600 }) }",
    ] {
        let value = evaluate("eleventy.config.js", [("eleventy.config.js", text)], &[]);
        assert_eq!(told(&value, "setServerOptions.port"), "4600", "{text}");
    }
}

#[test]
fn a_value_keeps_the_place_where_it_is_written() {
    let text =
        "const PORT = 4_000\n\nexport default {\n  server: { port: PORT, host: get() },\n}\n";
    let value = config(text);
    let port = value.at("server.port").unwrap();
    assert_eq!(
        (port.origin.to_string().as_str(), port.written.as_str()),
        ("vite.config.ts:1:14", "4_000")
    );
    let host = value.at("server.host").unwrap();
    assert_eq!(
        (host.origin.to_string().as_str(), host.written.as_str()),
        ("vite.config.ts:4:31", "")
    );
    let value = config("export default { server: { port: Number('4000') } }");
    assert_eq!(value.at("server.port").unwrap().written, "'4000'");
}

#[test]
fn a_mistake_has_its_place() {
    let held = Held::new([]);
    let environment = std::collections::BTreeMap::new();
    let cx = Context {
        files: &held,
        environment: &environment,
    };
    let broken = |text: &str| parse(&cx, "vite.config.ts", text, &Mode::default()).unwrap_err();
    let mistake = broken("export default {\n  server: { port: 3000,\n");
    assert_eq!(
        (mistake.origin.file.as_str(), mistake.origin.line),
        ("vite.config.ts", 3),
        "{mistake:?}"
    );
    let mistake = broken("export default {\n  server: { port = },\n}");
    assert_eq!(mistake.origin.line, 2, "{mistake:?}");
    assert_eq!(
        broken(&"[".repeat(100_000)).what,
        "it is nested too deeply to be read"
    );
}

mod hostile;
