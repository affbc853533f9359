//! The faults.

use std::fs;

use serde_json::{Value, json};

use crate::bring;
use crate::machine::pass_over;
use crate::stage::{is_inside, run, tell};
use crate::visitor::{Visitor, failed, seen_in};

/// Tells a story with a browser, which is brought from outside: inside there is no network.
pub fn story_in(module: &str, name: &str, story: impl FnOnce(&Visitor)) {
    if !is_inside()
        && let Err(why) = bring::browser()
    {
        return pass_over(name, &why);
    }
    tell(module, name, |stage| {
        if stage.needs(&["openssl"]) {
            story(&Visitor::new(stage));
        }
    });
}

fn story(name: &str, play: impl FnOnce(&Visitor)) {
    story_in(module_path!(), name, play);
}

#[test]
fn hsts() {
    story("hsts", |visitor| {
        let stage = visitor.stage;
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost shop.test api.shop.test\n",
        );
        let _plain = stage.server("serve [::]:3000");
        let asked = "http://api.shop.test:3000";
        let before = visitor.visit(&json!([{ "open": asked }]));
        assert_eq!(before[0]["text"], "story");
        assert_eq!(visitor.why(asked).exits(0).codes(), ["DD905"]);
        // Another server of that host says it, on another port.
        let _tls = visitor.serve("hsts", 3443);
        let seen =
            visitor.visit(&json!([{ "open": "https://shop.test:3443/" }, { "open": asked }]));
        assert_eq!(seen[0]["text"], "by the server");
        failed(&seen[1], "ERR_SSL_PROTOCOL_ERROR");
        let answer = visitor.why(asked);
        answer.finds("DD902").verdict("reachable");
        seen_in(&answer, "/TransportSecurity");
        // The same for who copies the address out of the browser.
        let copied = visitor.why("https://api.shop.test:3000");
        assert_eq!(copied.codes()[..2], ["DD602", "DD902"]);
        // Unasked, nobody reads a profile.
        assert_eq!(stage.why(asked).exits(0).codes(), [""; 0]);
    });
}

#[test]
fn preloaded_domains() {
    story("preloaded_domains", |visitor| {
        let stage = visitor.stage;
        let list = fs::read_to_string(bring::repository().join("config/hsts-tlds.txt")).unwrap();
        let listed: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
        let others = ["test", "com", "org", "io", "internal", "localhost"];
        let names: Vec<String> = listed
            .iter()
            .chain(&others)
            .map(|tld| format!("zzq.{tld}"))
            .collect();
        let hosts = format!("127.0.0.1 localhost {}\n", names.join(" "));
        stage.cover("/etc/hosts", &hosts);
        let _plain = visitor.serve("cors", 3000);
        // Which of them the browser does not get although they all answer.
        let script = format!(
            "(async () => {{ const lost = []; for (const name of {}) {{ try {{ await \
             fetch(`http://${{name}}:3000/`); }} catch {{ lost.push(name.slice(4)); }} }} return \
             lost; }})()",
            json!(names)
        );
        let seen = visitor.visit(&json!([{ "open": "http://zzq.test:3000" }, { "run": script }]));
        assert_eq!(
            seen[1],
            json!(listed),
            "config/hsts-tlds.txt is not what Chromium has"
        );
        // This needs no profile.
        stage
            .why("http://zzq.dev:3000")
            .finds("DD902")
            .first("confidence", "certain");
        assert_eq!(stage.why("http://zzq.test:3000").exits(0).codes(), [""; 0]);
    });
}

#[test]
fn a_redirect_that_is_kept() {
    story("a_redirect_that_is_kept", |visitor| {
        let asked = "http://localhost:3000/";
        let old = visitor.serve("moved", 3000);
        let seen = visitor.visit(&json!([{ "open": asked }]));
        assert_eq!(seen[0]["url"], "http://localhost:3000/gone");
        // The server sends it still: the browser does what it is told.
        assert_eq!(visitor.why(asked).codes(), ["DD905"]);
        drop(old);
        let _new = visitor.stage.server("serve [::]:3000");
        let answer = visitor.why(asked);
        answer.finds("DD903").verdict("reachable");
        seen_in(&answer, "/Cache_Data/");
        let seen = visitor.visit(&json!([{ "open": asked }]));
        assert_eq!(seen[0]["url"], "http://localhost:3000/gone");
    });
}

