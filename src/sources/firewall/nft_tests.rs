use super::super::Course;
use super::*;

/// Recorded from nft 1.0.6.
const NATIVE: &str = include_str!("../../../tests/recorded/nft/native.json");
const NATIVE_WORDS: &str = include_str!("../../../tests/recorded/nft/native.txt");
/// Recorded from nft 1.0.6 with rules that iptables 1.8.9 made.
const IPTABLES: &str = include_str!("../../../tests/recorded/nft/iptables.json");
const IPTABLES_WORDS: &str = include_str!("../../../tests/recorded/nft/iptables.txt");

fn packet(port: u16, course: Course) -> Packet {
    let to = ([192, 168, 7, 20], port).into();
    Packet { to, course }
}

fn by(json: &str, words: &str, packet: &Packet) -> Vec<String> {
    parse(json, &OwnWords::of(words), packet)
        .unwrap()
        .into_iter()
        .map(|read| {
            let rule = read.rule;
            let named = if rule.names_port { "*" } else { "" };
            format!("{}{named} {:?}: {}", rule.chain, rule.verdict, rule.text)
        })
        .collect()
}

fn met(json: &str, words: &str, port: u16) -> Vec<String> {
    by(json, words, &packet(port, Course::In(None)))
}

/// The rules for our own packets that have a port only.
fn parse_plain(json: &str) -> Result<Vec<Read>, String> {
    parse(json, &OwnWords::default(), &packet(80, Course::Within))
}

fn native(port: u16) -> Vec<String> {
    met(NATIVE, NATIVE_WORDS, port)
}

/// What a connection of this machine to itself meets.
fn within(json: &str, words: &str, port: u16) -> Vec<String> {
    by(json, words, &packet(port, Course::Within))
}

#[test]
fn the_first_rule_that_surely_takes_the_packet_ends_the_chain() {
    let set = "input* Reject: tcp dport @blocked counter reject with tcp reset";
    assert_eq!(native(3000), [set]);
    assert_eq!(native(22), ["input* Accept: tcp dport 22 counter accept"]);
    assert_eq!(
        native(4500),
        ["input* Drop: tcp dport @ranges counter drop"]
    );
    let list = "input* Drop: tcp dport { 5000, 6000-6100 } counter drop comment \"old\"";
    assert_eq!(native(6050), [list]);
}

#[test]
fn comparisons_and_maps_are_understood() {
    let map = "tcp dport vmap { 9000 : drop, 9001 : accept, 9100-9200 : jump extra }";
    assert_eq!(native(9000), [format!("input* Drop: {map}")]);
    assert_eq!(native(9001), [format!("input* Accept: {map}")]);
    assert_eq!(
        native(60000),
        ["input* Drop: tcp dport >= 60000 log prefix \"x\" drop"]
    );
    let both = "input* Drop: tcp dport != 7000 tcp dport 7001 drop";
    assert_eq!(native(7001), [both]);
}

#[test]
fn jumps_are_followed_and_a_sure_return_comes_back() {
    // `extra` returns before its drop: the packet meets the catch-all behind the jump.
    let all = "input Drop: meta l4proto { tcp, udp } counter drop";
    assert_eq!(native(3001), [all]);
    assert_eq!(native(9150), [all]);
}

#[test]
fn nat_is_met_on_the_way_out() {
    assert_eq!(
        within(NATIVE, NATIVE_WORDS, 3003)[0],
        "out* Redirect: tcp dport 3003 redirect to :4003"
    );
    assert_eq!(
        within(NATIVE, NATIVE_WORDS, 3004)[0],
        "out* Redirect: tcp dport 3004 dnat to 127.0.0.1:9"
    );
}

