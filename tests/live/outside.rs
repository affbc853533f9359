//! Other machines, and the way there: a second network namespace is all of the internet.

use crate::stage::{Server, Stage, run, stories};

/// Everything outside, behind a router at 10.9.0.2: a network namespace at the other
/// end of a cable, which has all of these addresses.
struct Internet {
    place: Server,
}

impl Internet {
    /// Lays the cable, and takes it as the way out.
    fn with(stage: &Stage, addresses: &[&str]) -> Self {
        let place = stage.program(
            &["unshare", "--net", "sh", "-c", "echo up; exec sleep 600"],
            &stage.work(),
            "up",
        );
        let pid = place.pid();
        run("ip link add near type veth peer name far");
        run(&format!("ip link set far netns {pid}"));
        run("ip addr add 10.9.0.1/24 dev near");
        run("ip addr add fd09::1/64 dev near nodad");
        run("ip link set near up");
        let internet = Internet { place };
        internet.run("ip link set lo up");
        internet.run("ip addr add 10.9.0.2/24 dev far");
        internet.run("ip addr add fd09::2/64 dev far nodad");
        internet.run("ip link set far up");
        for address in addresses {
            internet.run(&format!("ip addr add {address} dev lo nodad"));
        }
        run("ip route add default via 10.9.0.2");
        run("ip -6 route add default via fd09::2");
        internet
    }

    fn enter(&self) -> String {
        format!("nsenter --net --target {}", self.place.pid())
    }

    /// Runs a command there.
    fn run(&self, line: &str) {
        run(&format!("{} {line}", self.enter()));
    }

    /// Starts a server there.
    fn server(&self, stage: &Stage, part: &str) -> Server {
        let enter = self.enter();
        let by: Vec<&str> = enter.split(' ').collect();
        stage.server_by(part, &by)
    }

    /// Drops what comes there and fits.
    fn drop(&self, what: &str) {
        self.run("nft add table inet story");
        self.run("nft add chain inet story input { type filter hook input priority 0 ; }");
        self.run(&format!("nft add rule inet story input {what} drop"));
    }
}

/// Counts what this machine sends beyond the addresses that a story gives it.
fn count_packets_to_the_internet() {
    run("nft add table inet watch");
    run("nft add chain inet watch output { type filter hook output priority 0 ; }");
    let private = "{ 10.0.0.0/8, 127.0.0.0/8, 192.168.0.0/16 }";
    run(&format!(
        "nft add rule inet watch output ip daddr != {private} counter"
    ));
    run("nft add rule inet watch output ip6 daddr 2000::/3 counter");
}

/// What has been counted, the two families in one text.
fn counted() -> String {
    let list = std::process::Command::new("nft")
        .args(["list", "table", "inet", "watch"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&list.stdout).into_owned();
    let words = text.lines().filter(|line| line.contains("counter"));
    words.collect()
}

stories! {
    fn no_network_at_all(stage) {
        stage
            .why("https://203.0.113.9/")
            .finds("DD913")
            .first("confidence", "certain")
            .first("says", "no network interface is up but loopback");
    }

    fn a_name_without_a_network(stage) {
        stage.cover("/etc/nsswitch.conf", "passwd: files\nhosts: files dns\n");
        stage.cover("/etc/resolv.conf", "nameserver 203.0.113.53\n");
        stage
            .why("https://shop.com/")
            .finds("DD913")
            .verdict("unresolved");
    }

    fn a_network_that_leads_nowhere(stage) {
        stage.lan("192.168.7.5/24");
        stage
            .why("https://203.0.113.9/")
            .finds("DD913")
            .first("says", "no route out of its own networks");
    }

    fn a_router_that_is_not_there(stage) {
        stage.lan("192.168.7.5/24");
        run("ip route add default via 192.168.7.1");
        stage
            .why("https://203.0.113.9/")
            .finds("DD913")
            .first("says", "its router 192.168.7.1 (lan0) does not answer");
    }

    fn a_router_with_nothing_behind_it(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32", "1.1.1.1/32", "8.8.8.8/32"]);
        internet.drop("ip daddr != 10.9.0.2");
        stage
            .why("https://203.0.113.9/")
            .finds("DD913")
            .first("says", "its router answers, and nothing behind it does");
    }

    fn nothing_is_sent_to_the_internet_for_a_private_host(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["10.50.0.1/32"]);
        internet.drop("tcp dport 3000");
        count_packets_to_the_internet();
        stage.why("10.50.0.1:3000").finds("DD912");
        stage.why("3000").finds("DD201");
        stage.why("http://db.shop.test:5432").finds("DD101");
        let counted = counted();
        assert_eq!(counted.matches("packets 0 ").count(), 2, "{counted}");
        // The counters count.
        stage.why("203.0.113.9:3000");
        assert!(self::counted().matches("packets 0 ").count() < 2);
    }
}