#[test]
fn a_service_worker() {
    story("a_service_worker", |visitor| {
        let asked = "http://localhost:3000";
        let register = "navigator.serviceWorker.register('/sw.js')\
                        .then(() => navigator.serviceWorker.ready).then((one) => one.scope)";
        let old = visitor.serve("worker", 3000);
        let seen = visitor.visit(&json!([{ "open": asked }, { "run": register }]));
        assert_eq!(seen[1], "http://localhost:3000/");
        drop(old);
        // A page although nobody listens.
        let seen = visitor.visit(&json!([{ "open": asked }]));
        assert_eq!(seen[0]["text"], "by the worker");
        let answer = visitor.why(asked);
        assert_eq!(answer.exits(1).codes(), ["DD201", "DD903"]);
        let _new = visitor.stage.server("serve [::]:3000");
        let seen = visitor.visit(&json!([{ "open": asked }]));
        assert_eq!(seen[0]["text"], "by the worker");
        let answer = visitor.why(asked);
        answer.finds("DD903").verdict("reachable");
        seen_in(&answer, "/Service Worker/Database");
        // It is another origin's affair.
        assert_eq!(
            visitor.why("http://127.0.0.1:3000").exits(0).codes(),
            ["DD905"]
        );
        let away = "navigator.serviceWorker.getRegistration().then((one) => one.unregister())";
        let seen = visitor.visit(&json!([{ "open": asked }, { "run": away }]));
        assert_eq!(seen[1], true);
        assert_eq!(visitor.why(asked).exits(0).codes(), ["DD905"]);
    });
}

/// Has the administrator of the machine set this; the file in which it stands.
fn policies(policies: &Value) -> &'static str {
    const FILE: &str = "/etc/chromium/policies/managed/story.json";
    run("mount -t tmpfs tmpfs /etc/chromium");
    fs::create_dir_all("/etc/chromium/policies/managed").unwrap();
    fs::write(FILE, policies.to_string()).unwrap();
    FILE
}

#[test]
fn a_policy_that_forbids() {
    story("a_policy_that_forbids", |visitor| {
        let stage = visitor.stage;
        let asked = "http://localhost:3000";
        let _server = stage.server("serve [::]:3000");
        let file = policies(&json!({ "URLBlocklist": ["localhost:3000"] }));
        let seen = visitor.visit(&json!([{ "open": "http://127.0.0.1:3000" }, { "open": asked }]));
        assert_eq!(seen[0]["text"], "story");
        failed(&seen[1], "ERR_BLOCKED_BY_ADMINISTRATOR");
        let answer = visitor.why(asked);
        answer.finds("DD904").verdict("reachable");
        seen_in(&answer, file);
        assert_eq!(visitor.why("http://127.0.0.1:3000").codes(), ["DD905"]);
    });
}

#[test]
fn a_proxy_in_the_profile() {
    story("a_proxy_in_the_profile", |visitor| {
        let asked = "http://localhost:3000";
        let _server = visitor.stage.server("serve [::]:3000");
        let proxy = |bypass: &str| {
            json!({ "proxy": {
                "mode": "fixed_servers", "server": "127.0.0.1:8888", "bypass_list": bypass,
            } })
        };
        // By itself the browser asks no proxy for this machine.
        visitor.prefer(&proxy(""));
        let seen = visitor.visit(&json!([{ "open": asked }]));
        assert_eq!(seen[0]["text"], "story");
        assert_eq!(visitor.why(asked).exits(0).codes(), ["DD905"]);
        visitor.prefer(&proxy("<-loopback>"));
        let seen = visitor.visit(&json!([{ "open": asked }]));
        failed(&seen[0], "ERR_PROXY_CONNECTION_FAILED");
        let answer = visitor.why(asked);
        answer.finds("DD904").verdict("reachable");
        seen_in(&answer, "/Default/Preferences");
    });
}

#[test]
fn a_site_that_may_not_reach_this_machine() {
    story("a_site_that_may_not_reach_this_machine", |visitor| {
        let stage = visitor.stage;
        // An address that is nobody's private one, and a page there.
        run("ip addr add 93.184.215.14/32 dev lo");
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost\n93.184.215.14 app.example.com\n",
        );
        let _local = visitor.serve("cors", 3000);
        let _page = visitor.serve("public", 443);
        let steps = json!([
            { "open": "https://app.example.com/" },
            { "run": "fetch('http://localhost:3000/').then((answer) => answer.text())" },
        ]);
        let decide = |setting: u8| {
            visitor.prefer(&json!({ "profile": { "content_settings": { "exceptions": {
                "loopback_network": { "https://app.example.com:443,*": { "setting": setting } },
            } } } }));
        };
        decide(1);
        let seen = visitor.visit(&steps);
        assert_eq!(seen[1], "by the server");
        assert_eq!(
            visitor.why("http://localhost:3000").exits(0).codes(),
            ["DD905"]
        );
        decide(2);
        let seen = visitor.visit(&steps);
        assert_eq!(seen[0]["text"], "by the server");
        failed(&seen[1], "Failed to fetch");
        // It is the browser's own setting: it has read it and kept it.
        let kept = visitor.preferences();
        let kept = &kept["profile"]["content_settings"]["exceptions"]["loopback_network"];
        assert_eq!(kept["https://app.example.com:443,*"]["setting"], 2);
        let answer = visitor.why("http://localhost:3000");
        answer.finds("DD905").verdict("reachable");
        seen_in(&answer, "/Default/Preferences");
    });
}

