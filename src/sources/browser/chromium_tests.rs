use serde_json::json;

use super::*;

#[test]
fn hosts_stand_there_as_hashes() {
    // As Chromium 156 has written them.
    assert_eq!(
        host_hash("shop.test"),
        "RKTgZwp9m+BmIa3FD95cU3e+Jgi75HBK9ZGg4LCYS7I="
    );
    assert_eq!(
        host_hash("localhost"),
        "+5SucHeyam84+YKFvzbLSOOu8EIOl0hrqv6OPw5r2/Q="
    );
}

#[test]
fn a_host_is_covered_by_its_own_entry_or_one_above_that_includes_it() {
    let list = |includes: bool| {
        vec![json!({
            "host": host_hash("shop.test"), "mode": "force-https",
            "sts_include_subdomains": includes, "expiry": 2000.5,
        })]
    };
    let of = |words: &str, includes, now| {
        hsts_of(&list(includes), &Wanted::test(words), now).map(|entry| entry.left_s)
    };
    assert_eq!(of("shop.test:3000", false, 1000), Some(1000));
    assert_eq!(of("a.shop.test:3000", true, 1000), Some(1000));
    assert_eq!(of("a.shop.test:3000", false, 1000), None);
    assert_eq!(of("shop.test:3000", true, 2000), None);
    assert_eq!(of("other.test:3000", true, 1000), None);
    assert_eq!(of("127.0.0.1:3000", true, 1000), None);
}

#[test]
fn a_worker_counts_if_it_is_active_and_sees_requests() {
    let message = |active: u8, sees: u8| {
        let mut bytes = vec![0x08, 0];
        for (key, text) in [(0x12, "http://localhost:3000/"), (0x1a, "http://l/sw.js")] {
            bytes.push(key);
            bytes.push(u8::try_from(text.len()).unwrap());
            bytes.extend(text.as_bytes());
        }
        bytes.extend([0x28, active, 0x30, sees, 0x59, 1, 2, 3, 4, 5, 6, 7, 8]);
        bytes
    };
    let seen = worker(&message(1, 1)).unwrap();
    assert_eq!(seen.scope, "http://localhost:3000/");
    assert_eq!(worker(&message(0, 1)), None);
    assert_eq!(worker(&message(1, 0)), None);
    for cut in 0..message(1, 1).len() {
        let _ = worker(&message(1, 1)[..cut]);
    }
}

#[test]
fn a_site_is_denied_by_the_user_or_by_default() {
    let preferences = json!({ "profile": {
            "default_content_setting_values": { "loopback_network": 2 },
            "content_settings": { "exceptions": { "loopback_network": {
                "https://app.example.com:443,*": { "setting": 2 },
                "https://ok.example.com:443,*": { "setting": 1 },
            } } },
        } });
    let of = |words: &str| {
        let (wanted, managed) = (Wanted::test(words), Managed::default());
        let denied = denied(&preferences, &wanted, &managed, Path::new("/p"));
        denied
            .unwrap()
            .into_iter()
            .map(|one| one.site)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("localhost:3000"),
        ["every site", "https://app.example.com"]
    );
    assert_eq!(of("192.168.1.5:3000"), [""; 0]);
    assert_eq!(of("https://example.org"), [""; 0]);
}

#[test]
fn a_proxy_takes_loopback_only_if_it_is_told_to() {
    let of = |setting: Value, words: &str| proxy(&setting, &Wanted::test(words), "/p");
    let fixed = json!({ "mode": "fixed_servers", "server": "http://me:pw@10.0.0.1:8888" });
    let seen = of(fixed.clone(), "localhost:3000").unwrap();
    assert_eq!(
        (seen.server.as_str(), seen.takes),
        ("http://10.0.0.1:8888", false)
    );
    assert!(of(fixed, "shop.test:3000").unwrap().takes);
    let all = json!({
        "ProxyMode": "fixed_servers", "ProxyServer": "p:1", "ProxyBypassList": "<-loopback>",
    });
    assert!(of(all, "localhost:3000").unwrap().takes);
    assert!(
        of(
            json!({ "mode": "pac_script", "pac_url": "http://p/x" }),
            "3000"
        )
        .unwrap()
        .pac
    );
    assert_eq!(of(json!({ "mode": "system" }), "3000"), None);
}

#[test]
fn https_only_has_exceptions_for_a_while() {
    let told = |preferences: &Value, managed: &Managed, words: &str| {
        let found = https_only(preferences, &Wanted::test(words), managed, Path::new("/p"));
        found.into_iter().map(|one| one.setting).collect::<Vec<_>>()
    };
    let nothing = Managed::default();
    let on = json!({ "https_only_mode_enabled": true });
    let own = ["https_only_mode_enabled"];
    assert_eq!(told(&on, &nothing, "shop.test:3000"), own);
    assert_eq!(told(&on, &nothing, "10.0.0.5:3000"), own);
    assert_eq!(told(&on, &nothing, "localhost:3000"), [""; 0]);
    assert_eq!(told(&json!({}), &nothing, "shop.test:3000"), [""; 0]);
    let until = |moment: &str| {
        let mut preferences = on.clone();
        let decision = json!({ "setting": { "decision_expiration_time": moment } });
        preferences["profile"]["content_settings"]["exceptions"]["http_allowed"] =
            json!({ "https://shop.test:443,*": decision });
        preferences
    };
    assert_eq!(
        told(&until("99000000000000000"), &nothing, "shop.test:3000"),
        [""; 0]
    );
    assert_eq!(
        told(&until("99000000000000000"), &nothing, "a.shop.test:3000"),
        own
    );
    assert_eq!(
        told(&until("13000000000000000"), &nothing, "shop.test:3000"),
        own
    );
    let mut forced = Managed::default();
    let policies = json!({ "HttpsOnlyMode": "force_enabled", "HttpAllowlist": ["[*.]box.test"] });
    forced.add_chromium(&policies, &Wanted::test("3000"), "/etc/p");
    assert_eq!(
        told(&json!({}), &forced, "shop.test:3000"),
        ["HttpsOnlyMode"]
    );
    assert_eq!(told(&json!({}), &forced, "a.box.test:3000"), [""; 0]);
}
