//! There is no way to the address, or a wrong one.

use std::process::Command;

use crate::stage::{Ask, Stage, has, run, stories};

/// An interface of a tunnel, held open by nobody.
fn tunnel(stage: &Stage) -> bool {
    let made = Command::new("ip")
        .args(["tuntap", "add", "dev", "tun0", "mode", "tun"])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        stage.pass_over("the kernel has no tunnels, or /dev/net/tun is missing");
        return false;
    }
    run("ip addr add 10.8.0.2/32 dev tun0");
    run("ip link set tun0 up");
    true
}

/// A script of the folder beside this file, put where everybody may read it.
fn script(stage: &Stage, name: &str, text: &str) -> String {
    let file = stage.folder().join(name);
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// The number in a file of the kernel's settings.
fn setting(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/sys/net/{name}")).ok()?;
    text.trim().parse().ok()
}

/// A rule of the kernel's address translation for what leaves.
fn nat(stage: &Stage, rule: &str) -> bool {
    if !stage.needs(&["nft"]) {
        return false;
    }
    let made = Command::new("nft")
        .args(["add", "table", "ip", "story"])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        stage.pass_over("the kernel has no nftables");
        return false;
    }
    run("nft add chain ip story output { type nat hook output priority -100 ; }");
    run(&format!("nft add rule ip story output {rule}"));
    true
}

