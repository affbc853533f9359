//! Python programs that start their own server: `uvicorn.run(...)`, `app.run(...)`.

use super::{default, expects, service};
use crate::facts::{Claims, SetBy, UnknownSetting};
use crate::parsers::context::{Context, folder, name};
use crate::parsers::format::python::{Call, read as read_module};
use crate::parsers::tree::Value;

/// The names that people give to the file that is run.
const FILES: &[&str] = &[
    "app.py",
    "main.py",
    "server.py",
    "run.py",
    "wsgi.py",
    "asgi.py",
    "api.py",
    "serve.py",
    "start.py",
    "index.py",
    "application.py",
    "web.py",
    "dev.py",
    "demo.py",
];

/// A call that listens.
struct Listens {
    /// What is called, as it is imported.
    calls: &'static [&'static str],
    framework: Option<&'static str>,
    /// The names of the port's and the host's arguments, and their numbers.
    port: (&'static str, &'static str),
    host: (&'static str, &'static str),
    /// The port without an argument, and the variable that sets it, if one does.
    default: Option<u16>,
    variable: Option<&'static str>,
}

/// No argument by its number.
const NONE: &str = "";

const LISTENS: &[Listens] = &[
    Listens {
        calls: &["uvicorn.run"],
        framework: Some("uvicorn"),
        port: ("port", NONE),
        host: ("host", NONE),
        default: Some(8000),
        variable: None,
    },
    Listens {
        calls: &["flask.Flask.run"],
        framework: Some("flask"),
        port: ("port", "1"),
        host: ("host", "0"),
        default: Some(5000),
        variable: None,
    },
    Listens {
        calls: &["flask_socketio.SocketIO.run"],
        framework: Some("flask"),
        port: ("port", "2"),
        host: ("host", "1"),
        default: Some(5000),
        variable: None,
    },
    Listens {
        calls: &["waitress.serve"],
        framework: Some("waitress"),
        port: ("port", NONE),
        host: ("host", NONE),
        default: Some(8080),
        variable: None,
    },
    Listens {
        calls: &[
            "gradio.Interface.launch",
            "gradio.Blocks.launch",
            "gradio.ChatInterface.launch",
            "gradio.TabbedInterface.launch",
        ],
        framework: Some("gradio"),
        port: ("server_port", NONE),
        host: ("server_name", NONE),
        default: Some(7860),
        variable: Some("GRADIO_SERVER_PORT"),
    },
    Listens {
        calls: &["aiohttp.web.run_app"],
        framework: None,
        port: ("port", NONE),
        host: ("host", NONE),
        default: Some(8080),
        variable: None,
    },
    Listens {
        calls: &["dash.Dash.run", "dash.Dash.run_server"],
        framework: None,
        port: ("port", NONE),
        host: ("host", NONE),
        default: Some(8050),
        variable: Some("PORT"),
    },
    Listens {
        calls: &["bottle.run", "bottle.Bottle.run"],
        framework: None,
        port: ("port", NONE),
        host: ("host", NONE),
        default: Some(8080),
        variable: None,
    },
    Listens {
        calls: &["sanic.Sanic.run"],
        framework: None,
        port: ("port", "1"),
        host: ("host", "0"),
        default: Some(8000),
        variable: None,
    },
    Listens {
        calls: &["tornado.web.Application.listen"],
        framework: None,
        port: ("port", "0"),
        host: ("address", "1"),
        default: None,
        variable: None,
    },
    Listens {
        calls: &["nicegui.ui.run"],
        framework: None,
        port: ("port", NONE),
        host: ("host", NONE),
        default: Some(8080),
        variable: None,
    },
];

/// Whether this may be a program that is run.
pub fn takes(name: &str) -> bool {
    FILES.contains(&name)
}

/// Adds the servers that this program starts when it is run.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Ok(text) = cx.files.text(path) else {
        return;
    };
    // Most programs start none: those need not be read.
    let mut methods = LISTENS.iter().flat_map(|listens| listens.calls);
    if !methods.any(|call| text.contains(call.rsplit('.').next().unwrap_or(call))) {
        return;
    }
    // A program that Python would refuse is for Python to tell.
    let Ok(module) = read_module(cx, path, &text) else {
        return;
    };
    let flask = text.contains("flask");
    // What another environment may change.
    let fixed = !["environ", "getenv", "decouple"]
        .iter()
        .any(|word| text.contains(word));
    for call in &module.calls {
        let exact = LISTENS
            .iter()
            .find(|listens| listens.calls.contains(&call.name.as_str()));
        // An application that a function of the project's own makes.
        let made = || call.name.ends_with(".run") && flask && has_port(call);
        let found = exact.or_else(|| {
            let mut all = LISTENS.iter().filter(|_| made());
            all.find(|listens| listens.framework == Some("flask"))
        });
        if let Some(listens) = found {
            add(cx, path, (call, fixed), listens, claims);
        }
    }
}

