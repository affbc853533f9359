//! The same faults with Firefox: one start of it is one story.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::marionette::{Firefox, PATIENCE};
use crate::stage::{Answer, run};
use crate::stories::story_in;
use crate::visitor::{Visitor, seen_in};

/// Tells a story with Firefox; the servers are those of the other stories.
fn with_firefox(name: &str, play: impl FnOnce(&Visitor)) {
    story_in(module_path!(), name, |visitor| {
        if visitor.stage.needs(&["firefox-esr"]) {
            play(visitor);
        }
    });
}

/// Has the administrator of the machine set this.
fn policies(policies: &Value) {
    fs::create_dir_all("/etc/firefox").unwrap();
    run("mount -t tmpfs tmpfs /etc/firefox");
    fs::create_dir_all("/etc/firefox/policies").unwrap();
    let text = json!({ "policies": policies }).to_string();
    fs::write("/etc/firefox/policies/policies.json", text).unwrap();
}

/// The error page that is shown says this.
#[track_caller]
fn refused(opened: Result<String, String>, error: &str) {
    let said = opened.expect_err("it was opened");
    assert!(said.contains(error), "not {error}: {said}");
}

/// It finds nothing.
#[track_caller]
fn finds_nothing(answer: &Answer) {
    assert!(
        answer.codes().iter().all(|code| *code == "DD905"),
        "{:#}",
        answer.json
    );
}

#[test]
fn hsts() {
    with_firefox("hsts", |visitor| {
        let stage = visitor.stage;
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost shop.test api.shop.test\n",
        );
        // It trusts the servers of this story only if the administrator says so.
        policies(&json!({ "Certificates": { "Install": [stage.folder().join("ca.pem")] } }));
        let _plain = stage.server("serve [::]:3000");
        let _tls = visitor.serve("hsts", 3443);
        let asked = "http://api.shop.test:3000";
        let mut firefox = Firefox::start(stage, &[]);
        firefox.open(asked).unwrap();
        assert_eq!(firefox.shows(), "story");
        finds_nothing(&visitor.why(asked).exits(0));
        firefox.open("https://shop.test:3443/").unwrap();
        assert_eq!(firefox.shows(), "by the server");
        refused(firefox.open(asked), "nssFailure");
        firefox.quit();
        let answer = visitor.why(asked);
        answer.finds("DD902").verdict("reachable");
        seen_in(&answer, "/SiteSecurityServiceState.bin");
    });
}

#[test]
fn what_it_knows_by_itself() {
    with_firefox("what_it_knows_by_itself", |visitor| {
        let stage = visitor.stage;
        let _server = stage.server("serve [::]:6000");
        let _other = stage.server("serve 127.0.0.1:3000");
        let mut firefox = Firefox::start(stage, &[]);
        refused(firefox.open("http://localhost:6000/"), "deniedPortAccess");
        let list = firefox.browser(
            "const all = []; for (let port = 1; port < 65536; port++) { let may = false; try { \
             may = Services.io.allowPort(port, 'http'); } catch {} if (!may) all.push(port); } \
             return all;",
        );
        // No resolver here knows that name.
        let asked = "http://shop.localhost:3000";
        firefox.open(asked).unwrap();
        assert_eq!(firefox.shows(), "story");
        firefox.quit();
        stage.why(asked).finds("DD106");
        stage.why("http://localhost:6000").finds("DD901");
        let ours = devdoctor::rules::client::unsafe_port::UNSAFE;
        assert_eq!(list, json!(ours), "it refuses other ports");
    });
}

#[test]
fn a_service_worker() {
    with_firefox("a_service_worker", |visitor| {
        let asked = "http://localhost:3000";
        let old = visitor.serve("worker", 3000);
        let mut firefox = Firefox::start(visitor.stage, &[]);
        firefox.open(asked).unwrap();
        let register = "return navigator.serviceWorker.register('/sw.js')\
                        .then(() => navigator.serviceWorker.ready).then((one) => one.scope)";
        let scope = firefox.page(register).unwrap();
        assert_eq!(scope, "http://localhost:3000/");
        drop(old);
        let _new = visitor.stage.server("serve [::]:3000");
        firefox.open(asked).unwrap();
        assert_eq!(firefox.shows(), "by the worker");
        firefox.quit();
        let answer = visitor.why(asked);
        answer.finds("DD903").verdict("reachable");
        seen_in(&answer, "/serviceworker.txt");
        finds_nothing(&visitor.why("http://127.0.0.1:3000").exits(0));
    });
}