stories! {
    fn a_redirect_to_a_dead_port(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        if nat(stage, "tcp dport 3000 counter redirect to :4000") {
            stage
                .why("127.0.0.1:3000")
                .finds("DD703")
                .verdict("refused")
                .first("confidence", "certain")
                .first("says", "to port 4000, where nobody listens")
                .fix("sudo nft delete rule ip story output handle 2");
        }
    }

    fn a_redirect_where_nobody_listens(stage) {
        if nat(stage, "tcp dport 3000 counter dnat to 127.0.0.1:9") {
            stage
                .why("127.0.0.1:3000")
                .finds("DD703")
                .first("confidence", "certain")
                .first("says", "to 127.0.0.1:9, where nobody listens");
        }
    }

    fn a_redirect_that_answers(stage) {
        let _server = stage.server("serve 127.0.0.1:4000");
        if nat(stage, "tcp dport 3000 redirect to :4000") {
            stage
                .why("127.0.0.1:3000")
                .names("DD703")
                .verdict("reachable")
                .first("severity", "info")
                .exits(0);
        }
    }

    fn a_redirect_that_may_not_be_read(stage) {
        if !stage.needs(&["setpriv"]) || !stage.needs_root() {
            return;
        }
        let _server = stage.server("reset 127.0.0.1:4000");
        if nat(stage, "tcp dport 3000 redirect to :4000") {
            let answer = stage.ask(Ask::new("127.0.0.1:3000").by_another_user());
            answer
                .finds("DD703")
                .first("confidence", "likely")
                .fix("sudo devdoctor why 127.0.0.1:3000");
        }
    }

    fn a_redirect_of_the_older_iptables(stage) {
        if !stage.needs(&["iptables-legacy"]) {
            return;
        }
        let rule = "-t nat -A OUTPUT -p tcp --dport 3000 -j REDIRECT --to-ports 4000";
        let mut words = vec!["-w"];
        words.extend(rule.split(' '));
        let made = Command::new("iptables-legacy").args(&words).output();
        if !made.is_ok_and(|made| made.status.success()) {
            return stage.pass_over("the kernel has no older iptables");
        }
        stage
            .why("127.0.0.1:3000")
            .finds("DD703")
            .first("confidence", "certain")
            .first("says", "to port 4000");
    }

    fn a_rule_for_another_port_is_no_cause(stage) {
        if nat(stage, "tcp dport 3001 counter redirect to :4000") {
            stage.why("127.0.0.1:3000").finds("DD201");
        }
    }

    fn loopback_is_switched_off(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        run("ip link set lo down");
        stage
            .why("3000")
            .finds("DD704")
            .first("confidence", "certain")
            .fix("sudo ip link set lo up");
    }

    fn loopback_was_never_switched_on(stage) {
        if !has("unshare") {
            return;
        }
        // A process table of its own, so that this is no sandbox below another namespace.
        let inside = "unshare --net --pid --fork --kill-child --mount --mount-proc";
        let answer = stage.ask(Ask::new("127.0.0.1:3000").by(inside));
        answer.finds("DD704").verdict("unreachable").fix("sudo ip link set lo up");
    }

    fn routes_that_stop_packets(stage) {
        stage.lan("192.168.50.10/24");
        for (at, kind) in ["blackhole", "prohibit", "unreachable"].iter().enumerate() {
            run(&format!("ip route add {kind} 10.{at}.0.0/16"));
            stage
                .why(&format!("10.{at}.0.1:3000"))
                .finds("DD704")
                .first("confidence", "certain")
                .fix(&format!("sudo ip route del {kind} 10.{at}.0.0/16"));
        }
    }

    fn ipv6_routes_that_stop_packets(stage) {
        stage.lan("192.168.50.10/24");
        for (at, kind) in ["blackhole", "prohibit", "unreachable"].iter().enumerate() {
            run(&format!("ip -6 route add {kind} fd00:{at}::/32"));
            stage
                .why(&format!("[fd00:{at}::1]:3000"))
                .finds("DD704")
                .first("confidence", "certain");
        }
    }

    fn a_routing_rule_stops_packets(stage) {
        stage.lan("192.168.50.10/24");
        run("ip rule add to 10.9.0.0/16 priority 100 prohibit");
        stage
            .why("10.9.1.1:3000")
            .finds("DD704")
            .first("says", "from all to 10.9.0.0/16 prohibit")
            .fix("sudo ip rule del priority 100");
    }

    fn no_route_at_all(stage) {
        stage.lan("192.168.50.10/24");
        // With a way out, and none for this family, it is not offline.
        run("ip route add default via 192.168.50.1");
        stage.why("[fd00:9::1]:3000").finds("DD704").first("says", "no route to fd00:9::1");
    }

    fn a_vpn_takes_the_local_network(stage) {
        stage.lan("192.168.50.10/24");
        if !tunnel(stage) {
            return;
        }
        run("ip route add default dev tun0 table 51820");
        run("ip rule add not fwmark 51820 lookup 51820 priority 500");
        let answer = stage.why("192.168.50.77:3000");
        answer
            .finds("DD705")
            .first("says", "192.168.50.0/24 of lan0")
            .fix("sudo ip rule add to 192.168.50.77 lookup main priority 499");
        // The fix is true: with it the packets are back in the local network, where nobody is.
        run("ip rule add to 192.168.50.77 lookup main priority 499");
        stage.why("192.168.50.77:3000").finds("DD912");
    }

    fn a_vpn_has_a_narrower_route(stage) {
        stage.lan("192.168.50.10/24");
        if tunnel(stage) {
            run("ip route add 192.168.50.64/26 dev tun0");
            stage
                .why("192.168.50.77:3000")
                .finds("DD705")
                .fix("sudo ip route add 192.168.50.77 dev lan0");
        }
    }

    fn a_bridge_hides_another_network(stage) {
        if !tunnel(stage) {
            return;
        }
        run("ip route add 172.16.0.0/12 dev tun0");
        run("ip link add br-story type bridge");
        run("ip addr add 172.18.0.1/16 dev br-story");
        run("ip link set br-story up");
        stage.why("172.18.0.5:3000").finds("DD705").first("says", "overlaps with 172.16.0.0/12");
    }

    fn a_tunnel_alone_is_no_fault(stage) {
        stage.lan("192.168.50.10/24");
        if tunnel(stage) {
            run("ip route add 10.20.0.0/16 dev tun0");
            stage.why("10.20.0.5:3000").finds("DD912");
        }
    }

    fn no_source_port_is_left(stage) {
        let _server = stage.server("silent 127.0.0.1:3000");
        std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "61000 61003").unwrap();
        let _client = stage.server("hold 127.0.0.1:3000 4");
        stage
            .why("127.0.0.1:3000")
            .finds("DD706")
            .first("confidence", "certain")
            .first("says", "holds 4 of 4");
        // For another destination the same ports are free.
        let _other = stage.server("serve 127.0.0.1:3001");
        stage.why("127.0.0.1:3001").is_well();
    }

    fn the_table_of_tracked_connections_is_full(stage) {
        if !stage.needs(&["nft", "python3"]) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        if !nat(stage, "tcp dport 3999 redirect to :4000") {
            return;
        }
        let max = setting("netfilter/nf_conntrack_max").unwrap_or(0);
        // A quarter of a kibibyte of the kernel's memory each.
        if max == 0 || max > 600_000 {
            return stage.pass_over("the table of tracked connections is too large to be filled");
        }
        let fill = script(stage, "fill.py", include_str!("scripts/fill_conntrack.py"));
        run(&format!("python3 {fill} {max}"));
        stage
            .why("127.0.0.1:3000")
            .finds("DD707")
            .verdict("timed-out")
            .first("confidence", "certain");
    }

    fn a_filter_of_system_calls(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        let filter = script(stage, "seccomp.py", include_str!("scripts/seccomp.py"));
        let answer = stage.ask(Ask::new("127.0.0.1:3000").by(&format!("python3 {filter}")));
        answer
            .finds("DD708")
            .first("confidence", "certain")
            .first("says", "seccomp");
    }

    fn a_landlock_policy(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        let policy = script(stage, "landlock.py", include_str!("scripts/landlock.py"));
        let works = Command::new("python3").args([&policy, "/bin/true"]).output();
        if !works.is_ok_and(|output| output.status.success()) {
            return stage.pass_over("the kernel has no Landlock for the network");
        }
        let answer = stage.ask(Ask::new("127.0.0.1:3000").by(&format!("python3 {policy}")));
        answer.finds("DD708").first("confidence", "certain").first("says", "Landlock");
    }

    fn a_sandbox_without_a_network(stage) {
        if !stage.needs(&["setpriv", "unshare"]) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        let up = script(stage, "up.sh", "ip link set lo up\nexec \"$@\"\n");
        let inside = format!(
            "unshare --net --pid --fork --kill-child --mount --mount-proc \
             setpriv --no-new-privs sh {up}"
        );
        let answer = stage.ask(Ask::new("127.0.0.1:3000").by(&inside));
        answer.finds("DD708").first("says", "without a network");
        let far = stage.ask(Ask::new("10.9.9.9:3000").by(&inside));
        far.finds("DD708");
    }

    fn a_rule_of_this_machine_refuses_another_one(stage) {
        stage.lan("192.168.50.10/24");
        if !stage.needs(&["nft"]) || !nat(stage, "tcp dport 3999 redirect to :4000") {
            return;
        }
        run("nft add chain ip story filter { type filter hook output priority 0 ; }");
        run("nft add rule ip story filter tcp dport 3000 counter reject with tcp reset");
        stage
            .why("192.168.50.77:3000")
            .finds("DD701")
            .first("confidence", "certain")
            .first("says", "table ip story, chain filter");
        run("nft flush chain ip story filter");
        run("nft add rule ip story filter tcp dport 3000 counter drop");
        stage
            .why("192.168.50.77:3000")
            .finds("DD702")
            .first("confidence", "certain");
    }

    fn a_rule_of_the_older_iptables_rejects(stage) {
        if !stage.needs(&["iptables-legacy"]) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        let rule = "-w -A INPUT -p tcp --dport 3000 -j REJECT";
        let made = Command::new("iptables-legacy").args(rule.split(' ')).output();
        if !made.is_ok_and(|made| made.status.success()) {
            return stage.pass_over("the kernel has no older iptables");
        }
        stage
            .why("127.0.0.1:3000")
            .finds("DD701")
            .first("confidence", "certain")
            .first("says", "table ip filter, chain INPUT");
    }
}
