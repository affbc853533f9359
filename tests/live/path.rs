//! Something on the way: a firewall, a proxy.

use std::process::Command;

use crate::stage::{Ask, Stage, run, stories};

/// A rule for packets that come in.
fn firewall(stage: &Stage, rule: &str) -> bool {
    if !stage.needs(&["nft"]) {
        return false;
    }
    let probe = Command::new("nft")
        .args(["add", "table", "inet", "story"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        stage.pass_over("the kernel has no nftables");
        return false;
    }
    run("nft add chain inet story input { type filter hook input priority 0 ; }");
    run(&format!("nft add rule inet story input {rule}"));
    true
}

stories! {
    fn firewall_rejects(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        if firewall(stage, "tcp dport 3000 counter reject with tcp reset") {
            stage.why("127.0.0.1:3000").finds("DD701").first("confidence", "certain");
        }
    }

    fn firewall_rejects_with_an_icmp_message(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        if firewall(stage, "tcp dport 3000 reject") {
            stage.why("127.0.0.1:3000").finds("DD701");
        }
    }

    fn firewall_drops(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        if firewall(stage, "tcp dport 3000 counter drop") {
            stage
                .why("127.0.0.1:3000")
                .finds("DD702")
                .verdict("timed-out")
                .first("confidence", "certain");
        }
    }

    fn firewall_that_may_not_be_read(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        if !stage.needs(&["setpriv"]) || !stage.needs_root() {
            return;
        }
        if firewall(stage, "tcp dport 3000 reject with tcp reset") {
            // A guess without proof is called one.
            let answer = stage.ask(Ask::new("127.0.0.1:3000").by_another_user());
            answer.finds("DD701");
            assert_ne!(answer.json["findings"][0]["confidence"], "certain");
        }
    }

    fn proxy_that_is_not_there(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        stage
            .ask(Ask::new("http://127.0.0.1:3000/").var("http_proxy", "http://127.0.0.1:3128"))
            .finds("DD711");
    }

    fn proxy_that_takes_localhost(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        let _proxy = stage.server("status 502 127.0.0.1:3128");
        stage
            .ask(Ask::new("http://127.0.0.1:3000/").var("http_proxy", "http://127.0.0.1:3128"))
            // Browsers leave the proxy out for this machine: it is a hint, no fault.
            .names("DD712")
            .exits(0);
    }

    fn desktop_with_a_proxy_that_has_gone(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.cover("/etc/hosts", "127.0.0.1 localhost shop.test\n");
        let config = stage.folder().join("home/.config");
        std::fs::create_dir_all(&config).unwrap();
        let text = "[Proxy Settings]\nProxyType=1\nhttpProxy=http://127.0.0.1 8888\n";
        std::fs::write(config.join("kioslaverc"), text).unwrap();
        stage
            .why("http://shop.test:3000/")
            .finds("DD711")
            .first("says", "the desktop (KDE)");
        // Browsers leave it out for localhost.
        stage.why("http://127.0.0.1:3000/").is_well();
    }

    fn real_proxy_and_who_obeys_it(stage) {
        if !stage.needs(&["squid"]) || !stage.needs_root() {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        let folder = stage.folder();
        let place = folder.display();
        // It shares memory under one name for the whole machine.
        run("mount -t tmpfs tmpfs /dev/shm");
        let text = "http_port 127.0.0.1:3128\nhttp_access allow all\ncache_log /dev/null\n\
                    access_log none\npid_filename none\nvisible_hostname story\n";
        std::fs::write(folder.join("squid.conf"), text).unwrap();
        let line = format!("echo ready; exec squid -N -f {place}/squid.conf 2>&1");
        let _squid = stage.program(&["sh", "-c", &line], &folder, "ready");
        let began = std::time::Instant::now();
        while std::net::TcpStream::connect("127.0.0.1:3128").is_err() {
            assert!(began.elapsed() < std::time::Duration::from_secs(20), "no squid");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let proxy = "http://me:secret@127.0.0.1:3128";
        let ask = || Ask::new("http://127.0.0.1:3000/").var("http_proxy", proxy);
        let answer = stage.ask(ask());
        answer.names("DD712").exits(0);
        let shown = answer.json.to_string();
        assert!(shown.contains("curl and Python obey it"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
        // A network is an exception for curl, and none for Python.
        let answer = stage.ask(ask().var("NO_PROXY", "127.0.0.0/8"));
        answer.names("DD712");
        let shown = answer.json.to_string();
        assert!(shown.contains("Python obeys it"), "{shown}");
        stage.ask(ask().var("no_proxy", "127.0.0.1")).is_well();
    }
}