#[test]
fn a_policy_that_forbids() {
    with_firefox("a_policy_that_forbids", |visitor| {
        let stage = visitor.stage;
        let _server = stage.server("serve [::]:3000");
        policies(&json!({ "WebsiteFilter": { "Block": ["*://localhost/*"] } }));
        let mut firefox = Firefox::start(stage, &[]);
        firefox.open("http://127.0.0.1:3000").unwrap();
        assert_eq!(firefox.shows(), "story");
        refused(firefox.open("http://localhost:3000"), "blockedByPolicy");
        firefox.quit();
        let answer = visitor.why("http://localhost:3000");
        answer.finds("DD904").verdict("reachable");
        seen_in(&answer, "/etc/firefox/policies/policies.json");
        finds_nothing(&visitor.why("http://127.0.0.1:3000").exits(0));
    });
}

#[test]
fn a_proxy_in_the_profile() {
    with_firefox("a_proxy_in_the_profile", |visitor| {
        let stage = visitor.stage;
        let asked = "http://localhost:3000";
        let _server = stage.server("serve [::]:3000");
        let proxy = [
            ("network.proxy.type", json!(1)),
            ("network.proxy.http", json!("127.0.0.1")),
            ("network.proxy.http_port", json!(8888)),
        ];
        let mut firefox = Firefox::start(stage, &proxy);
        // By itself it asks no proxy for this machine.
        firefox.open(asked).unwrap();
        assert_eq!(firefox.shows(), "story");
        let hijack = "Services.prefs.setBoolPref('network.proxy.allow_hijacking_localhost', true)";
        finds_nothing(&visitor.why(asked).exits(0));
        firefox.browser(hijack);
        refused(firefox.open(asked), "proxyConnectFailure");
        firefox.quit();
        let answer = visitor.why(asked);
        answer.finds("DD904").verdict("reachable");
        seen_in(&answer, "/prefs.js");
    });
}

#[test]
fn a_redirect_that_is_kept() {
    with_firefox("a_redirect_that_is_kept", |visitor| {
        let asked = "http://localhost:3000/";
        let old = visitor.serve("kept", 3000);
        let mut firefox = Firefox::start(visitor.stage, &[]);
        assert_eq!(firefox.open(asked).unwrap(), "http://localhost:3000/gone");
        finds_nothing(&visitor.why(asked).exits(0));
        drop(old);
        let _new = visitor.stage.server("serve [::]:3000");
        assert_eq!(firefox.open(asked).unwrap(), "http://localhost:3000/gone");
        // It takes its time to write what it has met.
        let began = Instant::now();
        let mut answer = visitor.why(asked);
        while !answer.codes().contains(&"DD903") {
            assert!(began.elapsed() < PATIENCE, "it is not written");
            std::thread::sleep(Duration::from_millis(100));
            answer = visitor.why(asked);
        }
        answer.finds("DD903").verdict("reachable");
        seen_in(&answer, "/cache2/entries/");
        firefox.quit();
        visitor.why(asked).finds("DD903");
        finds_nothing(&visitor.why("http://localhost:3000/gone").exits(0));
    });
}

#[test]
fn a_site_that_may_not_reach_this_machine() {
    with_firefox("a_site_that_may_not_reach_this_machine", |visitor| {
        let stage = visitor.stage;
        run("ip addr add 93.184.215.14/32 dev lo");
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost\n93.184.215.14 app.example.com\n",
        );
        policies(&json!({ "Certificates": { "Install": [stage.folder().join("ca.pem")] } }));
        let _local = visitor.serve("cors", 3000);
        let _page = visitor.serve("public", 443);
        let mut firefox = Firefox::start(stage, &[]);
        firefox.open("https://app.example.com/").unwrap();
        let get = "return Promise.race([\
                   fetch('http://localhost:3000/').then((answer) => answer.text()), \
                   new Promise((done) => setTimeout(done, 500, 'it asks'))])";
        assert_eq!(firefox.page(get).unwrap(), "it asks");
        let decide = |decision: &str| {
            format!(
                "const page = gBrowser.contentPrincipal; Services.perms.addFromPrincipal(page, \
                 'loopback-network', Services.perms.{decision}_ACTION)"
            )
        };
        firefox.browser(&decide("ALLOW"));
        firefox.open("https://app.example.com/").unwrap();
        assert_eq!(firefox.page(get).unwrap(), "by the server");
        firefox.browser(&decide("DENY"));
        firefox.open("https://app.example.com/").unwrap();
        let said = firefox.page(get).expect_err("it was let in");
        assert!(said.contains("NetworkError"), "{said}");
        firefox.quit();
        let answer = visitor.why("http://localhost:3000");
        answer.finds("DD905").first("confidence", "likely");
        seen_in(&answer, "/permissions.sqlite");
    });
}
