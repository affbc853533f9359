use super::*;

/// As Firefox 153 has written it.
const WORKERS: &str = "12\n\nhttps://shop.test:3443/\nhttps://shop.test:3443/sw.js\ntrue\n\
        {2ab6e2f6-c0b7-4ec4-8908-60900db0bdb9}\n0\n1795369497660389\n#\n\n\
        http://localhost:3000/\nhttp://localhost:3000/sw.js\ntrue\n{1b0ae594}\n0\n0\n#\n";

fn bin(key: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0x04, 0x23, 0, 1, 0x51, 0x2b];
    bytes.extend(key.as_bytes());
    bytes.resize(KEY_AT + KEY, 0);
    bytes.extend(value.as_bytes());
    bytes.resize(RECORD, 0);
    bytes
}

#[test]
fn hosts_that_want_https_are_read_in_both_forms() {
    let key = "shop.test^partitionKey=%28https%2Cshop.test%29";
    let read = record(&bin(key, "1826905311042,1,1")).unwrap();
    assert_eq!(read, (key.to_owned(), "1826905311042,1,1".to_owned()));
    let old = line("shop.test:HSTS\t3\t20779\t1826905311042,1,1,2").unwrap();
    let of = |entry: &(String, String), words: &str, now| {
        let entries = std::slice::from_ref(entry);
        hsts_of(entries, &Wanted::test(words), &Tabs::default(), now).map(|entry| entry.host)
    };
    for entry in [&read, &old] {
        assert_eq!(of(entry, "a.shop.test:1", 5).as_deref(), Some("shop.test"));
        assert_eq!(of(entry, "shop.test:1", 1_826_905_311), None);
        assert_eq!(of(entry, "hop.test:1", 5), None);
    }
    let alone = ("shop.test".to_owned(), "1826905311042,1,0".to_owned());
    assert_eq!(of(&alone, "a.shop.test:1", 5), None);
    let knocked_out = ("shop.test".to_owned(), "1826905311042,2,1".to_owned());
    assert_eq!(of(&knocked_out, "shop.test:1", 5), None);
}

#[test]
fn workers_are_those_of_the_origin() {
    let of = |words: &str| {
        let workers = workers_of(WORKERS, &Wanted::test(words), &Tabs::default()).unwrap();
        workers
            .into_iter()
            .map(|worker| worker.script)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("3000"), ["http://localhost:3000/sw.js"]);
    assert_eq!(of("300"), [""; 0]);
    assert_eq!(of("http://shop.test:3443"), [""; 0]);
    assert!(workers_of("no number\n", &Wanted::test("3000"), &Tabs::default()).is_none());
}

#[test]
fn a_proxy_takes_what_is_not_excepted() {
    let text = "user_pref(\"network.proxy.type\", 1);\n\
            user_pref(\"network.proxy.http\", \"127.0.0.1\");\n\
            user_pref(\"network.proxy.http_port\", 8888);\n\
            user_pref(\"network.proxy.no_proxies_on\", \"*.example, 10.0.0.0/8\");\n";
    let of = |text: &str, words: &str| {
        let proxy = proxy_of(
            &Prefs::test(text, &Managed::default()),
            &Wanted::test(words),
        )
        .unwrap();
        (proxy.server, proxy.takes)
    };
    let server = || "127.0.0.1:8888".to_owned();
    assert_eq!(of(text, "shop.test:3000"), (server(), true));
    assert_eq!(of(text, "shop.example:3000"), (server(), false));
    assert_eq!(of(text, "localhost:3000"), (server(), false));
    let hijacks = "user_pref(\"network.proxy.allow_hijacking_localhost\", true);";
    assert_eq!(
        of(&format!("{text}{hijacks}"), "localhost:3000"),
        (server(), true)
    );
    assert_eq!(
        proxy_of(&Prefs::test("", &Managed::default()), &Wanted::test("3000")),
        None
    );
}