fn has_port(call: &Call) -> bool {
    ["port", "host", "debug"]
        .iter()
        .any(|key| call.arguments.get(key).is_some())
}

fn add(
    cx: &Context<'_>,
    path: &str,
    (call, fixed): (&Call, bool),
    listens: &Listens,
    claims: &mut Claims,
) {
    let within = folder(path);
    let start = ["python", name(path)];
    let mut made = service(
        listens.framework.unwrap_or("python"),
        within,
        &call.origin,
        &start,
    );
    made.framework = listens.framework.map(str::to_owned);
    let argument = |(key, place): (&'static str, &'static str)| -> Option<(&str, &Value)> {
        let named = call.arguments.get(key);
        let placed = || call.arguments.get(place).filter(|_| !place.is_empty());
        let value = named.or_else(placed)?;
        (!matches!(value.node, crate::parsers::Node::Null)).then_some((key, value))
    };
    let variable = listens
        .variable
        .and_then(|name| Some((name, cx.environment.get(name)?)));
    match (argument(listens.port), variable, listens.default) {
        (Some((key, value)), _, _) => match value.port() {
            Some(port) => {
                let mut wanted = expects(key, value, Some(port));
                wanted.certain = fixed;
                if value.origin.file != path {
                    wanted.by = SetBy::EnvFile;
                }
                made.expects.push(wanted);
            }
            None => made.unknown.push(UnknownSetting {
                key: key.to_owned(),
                origin: value.origin.clone(),
                why: value.unknown().unwrap_or("it is not a port").to_owned(),
            }),
        },
        (None, Some((name, port)), _) => {
            if let Ok(port) = port.parse() {
                let mut wanted = default(port, &call.origin);
                wanted.by = SetBy::Variable;
                wanted.key = name.to_owned();
                made.expects.push(wanted);
            }
        }
        (None, None, Some(port)) => made.expects.push(default(port, &call.origin)),
        (None, None, None) => {}
    }
    if let Some((key, value)) = argument(listens.host) {
        super::take_host(&mut made, key, value);
    }
    if made.expects.is_empty() && made.unknown.is_empty() {
        return;
    }
    // `flask run` and `python app.py` are two ways to start one application.
    let mut told = claims.services.iter();
    if told.any(|told| told.folder == made.folder && told.name == made.name) {
        made.name = name(path).trim_end_matches(".py").to_owned();
    }
    claims.services.push(made);
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    fn told(name: &str, text: &str) -> Vec<String> {
        let claims = Held::new([(name, text)]).claims();
        let told = claims.services.iter().map(|service| {
            let expects = service.expects.iter();
            let expects =
                expects.map(|e| format!("{:?} {:?} {} {}", e.port, e.host, e.origin, e.certain));
            let unknown = service
                .unknown
                .iter()
                .map(|u| format!("? {} {}", u.key, u.why));
            let all: Vec<_> = expects.chain(unknown).collect();
            format!(
                "{} {}",
                service.framework.as_deref().unwrap_or("-"),
                all.join(", ")
            )
        });
        told.collect()
    }

    #[test]
    fn servers_that_a_program_starts() {
        let flask = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\
            if __name__ == '__main__':\n    app.run('0.0.0.0', int(os.environ.get('PORT', 5001)))\n";
        assert_eq!(
            told("app.py", flask),
            ["flask Some(5001) Some(\"0.0.0.0\") app.py:5:51 false"]
        );
        let uvicorn = "import uvicorn\nPORT = 8009\ndef main():\n    uvicorn.run('x:app', port=PORT, reload=True)\n\
            if __name__ == '__main__':\n    main()\n";
        assert_eq!(
            told("main.py", uvicorn),
            ["uvicorn Some(8009) None main.py:2:8 true"]
        );
        let gradio = "import gradio as gr\nwith gr.Blocks() as demo:\n    pass\ndemo.launch()\n";
        assert_eq!(
            told("demo.py", gradio),
            ["gradio Some(7860) None demo.py:4:1 true"]
        );
        let made = "from flask import x\nfrom web import create_app\napp = create_app()\napp.run(debug=True)\n";
        assert_eq!(
            told("run.py", made),
            ["flask Some(5000) None run.py:4:1 true"]
        );
    }

    #[test]
    fn what_cannot_be_known_is_unknown() {
        let text = "import uvicorn, sys\nuvicorn.run('x:y', port=int(sys.argv[1]))\n";
        assert_eq!(
            told("main.py", text),
            ["uvicorn ? port it is looked up when it runs"]
        );
        assert_eq!(
            told("main.py", "import subprocess\nsubprocess.run(['x'])\n"),
            [""; 0]
        );
        assert_eq!(told("main.py", "uvicorn.run(\n"), [""; 0]);
    }
}
