//! Development servers that pass requests on to a server that does not run: each real
//! one says in its own way that it got no answer, and all of them are followed.

use crate::kit::Kit;
use crate::machine::pass_over;
use crate::scene::{Outcome, Scene};
use crate::stage::{self, Answer, Stage};
use crate::table::{Change, Program, Says, Server, port};

/// The port of the server behind, which no other server of the story has.
const BEHIND: u16 = 4999;

/// A development server with a proxy.
struct Proxy {
    server: Server,
    /// The project's files once they have the proxy.
    with_proxy: Change,
    /// Where the target stands, and the setting it is the value of.
    written: (&'static str, &'static str),
    /// Whether its own page fails, too.
    fails: bool,
}

const fn with_proxy(
    edits: &'static [(&'static str, &'static str, &'static str)],
    says: Says,
) -> Change {
    Change {
        name: "proxy",
        edits,
        says,
        taken: false,
    }
}

const fn node(project: &'static str, start: &'static str, says: Says) -> Server {
    Server {
        project,
        program: Program::Listed(project),
        kit: Kit::Node,
        start,
        says,
        changed: &[],
        besides: &[],
    }
}

static VITE: Proxy = Proxy {
    server: node("vite", "npm run dev", port(5173, "package.json:6")),
    with_proxy: with_proxy(
        &[(
            "vite.config.js",
            "open: false,",
            "proxy: { '/api': 'http://localhost:4999' },",
        )],
        port(5173, "package.json:6"),
    ),
    written: ("vite.config.js:6", "server.proxy[\"/api\"]"),
    fails: false,
};

static WEBPACK: Proxy = Proxy {
    server: node("webpack", "npm run start", port(8080, "package.json:6")),
    with_proxy: with_proxy(
        &[(
            "webpack.config.js",
            "hot: true,",
            "proxy: [{ context: ['/api'], target: 'http://localhost:4999' }],",
        )],
        port(8080, "package.json:6"),
    ),
    written: ("webpack.config.js:10", "devServer.proxy[0]"),
    fails: false,
};

static NEXT: Proxy = Proxy {
    server: node("next", "npm run dev", port(3000, "package.json:5")),
    with_proxy: with_proxy(
        &[
            (
                "next.config.mjs",
                "reactStrictMode: true,",
                "rewrites: async () => [\n    { source: '/api/:path*', destination: \
                 'http://localhost:4999/:path*' },\n  ],",
            ),
            (
                "app/page.js",
                "return <h1>",
                "if (process.version) throw new Error('its own'); return <h1>",
            ),
        ],
        port(3000, "package.json:5"),
    ),
    written: ("next.config.mjs:3", "rewrites[0].destination"),
    fails: true,
};

#[test]
fn vite_in_front_of_nobody() {
    tell(&VITE, "vite_in_front_of_nobody");
}

#[test]
fn webpack_in_front_of_nobody() {
    tell(&WEBPACK, "webpack_in_front_of_nobody");
}

#[test]
fn next_in_front_of_nobody() {
    tell(&NEXT, "next_in_front_of_nobody");
}

fn tell(proxy: &'static Proxy, name: &str) {
    let tools = Kit::Machine(&["python3"]);
    if !stage::is_inside()
        && let Err(why) = tools.install().and_then(|()| proxy.server.kit.install())
    {
        return pass_over(&format!("{}::{name}", module_path!()), &why);
    }
    stage::tell(module_path!(), name, |stage| play(proxy, stage));
}

fn play(proxy: &'static Proxy, stage: &Stage) {
    let scene = Scene::lay(stage, &proxy.server, &proxy.with_proxy);
    let mut running = scene.start();
    let outcome = scene.outcome(&mut running, None, false);
    assert!(matches!(outcome, Outcome::Listens(_)), "{outcome}");
    let url = |path: &str| format!("http://localhost:{}{path}", proxy.server.says.port);

    let there = scene.ask(&url("/api/x"));
    there
        .finds("DD721")
        .first("says", "its upstream localhost:4999 refuses connections")
        .first("says", "nobody listens on port 4999");
    let (at, key) = proxy.written;
    let says = format!("{at} passes requests on to localhost:4999 ({key})");
    assert!(
        evidence(&there).contains(&says.as_str()),
        "{says}\n{:?}",
        evidence(&there)
    );
    assert_eq!(states(&there), ["ok", "failed"]);

    let elsewhere = stage.why(&url("/api/x"));
    let says = format!("/{at} passes requests on to localhost:4999 ({key})");
    let told = |one: &&str| one.ends_with(&says);
    assert!(
        evidence(elsewhere.finds("DD721")).iter().any(told),
        "{:?}",
        evidence(&elsewhere)
    );

    // What it serves by itself has nothing to do with the one behind.
    let own = scene.ask(&url("/"));
    if proxy.fails {
        own.names("DD607").first("says", "HTTP 500");
    } else {
        let told = |code: &str| own.codes().contains(&code);
        assert!(!told("DD721") && !told("DD607"), "{:?}", own.codes());
    }

    let _behind = scene.somebody(BEHIND);
    let answer = scene.ask(&url("/api/x"));
    assert!(!answer.codes().contains(&"DD721"), "{:?}", answer.codes());
    let http = answer.json["probes"][0]["answer"].as_str();
    assert_eq!(http, Some("HTTP 404"), "the one behind has no such page");
}

/// What the first finding rests on.
fn evidence(answer: &Answer) -> Vec<&str> {
    let all = answer.json["findings"][0]["evidence"].as_array();
    let all = all.into_iter().flatten();
    all.filter_map(|one| one["says"].as_str()).collect()
}

/// The states of the places on the way, in their order.
fn states(answer: &Answer) -> Vec<&str> {
    let hops = answer.json["hops"].as_array();
    let hops = hops.into_iter().flatten();
    hops.filter_map(|hop| hop["state"].as_str()).collect()
}
