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
}