#[test]
fn profiles_elsewhere_stand_there_with_their_whole_path() {
    let text = "[Install4F96D1932A9F858E]\nDefault=Profiles/a.default\n[Profile1]\nName=moved\n\
            IsRelative=0\nPath=/data/firefox\n[Profile0]\nName=a\nIsRelative=1\nPath=a.default\n\
            [Profile2]\nName=odd\nIsRelative=0\nPath=odd\n[Profile3]\nIsRelative=1\nPath=/x\n";
    let told = whole_paths(text);
    let wanted: &[PathBuf] = match cfg!(windows) {
        true => &[],
        false => &["/data/firefox".into()],
    };
    assert_eq!(told, wanted);
}

#[test]
fn settings_hold_for_some_hosts() {
    let told = |prefs: &str, words: &str| {
        let managed = Managed::default();
        let (prefs, wanted) = (Prefs::test(prefs, &managed), Wanted::test(words));
        let nowhere = Path::new("/nonexistent");
        let https = https_only(nowhere, &prefs, &wanted, &managed).unwrap();
        let found = https.into_iter().chain(ipv4_only(&prefs, &wanted));
        found
            .map(|one| format!("{} {}", one.setting, one.private))
            .collect::<Vec<_>>()
    };
    let on = "user_pref(\"dom.security.https_only_mode\", true);\n";
    let all = ["dom.security.https_only_mode false"];
    assert_eq!(told(on, "shop.test:3000"), all);
    for spared in [
        "localhost:3000",
        "shop.localhost:3000",
        "127.0.0.1:3000",
        "10.0.0.5:3000",
    ] {
        assert_eq!(told(on, spared), [""; 0], "{spared}");
    }
    assert_eq!(told(on, "nas.local:3000"), all);
    let lan = format!("{on}user_pref(\"dom.security.https_only_mode.upgrade_local\", true);\n");
    assert_eq!(told(&lan, "10.0.0.5:3000"), all);
    let private = "user_pref(\"dom.security.https_only_mode_pbm\", true);\n";
    assert_eq!(
        told(private, "shop.test:3000"),
        ["dom.security.https_only_mode_pbm true"]
    );
    let six = "user_pref(\"network.dns.disableIPv6\", true);\n";
    assert_eq!(
        told(six, "localhost:3000"),
        ["network.dns.disableIPv6 false"]
    );
    assert_eq!(told(six, "[::1]:3000"), [""; 0]);
    let domains = "user_pref(\"network.dns.ipv4OnlyDomains\", \"x.test, .shop.test\");\n";
    assert_eq!(
        told(domains, "a.shop.test:3000"),
        ["network.dns.ipv4OnlyDomains false"]
    );
    assert_eq!(told(domains, "localhost:3000"), [""; 0]);
}

#[test]
fn a_locked_policy_comes_before_the_user_and_others_behind() {
    let get = |policies: &str, prefs: &str| {
        let policies = serde_json::from_str(policies).unwrap();
        let managed = Managed::of_firefox(&policies, "/etc/p");
        let prefs = Prefs::test(prefs, &managed);
        let set = prefs.that_is(HTTPS_ONLY, "true");
        set.map(|one| (one.setting, one.managed, one.file))
    };
    let (on, off) = (
        "user_pref(\"dom.security.https_only_mode\", true);\n",
        "user_pref(\"dom.security.https_only_mode\", false);\n",
    );
    let policy = Some(("HttpsOnlyMode".to_owned(), true, "/etc/p".to_owned()));
    assert_eq!(get(r#"{ "HttpsOnlyMode": "force_enabled" }"#, off), policy);
    assert_eq!(get(r#"{ "HttpsOnlyMode": "disallowed" }"#, on), None);
    assert_eq!(get(r#"{ "HttpsOnlyMode": "enabled" }"#, off), None);
    assert_eq!(get(r#"{ "HttpsOnlyMode": "enabled" }"#, ""), policy);
    assert!(!get("{}", on).unwrap().1);
}
