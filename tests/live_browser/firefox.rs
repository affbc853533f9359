//! The same faults with Firefox: one start of it is one story.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::machine::search_path;
use crate::marionette::{Firefox, PATIENCE};
use crate::stage::{Answer, Stage, run};
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
        finds_nothing(visitor.why(asked).exits(0));
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
        finds_nothing(visitor.why("http://127.0.0.1:3000").exits(0));
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
        finds_nothing(visitor.why("http://127.0.0.1:3000").exits(0));
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
        finds_nothing(visitor.why(asked).exits(0));
        firefox.browser(hijack);
        refused(firefox.open(asked), "proxyConnectFailure");
        firefox.quit();
        let answer = visitor.why(asked);
        answer.finds("DD904").verdict("reachable");
        seen_in(&answer, "/prefs.js");
    });
}

/// The diagnosis once the browser has written what it has met, for which it takes its time.
fn once_written(visitor: &Visitor, asked: &str) -> Answer {
    let began = Instant::now();
    loop {
        let answer = visitor.why(asked);
        if answer.codes().contains(&"DD903") {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "it is not written");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_redirect_that_is_kept() {
    with_firefox("a_redirect_that_is_kept", |visitor| {
        let asked = "http://localhost:3000/";
        let old = visitor.serve("kept", 3000);
        let mut firefox = Firefox::start(visitor.stage, &[]);
        assert_eq!(firefox.open(asked).unwrap(), "http://localhost:3000/gone");
        finds_nothing(visitor.why(asked).exits(0));
        drop(old);
        let _new = visitor.stage.server("serve [::]:3000");
        assert_eq!(firefox.open(asked).unwrap(), "http://localhost:3000/gone");
        let answer = once_written(visitor, asked);
        answer.finds("DD903").verdict("reachable");
        seen_in(&answer, "/cache2/entries/");
        firefox.quit();
        visitor.why(asked).finds("DD903");
        finds_nothing(visitor.why("http://localhost:3000/gone").exits(0));
    });
}

/// An address that is nobody's private one, and a name for it.
fn page_of_the_internet(stage: &Stage) {
    run("ip addr add 93.184.215.14/32 dev lo");
    stage.cover(
        "/etc/hosts",
        "127.0.0.1 localhost\n93.184.215.14 app.example.com\n",
    );
}

/// Has the page ask a server; the browser may ask its user first.
fn fetch(url: &str) -> String {
    format!(
        "return Promise.race([fetch('{url}').then((answer) => answer.text()), new \
         Promise((done) => setTimeout(done, 500, 'it asks'))])"
    )
}

/// Has the user decide whether the page that is open may reach this machine.
fn decide(decision: &str) -> String {
    format!(
        "const page = gBrowser.contentPrincipal; Services.perms.addFromPrincipal(page, \
         'loopback-network', Services.perms.{decision}_ACTION)"
    )
}

#[test]
fn a_site_that_may_not_reach_this_machine() {
    with_firefox("a_site_that_may_not_reach_this_machine", |visitor| {
        let stage = visitor.stage;
        page_of_the_internet(stage);
        policies(&json!({ "Certificates": { "Install": [stage.folder().join("ca.pem")] } }));
        let _local = visitor.serve("cors", 3000);
        let _page = visitor.serve("public", 443);
        let mut firefox = Firefox::start(stage, &[]);
        firefox.open("https://app.example.com/").unwrap();
        let get = &fetch("http://localhost:3000/");
        assert_eq!(firefox.page(get).unwrap(), "it asks");
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

#[test]
fn a_policy_that_lets_sites_in() {
    with_firefox("a_policy_that_lets_sites_in", |visitor| {
        let stage = visitor.stage;
        page_of_the_internet(stage);
        policies(&json!({
            "Certificates": { "Install": [stage.folder().join("ca.pem")] },
            "LocalNetworkAccess": { "Enabled": true, "SkipDomains": ["localhost"], "Locked": true },
        }));
        let _local = visitor.serve("cors", 3000);
        let _page = visitor.serve("public", 443);
        let mut firefox = Firefox::start(stage, &[]);
        firefox.open("https://app.example.com/").unwrap();
        firefox.browser(&decide("DENY"));
        firefox.open("https://app.example.com/").unwrap();
        // The decision is there, and is not asked for.
        let (spared, other) = ("http://localhost:3000", "http://127.0.0.1:3000");
        assert_eq!(firefox.page(&fetch(spared)).unwrap(), "by the server");
        let said = firefox.page(&fetch(other)).expect_err("it was let in");
        assert!(said.contains("NetworkError"), "{said}");
        firefox.quit();
        assert_eq!(visitor.why(spared).exits(0).codes(), [""; 0]);
        let answer = visitor.why(other);
        answer.finds("DD905").first("confidence", "likely");
        // For all places, in the administrator's words.
        policies(&json!({ "LocalNetworkAccess": { "Enabled": false } }));
        assert_eq!(visitor.why(other).exits(0).codes(), [""; 0]);
    });
}

#[test]
fn https_only_in_a_profile_elsewhere() {
    with_firefox("https_only_in_a_profile_elsewhere", |visitor| {
        let stage = visitor.stage;
        let hosts = "127.0.0.1 localhost shop.test\n10.9.8.7 box.test\n";
        stage.cover("/etc/hosts", hosts);
        run("ip addr add 10.9.8.7/32 dev lo");
        let _plain = stage.server("serve [::]:3000");
        // Firefox itself writes down where it is.
        let profile = stage.folder().join("elsewhere");
        let made = std::process::Command::new("firefox-esr")
            .args(["--headless", "-CreateProfile"])
            .arg(format!("moved {}", profile.display()))
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", stage.folder().join("home"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let on = [("dom.security.https_only_mode", json!(true))];
        let mut firefox = Firefox::start_in(stage, &profile, &on);
        for spared in ["localhost", "shop.localhost", "127.0.0.1", "10.9.8.7"] {
            let url = format!("http://{spared}:3000/");
            assert_eq!(firefox.open(&url).unwrap(), url);
        }
        let asked = "http://shop.test:3000";
        refused(firefox.open(asked), "httpsonlyerror");
        // As its page does when the user goes on.
        firefox.browser(
            "const uri = Services.io.newURI('http://box.test:3000'); Services.perms.\
             addFromPrincipal(Services.scriptSecurityManager.createContentPrincipal(uri, {}), \
             'https-only-load-insecure', Services.perms.ALLOW_ACTION)",
        );
        let excepted = "http://box.test:3000";
        firefox.open(excepted).unwrap();
        assert_eq!(firefox.shows(), "story");
        firefox.quit();
        let answer = visitor.why(asked);
        answer.finds("DD902").verdict("reachable");
        seen_in(&answer, "/elsewhere/prefs.js");
        for spared in ["http://localhost:3000", "http://10.9.8.7:3000", excepted] {
            finds_nothing(visitor.why(spared).exits(0));
        }
        policies(&json!({ "HttpsOnlyMode": "disallowed" }));
        finds_nothing(visitor.why(asked).exits(0));
    });
}

#[test]
fn without_ipv6() {
    with_firefox("without_ipv6", |visitor| {
        let stage = visitor.stage;
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
        let _server = stage.server("serve [::1]:3000");
        let off = [("network.dns.disableIPv6", json!(true))];
        let mut firefox = Firefox::start(stage, &off);
        let asked = "http://localhost:3000";
        refused(firefox.open(asked), "connectionFailure");
        firefox.open("http://[::1]:3000").unwrap();
        assert_eq!(firefox.shows(), "story");
        firefox.quit();
        assert_eq!(visitor.why(asked).codes()[..2], ["DD301", "DD904"]);
        finds_nothing(visitor.why("http://[::1]:3000").exits(0));
        // Both families: it is nobody's matter.
        let _other = stage.server("serve 127.0.0.1:3000");
        assert!(!visitor.why(asked).codes().contains(&"DD904"));
    });
}

#[test]
fn in_a_container() {
    with_firefox("in_a_container", |visitor| {
        let stage = visitor.stage;
        let asked = "http://localhost:3000/";
        let old = visitor.serve("kept", 3000);
        let worker = visitor.serve("worker", 3001);
        let mut firefox = Firefox::start(stage, &[]);
        assert_eq!(firefox.open_in(2, asked), "http://localhost:3000/gone");
        firefox.open_in(2, "http://localhost:3001/");
        let register = "return navigator.serviceWorker.register('/sw.js')\
                        .then(() => navigator.serviceWorker.ready).then((one) => one.scope)";
        firefox.page(register).unwrap();
        drop((old, worker));
        let _new = stage.server("serve [::]:3000");
        let _other = stage.server("serve [::]:3001");
        // Outside of the container nothing is kept.
        assert_eq!(firefox.open_in(0, asked), asked);
        assert_eq!(firefox.open_in(2, asked), "http://localhost:3000/gone");
        let kept = [
            (asked, "/cache2/entries/"),
            ("http://localhost:3001/", "/serviceworker.txt"),
        ];
        for (asked, file) in kept {
            let answer = once_written(visitor, asked);
            answer.finds("DD903").first("confidence", "possible");
            seen_in(&answer, file);
            let says = answer.json["findings"][0]["says"].as_str().unwrap();
            assert!(says.contains(", container Work)"), "{says}");
        }
        firefox.quit();
    });
}
