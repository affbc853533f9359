use std::collections::BTreeMap;

use super::*;
use crate::parsers::context::Held;

fn read(text: &str, environment: &[(&str, &str)]) -> Value {
    let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    let environment: BTreeMap<String, String> = environment.iter().map(own).collect();
    let cx = Context {
        files: &Held::default(),
        environment: &environment,
    };
    parse(&cx, "config/dev.exs", text).unwrap()
}

const DEV: &str = "import Config\n\n# config :shop, http: [port: 1]\nconfig :shop, Shop.Repo,\n  password: \"postgres\",\n  port: 5433\n\nconfig :shop, ShopWeb.Endpoint,\n  # Bound to loopback.\n  http: [ip: {127, 0, 0, 1}, port: String.to_integer(System.get_env(\"PORT\") || \"4005\")],\n  check_origin: false,\n  watchers: [\n    esbuild: {Esbuild, :install_and_run, [:shop, ~w(--sourcemap=inline --watch)]}\n  ],\n  live_reload: [patterns: [~r\"lib/.*(ex|heex)$\"]]\n\nconfig :logger, :console, format: \"[$level] $message\\n\"\n";

#[test]
fn an_endpoint_is_read() {
    let value = read(DEV, &[]);
    let port = value.at("http.port").unwrap();
    assert_eq!(port.port(), Some(4005));
    assert_eq!(port.origin.to_string(), "config/dev.exs:10:80");
    assert_eq!(port.written, "\"4005\"");
    assert_eq!(value.at("http.ip").and_then(Value::text), Some("127.0.0.1"));
    assert_eq!(value.at("check_origin").and_then(Value::flag), Some(false));
    let value = read(DEV, &[("PORT", "9")]);
    assert_eq!(value.at("http.port").and_then(Value::port), Some(9));
}

#[test]
fn what_is_computed_is_unknown() {
    let value = read(
        "config :a, B, http: [port: port(), ip: {0, 0, 0, 0, 0, 0, 0, 0}]\n",
        &[],
    );
    assert!(value.at("http.port").unwrap().unknown().is_some());
    assert_eq!(value.at("http.ip").and_then(Value::text), Some("::"));
    let text = "if x do\n  config :a, B, http: [port: 1]\nend\nconfig :a, B, url: [port: 2]\n";
    let value = read(text, &[]);
    assert!(value.at("http.port").unwrap().unknown().is_some());
    assert_eq!(value.at("url.port").and_then(Value::port), Some(2));
}

#[test]
fn every_text_comes_to_an_end() {
    for text in [
        "config",
        "config :a,",
        "config :a, b: [",
        "~w",
        "~",
        "\"",
        "'''",
        "config :a, b: {1,",
        "a: :",
        "1.",
    ] {
        let _ = read(text, &[]);
        let _ = read(&text.repeat(300), &[]);
    }
    let _ = read(&format!("config :a, b: {}", "[c: ".repeat(5000)), &[]);
}