#[test]
fn rules_of_iptables_are_read_through_their_words() {
    let words = |port| met(IPTABLES, IPTABLES_WORDS, port);
    assert_eq!(
        words(3000),
        ["INPUT* Reject: tcp dport 3000 counter reject"]
    );
    let multiport = "meta l4proto tcp tcp dport { 3001, 3002-3004 } counter drop";
    let policy = "INPUT Drop: policy drop";
    assert_eq!(words(3003), [format!("INPUT* Drop: {multiport}")]);
    assert_eq!(words(4000), [policy]);
    let reject = "OUTPUT* Reject: meta l4proto tcp tcp dport 3005 counter reject with tcp reset";
    assert_eq!(within(IPTABLES, IPTABLES_WORDS, 3005), [reject, policy]);
}

#[test]
fn counters_are_read_only_where_they_count_what_the_rule_takes() {
    let rule = |expr: &str| {
        let json = format!(
            r#"{{"nftables":[
            {{"chain":{{"family":"inet","table":"t","name":"i","hook":"input","prio":0}}}},
            {{"counter":{{"family":"inet","table":"t","name":"c","packets":5}}}},
            {{"rule":{{"family":"inet","table":"t","chain":"i","handle":4,"expr":[{expr}]}}}}]}}"#
        );
        parse_plain(&json).unwrap()[0].packets
    };
    let dport =
        r#"{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":80}}"#;
    let count = r#"{"counter":{"packets":3,"bytes":180}}"#;
    let drop = r#"{"drop":null}"#;
    assert_eq!(rule(&format!("{dport},{count},{drop}")), Some(3));
    assert_eq!(rule(&format!("{count},{dport},{drop}")), None);
    assert_eq!(
        rule(&format!("{dport},{{\"counter\":\"c\"}},{drop}")),
        Some(5)
    );
    assert_eq!(rule(&format!("{dport},{drop}")), None);
}

#[test]
fn a_chain_that_jumps_to_itself_ends() {
    let json = r#"{"nftables":[
        {"chain":{"family":"ip","table":"t","name":"i","hook":"input","prio":0,"policy":"drop"}},
        {"rule":{"family":"ip","table":"t","chain":"i","handle":1,"expr":[{"jump":{"target":"i"}}]}}]}"#;
    assert_eq!(parse_plain(json).unwrap().len(), 1);
}

#[test]
fn what_is_no_ruleset_is_an_error() {
    assert!(parse_plain("").is_err());
    assert!(parse_plain("{}").is_err());
    assert!(parse_plain(r#"{"nftables":[]}"#).unwrap().is_empty());
    assert!(
        parse_plain(r#"{"nftables":[1,{"rule":null},{"chain":[]}]}"#)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_loopback_interface_tells_our_own_packets_from_those_of_others() {
    let lo = "input Accept: iif \"lo\" accept";
    assert_eq!(within(NATIVE, NATIVE_WORDS, 3000), [lo]);
    assert!(!native(3000).contains(&lo.to_owned()));
}

#[test]
fn a_chain_that_may_have_been_left_decides_nothing() {
    let json = r#"{"nftables":[
        {"chain":{"family":"ip","table":"t","name":"i","hook":"input","prio":0,"policy":"drop"}},
        {"rule":{"family":"ip","table":"t","chain":"i","handle":1,"expr":[{"jump":{"target":"c"}}]}},
        {"rule":{"family":"ip","table":"t","chain":"c","handle":2,"expr":[
            {"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"10.0.0.1"}},
            {"return":null}]}},
        {"rule":{"family":"ip","table":"t","chain":"c","handle":3,"expr":[{"drop":null}]}}]}"#;
    let rules = parse_plain(json).unwrap();
    let seen: Vec<_> = rules
        .iter()
        .map(|read| (read.rule.chain.as_str(), read.rule.conditional))
        .collect();
    assert_eq!(seen, [("c", true), ("i", false)]);
}

#[test]
fn who_wrote_a_rule_is_known_by_its_names() {
    assert_eq!(manager("filter", "ufw-user-input", |_| false), Some("ufw"));
    assert_eq!(
        manager("filter", "INPUT", |name| name == "ufw-before-input"),
        Some("ufw")
    );
    assert_eq!(
        manager("firewalld", "filter_INPUT", |_| false),
        Some("firewalld")
    );
    assert_eq!(manager("filter", "INPUT", |_| false), None);
}
