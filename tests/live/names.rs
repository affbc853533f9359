//! Names: localhost, those below it, the name servers.

use crate::stage::{Stage, stories};

/// Names are looked for in the hosts file, then asked of these servers.
fn ask_servers(stage: &Stage, servers: &[&str]) {
    stage.cover("/etc/nsswitch.conf", "passwd: files\nhosts: files dns\n");
    let lines = servers.iter().map(|at| format!("nameserver {at}\n"));
    stage.cover("/etc/resolv.conf", &lines.collect::<String>());
}

stories! {
    fn localhost_that_the_hosts_file_has_lost(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.cover("/etc/hosts", "10.0.0.5 staging.shop.com\n");
        stage
            .why("http://localhost:3000/")
            .finds("DD105")
            .verdict("unresolved")
            .first("confidence", "certain")
            .first("says", "no line of /etc/hosts names it");
        // The way out that is told is one.
        stage.why("http://127.0.0.1:3000/").is_well();
    }

    fn localhost_behind_a_byte_order_mark(stage) {
        stage.cover("/etc/hosts", "\u{feff}127.0.0.1 localhost\n");
        stage
            .why("http://localhost:3000/")
            .finds("DD105")
            .first("says", "a byte order mark hides the first line");
    }

    fn localhost_in_a_hosts_file_that_is_not_asked(stage) {
        stage.cover("/etc/nsswitch.conf", "passwd: files\nhosts: dns\n");
        stage.cover("/etc/resolv.conf", "nameserver 127.0.0.1\n");
        stage
            .why("http://localhost:3000/")
            .finds("DD105")
            .first("says", "/etc/nsswitch.conf does not have /etc/hosts asked");
    }

    fn localhost_that_is_another_machine(stage) {
        stage.lan("192.168.7.5/24");
        stage.cover("/etc/hosts", "127.0.0.1 me\n192.168.7.5 build localhost\n");
        stage
            .why("http://localhost:3000/")
            .finds("DD105")
            .first("says", "line 2 of /etc/hosts sends localhost to 192.168.7.5");
    }

    fn a_name_below_localhost(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        stage
            .why("http://app.localhost:3000/")
            .finds("DD106")
            .first("confidence", "certain");
        // What the fix does.
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 app.localhost\n");
        stage.why("http://app.localhost:3000/").is_well();
    }

    fn localhost_that_is_one_address_only(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        stage.why("http://localhost:3000/").is_well();
    }

    fn a_resolver_that_does_not_run(stage) {
        ask_servers(stage, &["127.0.0.53"]);
        stage
            .why("http://api.shop.test/")
            .finds("DD102")
            .verdict("unresolved")
            .first("confidence", "certain")
            .first("says", "nobody takes questions at its port 53")
            .fix("sudo systemctl restart systemd-resolved");
    }

    fn a_resolver_that_keeps_silent(stage) {
        let _silent = stage.server("udp 127.0.0.1:53");
        ask_servers(stage, &["127.0.0.1"]);
        stage
            .why("http://api.shop.test/")
            .finds("DD102")
            .first("says", "127.0.0.1 does not answer");
    }

    fn a_first_name_server_that_keeps_silent(stage) {
        let _silent = stage.server("udp 127.0.0.1:53");
        let _second = stage.server("dns 127.0.0.2:53 api.shop.test=127.0.0.1");
        ask_servers(stage, &["127.0.0.1", "127.0.0.2"]);
        stage
            .why("http://api.shop.test/")
            .finds("DD102")
            .first("says", "the first name server, 127.0.0.1, does not answer");
    }

    fn a_name_server_that_fails(stage) {
        let _server = stage.server("dns 127.0.0.1:53 servfail");
        ask_servers(stage, &["127.0.0.1"]);
        stage
            .why("http://api.shop.test/")
            .finds("DD102")
            .first("says", "127.0.0.1 says SERVFAIL");
    }

    fn an_answer_that_is_not_believed(stage) {
        let _server = stage.server("dns 127.0.0.1:53 forged api.shop.test=127.0.0.1");
        ask_servers(stage, &["127.0.0.1"]);
        stage
            .why("http://api.shop.test/")
            .finds("DD102")
            .first("says", "its signatures (DNSSEC) are wrong");
    }

    fn a_name_that_the_name_server_does_not_know(stage) {
        let _server = stage.server("dns 127.0.0.1:53 api.shop.test=127.0.0.1");
        ask_servers(stage, &["127.0.0.1"]);
        stage.why("http://other.shop.test/").finds("DD101");
        let _web = stage.server("serve 127.0.0.1:80");
        stage.why("http://api.shop.test/").is_well();
    }
}
