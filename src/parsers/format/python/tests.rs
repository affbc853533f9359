//! Small modules and what is known of them.

use std::collections::BTreeMap;

use super::*;
use crate::parsers::context::Held;

fn read_with(text: &str, files: &Held, environment: &[(&str, &str)]) -> Module {
    let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    let environment: BTreeMap<String, String> = environment.iter().map(own).collect();
    let cx = Context {
        files,
        environment: &environment,
    };
    read(&cx, "app.py", text).unwrap()
}

fn value(text: &str, path: &str) -> Value {
    let module = read_with(text, &Held::default(), &[]);
    module.value.at(path).cloned().unwrap()
}

#[test]
fn assignments_keep_their_places() {
    let text = "import os\nport = 8001\nbind = '127.0.0.1:' + str(port)\nc = get_config()\nc.ServerApp.port = 8889\n";
    let port = value(text, "port");
    assert_eq!((port.port(), port.written.as_str()), (Some(8001), "8001"));
    assert_eq!(port.origin.to_string(), "app.py:2:8");
    assert_eq!(value(text, "bind").text(), Some("127.0.0.1:8001"));
}

#[test]
fn attributes_become_tables() {
    let port = value(
        "c.ServerApp.port = 8889\nc.ServerApp.ip = '::'\n",
        "c.ServerApp.port",
    );
    assert_eq!(port.port(), Some(8889));
    assert_eq!(port.origin.to_string(), "app.py:1:20");
}

#[test]
fn the_environment_holds_before_the_default() {
    let text = "import os\nfrom os import environ, getenv as get\n\
        a = os.environ.get('PORT', 8000)\n\
        b = int(get('PORT') or '8002')\n\
        c = f\"0.0.0.0:{environ.get('PORT', 8003)}\"\n\
        d = os.environ['PORT']\n\
        e = '%s:%d' % ('h', 1)\n\
        f = '{}:{p}'.format('h', p=2)\n";
    let told = |environment: &[(&str, &str)]| {
        let module = read_with(text, &Held::default(), environment);
        let entries = module.value.entries().iter();
        let told = entries.map(|(_, value)| match &value.node {
            Node::Text(text) => text.clone(),
            Node::Number(number) => number.to_string(),
            other => format!("{other:?}"),
        });
        told.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        told(&[]),
        "8000 8002 0.0.0.0:8003 Unknown(\"the variable PORT is not set\") h:1 h:2"
    );
    assert_eq!(told(&[("PORT", "9")]), "9 9 0.0.0.0:9 9 h:1 h:2");
    let origin = value(text, "a").origin;
    assert_eq!(origin.to_string(), "app.py:3:28", "the default's own place");
}

#[test]
fn what_runs_is_called() {
    let text = "from flask import Flask\nimport uvicorn as u\n\
        from dotenv import load_dotenv\nimport os\nload_dotenv()\n\
        app = Flask(__name__)\nPORT = 5001\n\
        def main():\n    PORT = 5002\n    u.run('a:b', port=PORT, host='0.0.0.0')\n\
        if __name__ == '__main__':\n    app.run(debug=True, port=int(os.environ['PORT']))\n    main()\n\
        else:\n    app.run(port=1)\n";
    let files = Held::new([(".env", "PORT=4444\n")]);
    let module = read_with(text, &files, &[]);
    let told: Vec<_> = module
        .calls
        .iter()
        .map(|call| {
            let port = call.arguments.at("port").unwrap();
            format!("{} {:?} {}", call.name, port.port(), port.origin)
        })
        .collect();
    assert_eq!(
        told,
        [
            "flask.Flask.run Some(4444) .env:1:6",
            "uvicorn.run Some(5002) app.py:9:12",
        ]
    );
    assert_eq!(module.value.at("PORT").unwrap().port(), Some(5001));
}

#[test]
fn what_hangs_on_a_condition_is_unknown() {
    let text =
        "import sys\nport = 1\nif sys.argv:\n    port = 2\nfor i in x:\n    n = 3\nm = 1\nm += 1\n";
    for name in ["port", "n", "m"] {
        let value = value(text, name);
        assert!(value.unknown().is_some(), "{name}: {value:?}");
    }
}

#[test]
fn a_mistake_has_a_place() {
    let environment = BTreeMap::new();
    let files = Held::default();
    let cx = Context {
        files: &files,
        environment: &environment,
    };
    let broken = parse(&cx, "app.py", "a = 1\nb = (\n").unwrap_err();
    assert!(broken.origin.line >= 2, "{broken:?}");
}

#[test]
fn depth_has_an_end() {
    let environment = BTreeMap::new();
    let files = Held::default();
    let cx = Context {
        files: &files,
        environment: &environment,
    };
    for part in [
        "(",
        "[",
        "1+",
        "not ",
        "-",
        "lambda: ",
        "a.",
        "x if y else ",
        "f(",
        "a[1]",
        "{1:",
        "await ",
        "f'{",
    ] {
        let _ = parse(&cx, "app.py", &format!("a = {}1\n", part.repeat(50_000)));
        let _ = parse(&cx, "app.py", &format!("a = {}1\n", part.repeat(1_000)));
    }
    let lines: String = (0..200)
        .map(|at| format!("{}if x:\n", " ".repeat(at)))
        .collect();
    let _ = parse(&cx, "app.py", &lines);
    let calls = "def f():\n    f()\n    g()\ndef g():\n    f()\nf()\n";
    assert!(parse(&cx, "app.py", calls).is_ok());
}
