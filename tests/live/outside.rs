//! Other machines, and the way there: a second network namespace is all of the internet.

use crate::stage::{Ask, Server, Stage, ask_servers, run, stories};

/// Everything outside, behind a router at 10.9.0.2: a network namespace at the other
/// end of a cable, which has all of these addresses.
pub struct Internet {
    place: Server,
}

impl Internet {
    /// Lays the cable, and takes it as the way out.
    pub fn with(stage: &Stage, addresses: &[&str]) -> Self {
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
    pub fn server(&self, stage: &Stage, part: &str) -> Server {
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

/// What the first finding is proved by, in one text.
fn evidence(answer: &crate::stage::Answer) -> String {
    answer.json["findings"][0]["evidence"].to_string()
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

    fn well_known_hosts_are_left_alone_where_that_is_set(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32", "1.1.1.1/32", "8.8.8.8/32"]);
        let _well_known = internet.server(stage, "serve 1.1.1.1:443");
        internet.drop("ip daddr 203.0.113.9");
        run("nft add table inet watch");
        run("nft add chain inet watch output { type filter hook output priority 0 ; }");
        run("nft add rule inet watch output ip daddr { 1.1.1.1, 8.8.8.8 } counter");
        run("nft add rule inet watch output ip6 daddr 2000::/3 counter");
        let alone = Ask::new("http://203.0.113.9/").var("DEVDOCTOR_OUTSIDE_WELL_KNOWN", "false");
        stage.ask(alone).finds("DD912");
        let counted = counted();
        assert_eq!(counted.matches("packets 0 ").count(), 2, "{counted}");
        // Where it is not set they are asked, and say more.
        let answer = stage.why("http://203.0.113.9/");
        answer.finds("DD912");
        assert!(evidence(&answer).contains("1.1.1.1:443 answers"), "{}", evidence(&answer));
        assert!(self::counted().matches("packets 0 ").count() < 2);
    }

    fn down_for_everyone(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32", "1.1.1.1/32", "8.8.8.8/32"]);
        let _names = internet.server(stage, "dns 10.9.0.2:53 shop.com=203.0.113.9");
        let _well_known = internet.server(stage, "serve 1.1.1.1:443");
        internet.drop("ip daddr 203.0.113.9");
        ask_servers(stage, &["10.9.0.2"]);
        let answer = stage.why("http://shop.com/");
        answer
            .finds("DD912")
            .first("says", "is down for everyone, as far as can be seen from here");
        for proof in ["1.1.1.1:443 answers", "the name server 10.9.0.2 gives the same address"] {
            assert!(evidence(&answer).contains(proof), "{}", evidence(&answer));
        }
    }

    fn a_host_that_is_up_behind_a_firewall(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32"]);
        internet.drop("tcp dport 8080");
        stage
            .why("http://203.0.113.9:8080/")
            .finds("DD912")
            .first("says", "is up, it refuses at once on port 443, and a firewall drops");
    }

    fn a_host_whose_service_is_down(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32"]);
        // The first packet gets lost, so the refusal takes as long as one from far away.
        internet.drop("tcp dport 8443 limit rate 1/day burst 1 packets");
        let _other = internet.server(stage, "serve 203.0.113.9:80");
        stage
            .why("https://203.0.113.9:8443/")
            .finds("DD911")
            .first("says", "is up, it answers on port 80, and refuses connections to port 8443");
    }

    fn an_answer_that_was_kept_too_long(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let all = ["203.0.113.9/32", "203.0.113.10/32", "1.1.1.1/32"];
        let internet = Internet::with(stage, &all);
        let _well_known = internet.server(stage, "serve 1.1.1.1:443");
        let _new = internet.server(stage, "serve 203.0.113.10:80");
        // The resolver of this machine keeps what the name server said before.
        let _names = internet.server(stage, "dns 10.9.0.2:53 shop.com=203.0.113.10");
        let _kept = stage.server("dns 127.0.0.53:53 shop.com=203.0.113.9");
        std::fs::create_dir_all("/run/systemd/resolve").unwrap();
        std::fs::write("/run/systemd/resolve/resolv.conf", "nameserver 10.9.0.2\n").unwrap();
        internet.drop("ip daddr 203.0.113.9");
        ask_servers(stage, &["127.0.0.53"]);
        stage
            .why("http://shop.com/")
            .finds("DD104")
            .first("says", "still leads to 203.0.113.9, which fails")
            .fix("resolvectl flush-caches");
        // The same name and the same silence, without another answer.
        std::fs::write("/run/systemd/resolve/resolv.conf", "nameserver 127.0.0.53\n").unwrap();
        stage.why("http://shop.com/").finds("DD912");
    }

    fn name_servers_that_do_not_agree(stage) {
        if !stage.needs(&["nsenter"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32", "10.20.0.4/32", "10.9.0.3/32"]);
        let _inside = internet.server(stage, "serve 10.20.0.4:80");
        let _first = internet.server(stage, "dns 10.9.0.2:53 shop.com=203.0.113.9");
        let _second = internet.server(stage, "dns 10.9.0.3:53 shop.com=10.20.0.4");
        ask_servers(stage, &["10.9.0.2", "10.9.0.3"]);
        stage
            .why("http://shop.com/")
            .finds("DD104")
            .first("says", "the name servers do not agree on shop.com");
    }

    fn ipv6_that_leads_nowhere(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32", "2001:db8::9/128"]);
        let _web = internet.server(stage, "serve 203.0.113.9:80");
        internet.drop("meta nfproto ipv6 tcp dport { 80, 443 }");
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost\n2001:db8::9 shop.com\n203.0.113.9 shop.com\n",
        );
        stage
            .why("http://shop.com/")
            .finds("DD915")
            .first("confidence", "certain")
            .first("says", "IPv6 leads nowhere from here")
            .verdict("mixed");
    }

    fn a_machine_without_ipv6_is_well(stage) {
        if !stage.needs(&["nsenter"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32"]);
        let _web = internet.server(stage, "serve 203.0.113.9:80");
        run("ip -6 route del default");
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost\n2001:db8::9 shop.com\n203.0.113.9 shop.com\n",
        );
        stage.why("http://shop.com/").is_well();
    }

    fn a_network_that_wants_a_login(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32", "203.0.113.80/32"]);
        // Every name leads somewhere, and whoever is asked there over HTTP is the portal.
        let _names = internet.server(
            stage,
            "dns 10.9.0.2:53 shop.com=203.0.113.9 *=203.0.113.80",
        );
        let _portal = internet.server(stage, "redirect http://login.hotel.test/?mac=1 0.0.0.0:80");
        ask_servers(stage, &["10.9.0.2"]);
        stage
            .why("http://shop.com/")
            .finds("DD914")
            .first("says", "sends them to login.hotel.test");
        // HTTPS is refused there.
        stage.why("https://shop.com/").finds("DD914");
    }

    fn a_site_that_sends_everybody_on(stage) {
        if !stage.needs(&["nsenter"]) {
            return;
        }
        let internet = Internet::with(stage, &["203.0.113.9/32", "203.0.113.80/32"]);
        let _names = internet.server(
            stage,
            "dns 10.9.0.2:53 shop.com=203.0.113.9 connectivitycheck.gstatic.com=203.0.113.80",
        );
        let _site = internet.server(stage, "redirect http://other.test/ 203.0.113.9:80");
        let _page = internet.server(stage, "status 204 203.0.113.80:80");
        ask_servers(stage, &["10.9.0.2"]);
        let answer = stage.why("http://shop.com/");
        assert!(!answer.codes().contains(&"DD914"), "{:?}", answer.codes());
    }
}
