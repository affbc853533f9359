//! Servers of JavaScript.

use crate::kit::Kit;
use crate::table::{Change, Program, Says, Server, on, port, servers};
use crate::ways;

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
}
