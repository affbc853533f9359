//! The servers: one row each.
//!
//! What a server takes by default, how it is recognised and what it does when its
//! port is taken stands in the catalogue; a row here says what this project's files
//! say, and what they say after a change.

use crate::kit::Kit;
use crate::ways;

/// A development server, and the project in `projects/` that it serves.
pub struct Server {
    /// The project's folder.
    pub project: &'static str,
    pub program: Program,
    pub kit: Kit,
    /// What its developer types.
    pub start: &'static str,
    pub says: Says,
    /// The same project, told to listen elsewhere.
    pub changed: &'static [Change],
    /// Ports that it listens on besides.
    pub besides: &'static [u16],
}

/// What serves it.
pub enum Program {
    /// A server with a row in the catalogue: the row's key.
    Listed(&'static str),
    /// A program of the project's own: how devdoctor calls it.
    Own(&'static str),
}

/// What the project's files say.
pub struct Says {
    pub port: u16,
    /// The host as it is written.
    pub host: Option<&'static str>,
    /// What that host means: an address, or `localhost`; by default the catalogue's.
    pub bind: Option<&'static str>,
    /// Where the port is set, or for a default where the server is named.
    pub at: &'static str,
}

/// A change of the project's files.
pub struct Change {
    pub name: &'static str,
    /// In each file, this text is replaced by that one; where it is none, the file is new.
    pub edits: &'static [(&'static str, &'static str, &'static str)],
    pub says: Says,
    /// Whether it is tried with its port taken, too.
    pub taken: bool,
}

/// What files say that name no host.
const fn port(port: u16, at: &'static str) -> Says {
    Says {
        port,
        host: None,
        bind: None,
        at,
    }
}

/// What files say that name a host.
const fn on(host: &'static str, bind: &'static str, port: u16, at: &'static str) -> Says {
    Says {
        port,
        host: Some(host),
        bind: Some(bind),
        at,
    }
}

/// Defines a module with the three tests of each server.
macro_rules! servers {
    ($($name:ident => $server:expr;)*) => {$(
        mod $name {
            use super::*;

            static SERVER: Server = $server;

            #[test]
            fn its_port_is_free() {
                ways::tell(&SERVER, module_path!(), "its_port_is_free", ways::free);
            }

            #[test]
            fn its_port_is_taken() {
                ways::tell(&SERVER, module_path!(), "its_port_is_taken", ways::taken);
            }

            #[test]
            fn its_address_is_changed() {
                ways::tell(&SERVER, module_path!(), "its_address_is_changed", ways::changed);
            }
        }
    )*};
}

