//! Names: localhost, those below it, the name servers.

use crate::stage::{Ask, ask_servers, stories};

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

    fn a_silent_name_server_is_asked_while_the_resolver_waits_for_it(stage) {
        let _silent = stage.server("udp 127.0.0.1:53");
        ask_servers(stage, &["127.0.0.1"]);
        let answer = stage.why("http://shop.test:3000/");
        answer.finds("DD102");
        let looks = answer.json["looks"].as_array().unwrap();
        let took = |what: &str| {
            let mut named = looks.iter().filter(|look| look["what"] == what);
            named.next().and_then(|look| look["took_us"].as_u64()).unwrap()
        };
        let one_after_the_other = took("name") + took("name servers");
        let whole = answer.json["took_ms"].as_u64().unwrap() * 1000;
        assert!(whole < one_after_the_other, "{}", answer.json);
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

    fn an_answer_that_is_too_long_for_a_datagram(stage) {
        let _first = stage.server("dns 127.0.0.1:53 other.shop.test=127.0.0.1");
        let _second = stage.server("dns 127.0.0.2:53 long tcp api.shop.test=127.0.0.9");
        ask_servers(stage, &["127.0.0.1", "127.0.0.2"]);
        // What only TCP tells is known.
        stage
            .why("http://api.shop.test/")
            .finds("DD104")
            .first("says", "127.0.0.2 says 127.0.0.9");
        // And so it is to the system's own resolver.
        ask_servers(stage, &["127.0.0.2"]);
        let _web = stage.server("serve 127.0.0.9:80");
        stage.why("http://api.shop.test/").is_well();
    }

    fn a_long_answer_that_may_not_be_asked_for_over_tcp(stage) {
        let _server = stage.server("dns 127.0.0.1:53 long api.shop.test=127.0.0.1");
        ask_servers(stage, &["127.0.0.1"]);
        stage
            .why("http://api.shop.test/")
            .finds("DD102")
            .verdict("unresolved")
            .first("says", "too long for a datagram, and refuses connections (TCP) at its port 53")
            .fix("dig +tcp @127.0.0.1 api.shop.test");
    }

    fn the_name_that_containers_have_for_this_machine(stage) {
        let server = stage.server("serve 127.0.0.1:3000");
        let inside = Ask::new("host.docker.internal:3000").var("REMOTE_CONTAINERS", "true");
        stage
            .ask(inside)
            .finds("DD101")
            .verdict("unresolved")
            .first("confidence", "certain")
            .first("says", "this container was not given the name host.docker.internal");
        if std::path::Path::new("/.dockerenv").exists() {
            // Nothing else is to be seen from here: the tests run inside a container.
            return;
        }
        stage
            .why("host.docker.internal:3000")
            .finds("DD101")
            .first("confidence", "certain")
            .fix("devdoctor why localhost:3000");
        stage.why("localhost:3000").is_well();
        // As Docker Desktop writes it, and the network has changed since.
        stage.lan("192.168.7.5/24");
        let old = "127.0.0.1 localhost\n192.168.7.99 host.docker.internal\n";
        stage.cover("/etc/hosts", old);
        stage
            .why("host.docker.internal:3000")
            .finds("DD103")
            .first("says", "line 2 of /etc/hosts sends host.docker.internal to 192.168.7.99")
            .fix("devdoctor why localhost:3000");
        drop(server);
        let _everywhere = stage.server("serve 0.0.0.0:3000");
        stage.cover("/etc/hosts", "192.168.7.5 host.docker.internal\n");
        stage.why("host.docker.internal:3000").is_well();
    }

    fn a_slip_of_localhost(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        stage
            .why("http://locahost:3000/health")
            .finds("DD101")
            .first("says", "localhost is probably meant")
            .fix("devdoctor why http://localhost:3000/health");
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 shop.test\n");
        stage
            .why("shop.tset:3000")
            .finds("DD101")
            .first("says", "shop.test is probably meant");
    }
}
