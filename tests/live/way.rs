//! There is no way to the address, or a wrong one.

use std::process::Command;

use crate::stage::{Stage, has, run, stories};

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

stories! {
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
        let answer = stage.ask(crate::stage::Ask::new("127.0.0.1:3000").by(inside));
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
        stage.why("[fd00:9::1]:3000").finds("DD704").first("says", "no route to fd00:9::1");
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
        stage.why("10.20.0.5:3000").finds("DD704").first("says", "no route to 10.20.0.5");
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
}