servers! {
    vite => Server {
        project: "vite",
        program: Program::Listed("vite"),
        kit: Kit::Node,
        start: "npm run dev",
        says: port(5173, "package.json:6"),
        changed: &[
            Change {
                name: "key",
                edits: &[("vite.config.js", "open: false,", "port: 5180, host: '127.0.0.1',")],
                says: on("127.0.0.1", "127.0.0.1", 5180, "vite.config.js:6"),
                taken: false,
            },
            Change {
                name: "flag",
                edits: &[("package.json", "\"vite\",", "\"vite --port=5190 --host 0.0.0.0\",")],
                says: on("0.0.0.0", "0.0.0.0", 5190, "package.json:6"),
                taken: false,
            },
            Change {
                name: "unread",
                edits: &[(".env", "", "PORT=5191\n")],
                says: port(5173, "package.json:6"),
                taken: false,
            },
        ],
        besides: &[],
    };
    webpack => Server {
        project: "webpack",
        program: Program::Listed("webpack"),
        kit: Kit::Node,
        start: "npm run start",
        says: port(8080, "package.json:6"),
        changed: &[
            Change {
                name: "key",
                edits: &[("webpack.config.js", "hot: true,", "port, host: '127.0.0.1',")],
                says: on("127.0.0.1", "127.0.0.1", 8090, "webpack.config.js:3"),
                taken: true,
            },
            Change {
                name: "flag",
                edits: &[(
                    "package.json",
                    "--mode development",
                    "--mode development --port 8095 --host localhost",
                )],
                says: on("localhost", "localhost", 8095, "package.json:6"),
                taken: false,
            },
        ],
        besides: &[],
    };
    next => Server {
        project: "next",
        program: Program::Listed("next"),
        kit: Kit::Node,
        start: "npm run dev",
        says: port(3000, "package.json:5"),
        changed: &[
            Change {
                name: "flag",
                edits: &[("package.json", "next dev", "next dev -p 4001 -H 127.0.0.1")],
                says: on("127.0.0.1", "127.0.0.1", 4001, "package.json:5"),
                taken: true,
            },
            Change {
                name: "variable",
                // It does not read the second one, which every container has.
                edits: &[("package.json", "next dev", "PORT=4002 HOSTNAME=127.0.0.1 next dev")],
                says: port(4002, "package.json:5"),
                taken: true,
            },
            Change {
                name: "unread",
                edits: &[(".env", "", "PORT=4003\n")],
                says: port(3000, "package.json:5"),
                taken: false,
            },
        ],
        besides: &[],
    };
    nuxt => Server {
        project: "nuxt",
        program: Program::Listed("nuxt"),
        kit: Kit::Node,
        start: "npm run dev",
        says: port(3100, "nuxt.config.ts:5"),
        changed: &[
            Change {
                name: "key",
                edits: &[("nuxt.config.ts", "port: 3100,", "port: 3110, host: '127.0.0.1',")],
                says: on("127.0.0.1", "127.0.0.1", 3110, "nuxt.config.ts:5"),
                taken: false,
            },
            Change {
                name: "flag",
                edits: &[("package.json", "nuxt dev", "nuxt dev --port 3120 --host 127.0.0.1")],
                says: on("127.0.0.1", "127.0.0.1", 3120, "package.json:6"),
                taken: false,
            },
            Change {
                name: "variables",
                edits: &[
                    (".env", "NUXT_PUBLIC_TITLE=portal", "PORT=3130\nHOST=127.0.0.1"),
                    ("nuxt.config.ts", "port: 3100,", ""),
                ],
                says: on("127.0.0.1", "127.0.0.1", 3130, ".env:1"),
                taken: false,
            },
            Change {
                name: "weaker",
                edits: &[(".env", "NUXT_PUBLIC_TITLE=portal", "PORT=3130")],
                says: port(3100, "nuxt.config.ts:5"),
                taken: false,
            },
        ],
        besides: &[24678],
    };
    astro => Server {
        project: "astro",
        program: Program::Listed("astro"),
        kit: Kit::Node,
        start: "npm run dev",
        says: port(4321, "package.json:6"),
        changed: &[
            Change {
                name: "key",
                edits: &[(
                    "astro.config.mjs",
                    "site: 'https://example.org',",
                    "server: { port: 4400, host: '127.0.0.1' },",
                )],
                says: on("127.0.0.1", "127.0.0.1", 4400, "astro.config.mjs:4"),
                taken: false,
            },
            Change {
                name: "flag",
                edits: &[("package.json", "astro dev", "astro dev --port 4410 --host 0.0.0.0")],
                says: on("0.0.0.0", "0.0.0.0", 4410, "package.json:6"),
                taken: false,
            },
        ],
        besides: &[],
    };
    rsbuild => Server {
        project: "rsbuild",
        program: Program::Listed("rsbuild"),
        kit: Kit::Node,
        start: "npm run dev",
        says: port(3200, "rsbuild.config.ts:3"),
        changed: &[
            Change {
                name: "key",
                edits: &[("rsbuild.config.ts", "port: 3200", "port: 3210, host: '127.0.0.1'")],
                says: on("127.0.0.1", "127.0.0.1", 3210, "rsbuild.config.ts:3"),
                taken: false,
            },
            Change {
                name: "flag",
                edits: &[(
                    "package.json",
                    "rsbuild dev",
                    "rsbuild dev --port 3220 --host 127.0.0.1",
                )],
                says: on("127.0.0.1", "127.0.0.1", 3220, "package.json:6"),
                taken: false,
            },
        ],
        besides: &[],
    };
    express => Server {
        project: "express",
        program: Program::Own("node app.js"),
        kit: Kit::Node,
        start: "npm run start",
        says: Says {
            port: 3300,
            host: None,
            bind: Some("[::]"),
            at: "package.json:5",
        },
        changed: &[Change {
            name: "variable",
            edits: &[("package.json", "PORT=3300", "PORT=3310")],
            says: Says {
                port: 3310,
                host: None,
                bind: Some("[::]"),
                at: "package.json:5",
            },
            taken: false,
        }],
        besides: &[],
    };
    serve => Server {
        project: "serve",
        program: Program::Listed("serve"),
        kit: Kit::Node,
        start: "npm run start",
        says: port(5050, "package.json:5"),
        changed: &[Change {
            name: "flag",
            edits: &[("package.json", "-l 5050", "-l tcp://127.0.0.1:5060")],
            says: on("127.0.0.1", "127.0.0.1", 5060, "package.json:5"),
            taken: false,
        }],
        besides: &[],
    };
    http_server => Server {
        project: "http-server",
        program: Program::Listed("http-server"),
        kit: Kit::Node,
        start: "npm run start",
        says: port(8080, "package.json:5"),
        changed: &[Change {
            name: "flag",
            edits: &[("package.json", "public", "public -p 8085 -a 127.0.0.1")],
            says: on("127.0.0.1", "127.0.0.1", 8085, "package.json:5"),
            taken: false,
        }],
        besides: &[],
    };
    parcel => Server {
        project: "parcel",
        program: Program::Listed("parcel"),
        kit: Kit::Node,
        start: "npm run start",
        says: port(1234, "package.json:5"),
        changed: &[Change {
            name: "flag",
            edits: &[("package.json", "index.html", "index.html -p 1310 --host 127.0.0.1")],
            says: on("127.0.0.1", "127.0.0.1", 1310, "package.json:5"),
            taken: true,
        }],
        besides: &[],
    };
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
    php => Server {
        project: "php",
        program: Program::Listed("php"),
        kit: Kit::Machine(&["php", "make"]),
        start: "make serve",
        says: on("localhost", "localhost", 8300, "Makefile:2"),
        changed: &[Change {
            name: "argument",
            edits: &[("Makefile", "localhost:8300", "0.0.0.0:8310")],
            says: on("0.0.0.0", "0.0.0.0", 8310, "Makefile:2"),
            taken: false,
        }],
        besides: &[],
    };
    java => Server {
        project: "java",
        program: Program::Own("java Server.java"),
        kit: Kit::Machine(&["java", "make"]),
        start: "make run",
        says: Says {
            port: 8400,
            host: None,
            bind: Some("[::]"),
            at: "Makefile:2",
        },
        changed: &[Change {
            name: "variable",
            edits: &[("Makefile", "PORT=8400", "PORT=8410")],
            says: Says {
                port: 8410,
                host: None,
                bind: Some("[::]"),
                at: "Makefile:2",
            },
            taken: false,
        }],
        besides: &[],
    };
    puma => Server {
        project: "puma",
        program: Program::Listed("puma"),
        kit: Kit::Machine(&["puma", "make"]),
        start: "make serve",
        says: port(9393, "config/puma.rb:2"),
        changed: &[
            Change {
                name: "key",
                edits: &[(
                    "config/puma.rb",
                    "port ENV.fetch('PORT', 9393)",
                    "bind 'tcp://127.0.0.1:9400'",
                )],
                says: on("127.0.0.1", "127.0.0.1", 9400, "config/puma.rb:2"),
                taken: false,
            },
            Change {
                name: "variable",
                edits: &[("Makefile", "puma -C", "PORT=9410 puma -C")],
                says: port(9410, "config/puma.rb:2"),
                taken: false,
            },
        ],
        besides: &[],
    };
    hugo => Server {
        project: "hugo",
        program: Program::Listed("hugo"),
        kit: Kit::Machine(&["hugo", "make"]),
        start: "make serve",
        says: port(1313, "Makefile:1"),
        changed: &[Change {
            name: "flag",
            edits: &[("Makefile", "hugo server", "hugo server --port=1420 --bind 0.0.0.0")],
            // Go takes that as every address of both families.
            says: on("0.0.0.0", "[::]", 1420, "Makefile:2"),
            taken: true,
        }],
        besides: &[],
    };
}
