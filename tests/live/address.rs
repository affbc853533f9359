//! Somebody listens, elsewhere than dialled.

use std::fs;

use crate::stage::{Stage, run, stories};

const ONLY_V4: &str = "127.0.0.1 localhost\n";

fn switch_ipv6_off() {
    for which in ["all", "lo"] {
        fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1").unwrap();
    }
}

fn has_ipv6(stage: &Stage) -> bool {
    let there = fs::read_to_string("/proc/net/if_inet6").is_ok_and(|list| list.contains("lo"));
    if !there {
        stage.pass_over("this machine has no IPv6");
    }
    there
}

stories! {
    fn server_on_v6_asked_on_v4(stage) {
        if !has_ipv6(stage) {
            return;
        }
        let _server = stage.server("serve [::1]:3000");
        stage
            .why("127.0.0.1:3000")
            .finds("DD301")
            .first("severity", "error")
            .first("confidence", "certain");
    }

    fn server_on_v4_asked_on_v6(stage) {
        if !has_ipv6(stage) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.why("[::1]:3000").finds("DD301").first("severity", "error");
    }

    fn localhost_is_half_served(stage) {
        if !has_ipv6(stage) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        stage
            .why("http://localhost:3000")
            .finds("DD301")
            .first("severity", "warning")
            .first("confidence", "certain")
            .verdict("mixed");
        stage.cover("/etc/hosts", ONLY_V4);
        stage.why("http://localhost:3000").is_well();
    }

    fn localhost_means_v4_and_the_server_is_on_v6(stage) {
        if !has_ipv6(stage) {
            return;
        }
        stage.cover("/etc/hosts", ONLY_V4);
        let _server = stage.server("serve [::1]:3000");
        stage.why("3000").finds("DD301").first("severity", "error");
    }

    fn loopback_only(stage) {
        stage.lan("192.168.50.10/24");
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.why("192.168.50.10:3000").finds("DD302");
    }

    fn v6_only_wildcard(stage) {
        if !has_ipv6(stage) {
            return;
        }
        let _server = stage.server("v6only 3000");
        stage
            .why("127.0.0.1:3000")
            .finds("DD303")
            .first("confidence", "certain");
        stage
            .why("http://localhost:3000")
            .finds("DD303")
            .first("severity", "warning");
    }

    fn bound_to_another_loopback_address(stage) {
        let _server = stage.server("serve 127.0.0.2:3000");
        stage.why("127.0.0.1:3000").finds("DD304");
    }

    fn bound_to_the_lan_address(stage) {
        stage.lan("192.168.50.10/24");
        let _server = stage.server("serve 192.168.50.10:3000");
        stage.why("3000").finds("DD304");
    }

    fn the_machines_name_means_another_address(stage) {
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 laptop\n");
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.why("laptop:3000").finds("DD304");
    }

    fn address_gone(stage) {
        stage.lan("192.168.50.10/24");
        let _server = stage.server("serve 192.168.50.10:3000");
        run("ip addr del 192.168.50.10/24 dev lan0");
        stage.why("192.168.50.10:3000").finds("DD305");
        stage.why("3000").finds("DD305");
    }

    fn split_brain(stage) {
        if !has_ipv6(stage) {
            return;
        }
        let _old = stage.server("serve 0.0.0.0:3000");
        let _new = stage.server("serve [::1]:3000");
        stage.why("http://localhost:3000").finds("DD306");
    }

    fn ipv6_disabled(stage) {
        if !has_ipv6(stage) {
            return;
        }
        switch_ipv6_off();
        let _server = stage.server("serve 127.0.0.1:3000");
        stage
            .why("http://[::1]:3000/")
            .finds("DD307")
            .first("confidence", "certain");
    }

    fn without_ipv6_everything_else_works(stage) {
        if has_ipv6(stage) {
            switch_ipv6_off();
        }
        stage.cover("/etc/hosts", ONLY_V4);
        stage.why("3000").finds("DD201");
        let _server = stage.server("serve 0.0.0.0:3000");
        stage.why("http://localhost:3000").is_well();
    }

    fn unspecified_destination(stage) {
        let _server = stage.server("serve 0.0.0.0:3000");
        stage
            .why("http://0.0.0.0:3000/")
            .finds("DD308")
            .first("severity", "warning");
        if has_ipv6(stage) {
            stage.why("http://[::]:3000/").finds("DD308");
        }
    }
}