#[test]
fn sites_over_https_only() {
    story("sites_over_https_only", |visitor| {
        let stage = visitor.stage;
        stage.cover("/etc/hosts", "127.0.0.1 localhost shop.test box.test\n");
        let _plain = stage.server("serve [::]:3000");
        let (asked, excepted) = ("http://shop.test:3000", "http://box.test:3000");
        // What it writes down when the user goes on, and until when: in microseconds.
        let exception = json!({ "setting": { "decision_expiration_time": "15000000000000000" } });
        visitor.prefer(&json!({
            "https_only_mode_enabled": true,
            "profile": { "content_settings": { "exceptions": {
                "http_allowed": { "https://box.test:443,*": exception },
            } } },
        }));
        let seen = visitor.visit(&json!([
            { "open": "http://localhost:3000" }, { "open": "http://127.0.0.1:3000" },
            { "open": excepted }, { "open": asked },
        ]));
        for spared in &seen[..3] {
            assert_eq!(spared["text"], "story", "{spared}");
        }
        failed(&seen[3], "ERR_BLOCKED_BY_CLIENT");
        let answer = visitor.why(asked);
        answer.finds("DD902").verdict("reachable");
        seen_in(&answer, "/Default/Preferences");
        for spared in ["http://localhost:3000", "http://127.0.0.1:3000", excepted] {
            assert_eq!(visitor.why(spared).exits(0).codes(), ["DD905"], "{spared}");
        }
        // The administrator's word holds for every profile, and has exceptions of its own.
        visitor.prefer(&json!({}));
        let file = policies(&json!({
            "HttpsOnlyMode": "force_enabled", "HttpAllowlist": ["box.test"],
        }));
        let seen = visitor.visit(&json!([{ "open": excepted }, { "open": asked }]));
        assert_eq!(seen[0]["text"], "story", "{}", seen[0]);
        failed(&seen[1], "ERR_BLOCKED_BY_CLIENT");
        let answer = visitor.why(asked);
        answer.finds("DD902");
        seen_in(&answer, file);
        assert_eq!(visitor.why(excepted).exits(0).codes(), ["DD905"]);
    });
}

#[test]
fn a_policy_that_lets_sites_in() {
    story("a_policy_that_lets_sites_in", |visitor| {
        let stage = visitor.stage;
        run("ip addr add 93.184.215.14/32 dev lo");
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost\n93.184.215.14 app.example.com\n",
        );
        let _local = visitor.serve("cors", 3000);
        let _page = visitor.serve("public", 443);
        let asked = "http://localhost:3000";
        let steps = json!([
            { "open": "https://app.example.com/" },
            { "run": "fetch('http://localhost:3000/').then((answer) => answer.text())" },
        ]);
        let app = "https://app.example.com";
        visitor.prefer(&json!({ "profile": { "content_settings": { "exceptions": {
            "loopback_network": { "https://app.example.com:443,*": { "setting": 2 } },
        } } } }));
        policies(&json!({ "LocalNetworkAccessAllowedForUrls": [app] }));
        assert_eq!(visitor.visit(&steps)[1], "by the server");
        let answer = visitor.why(asked);
        assert_eq!(answer.exits(0).codes(), ["DD905"]);
        answer.first("confidence", "possible");
        policies(&json!({ "LocalNetworkAccessAllowedForUrls": ["*"] }));
        assert_eq!(visitor.visit(&steps)[1], "by the server");
        assert_eq!(visitor.why(asked).exits(0).codes(), [""; 0]);
        // Who is blocked by one policy is not let in by the other.
        let file = policies(&json!({
            "LocalNetworkAccessAllowedForUrls": ["*"], "LocalNetworkAccessBlockedForUrls": [app],
        }));
        failed(&visitor.visit(&steps)[1], "Failed to fetch");
        let answer = visitor.why(asked);
        answer.finds("DD905").first("confidence", "likely");
        seen_in(&answer, file);
    });
}
