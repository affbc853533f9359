//! Servers of Python.

use crate::kit::Kit;
use crate::table::{Change, Program, Says, Server, on, port, servers};
use crate::ways;

servers! {
    django => Server {
        project: "django",
        program: Program::Listed("django"),
        kit: Kit::Python,
        start: "honcho start -f Procfile.dev",
        says: port(8000, "Procfile.dev:1"),
        changed: &[Change {
            name: "argument",
            edits: &[("Procfile.dev", "runserver", "runserver 0.0.0.0:8010")],
            says: on("0.0.0.0", "0.0.0.0", 8010, "Procfile.dev:1"),
            taken: false,
        }],
        besides: &[],
    };
    flask => Server {
        project: "flask",
        program: Program::Listed("flask"),
        kit: Kit::Python,
        start: "honcho start",
        says: port(5055, ".flaskenv:2"),
        changed: &[
            Change {
                name: "variable",
                edits: &[(".flaskenv", "FLASK_RUN_PORT=5055", "FLASK_RUN_PORT=5056\nFLASK_RUN_HOST=0.0.0.0")],
                says: on("0.0.0.0", "0.0.0.0", 5056, ".flaskenv:2"),
                taken: false,
            },
            Change {
                name: "flag",
                edits: &[("Procfile", "flask run", "flask run -p 5057 --host=127.0.0.2")],
                says: on("127.0.0.2", "127.0.0.2", 5057, "Procfile:1"),
                taken: false,
            },
        ],
        besides: &[],
    };
    uvicorn => Server {
        project: "uvicorn",
        program: Program::Listed("uvicorn"),
        kit: Kit::Python,
        start: "honcho start -f Procfile.dev",
        says: port(8000, "Procfile.dev:1"),
        changed: &[Change {
            name: "flag",
            edits: &[("Procfile.dev", "--reload", "--reload --host 0.0.0.0 --port 8020")],
            says: on("0.0.0.0", "0.0.0.0", 8020, "Procfile.dev:1"),
            taken: false,
        }],
        besides: &[],
    };
    gunicorn => Server {
        project: "gunicorn",
        program: Program::Listed("gunicorn"),
        kit: Kit::Python,
        start: "honcho start",
        says: on("127.0.0.1", "127.0.0.1", 8100, "gunicorn.conf.py:3"),
        changed: &[
            Change {
                name: "key",
                edits: &[("gunicorn.conf.py", "host = \"127.0.0.1\"", "host = \"0.0.0.0\"")],
                says: on("0.0.0.0", "0.0.0.0", 8100, "gunicorn.conf.py:3"),
                taken: false,
            },
            Change {
                name: "flag",
                edits: &[("Procfile", "gunicorn", "gunicorn -b 0.0.0.0:8110")],
                says: on("0.0.0.0", "0.0.0.0", 8110, "Procfile:1"),
                taken: false,
            },
            Change {
                name: "variable",
                edits: &[("gunicorn.conf.py", "bind =", "place =")],
                // What runs a Procfile sets PORT, and that means every address.
                says: Says {
                    port: 5000,
                    host: None,
                    bind: Some("0.0.0.0"),
                    at: "Procfile:1",
                },
                taken: false,
            },
        ],
        besides: &[],
    };
    mkdocs => Server {
        project: "mkdocs",
        program: Program::Listed("mkdocs"),
        kit: Kit::Python,
        start: "make serve",
        says: on("127.0.0.1", "127.0.0.1", 8200, "mkdocs.yml:2"),
        changed: &[
            Change {
                name: "key",
                edits: &[("mkdocs.yml", "127.0.0.1:8200", "0.0.0.0:8210")],
                says: on("0.0.0.0", "0.0.0.0", 8210, "mkdocs.yml:2"),
                taken: false,
            },
            Change {
                name: "flag",
                edits: &[("Makefile", "mkdocs serve", "mkdocs serve -a 0.0.0.0:8220")],
                says: on("0.0.0.0", "0.0.0.0", 8220, "Makefile:2"),
                taken: false,
            },
        ],
        besides: &[],
    };
    jupyter => Server {
        project: "jupyter",
        program: Program::Listed("jupyter"),
        kit: Kit::Python,
        start: "make lab",
        says: port(8888, "Makefile:1"),
        changed: &[
            Change {
            name: "flag",
            edits: &[("Makefile", "--allow-root", "--allow-root --port 8920 --ip=127.0.0.1")],
            says: on("127.0.0.1", "127.0.0.1", 8920, "Makefile:2"),
            taken: false,
        },
            Change {
                name: "unread",
                edits: &[("jupyter_server_config.py", "", "c.ServerApp.port = 8900\n")],
                says: port(8888, "Makefile:1"),
                taken: false,
            },
        ],
        besides: &[],
    };
}
