use super::super::listing::use_own_words;
use super::*;

/// Recorded from nft 1.0.6.
const NATIVE: &str = include_str!("../../../tests/recorded/nft/native.json");
const NATIVE_WORDS: &str = include_str!("../../../tests/recorded/nft/native.txt");
/// Recorded from nft 1.0.6 with rules that iptables 1.8.9 made.
const IPTABLES: &str = include_str!("../../../tests/recorded/nft/iptables.json");
const IPTABLES_WORDS: &str = include_str!("../../../tests/recorded/nft/iptables.txt");

fn met(json: &str, words: &str, port: u16) -> Vec<String> {
    let mut rules = parse(json, port).unwrap();
    use_own_words(&mut rules, words, port);
    rules
        .into_iter()
        .map(|read| {
            let rule = read.rule;
            let named = if rule.names_port { "*" } else { "" };
            format!("{}{named} {:?}: {}", rule.chain, rule.verdict, rule.text)
        })
        .collect()
}

fn native(port: u16) -> Vec<String> {
    // The first rule lets loopback in, and may or may not apply.
    let mut met = met(NATIVE, NATIVE_WORDS, port);
    let lo = met
        .iter()
        .position(|rule| rule == "input Accept: iif \"lo\" accept");
    met.remove(lo.unwrap());
    met
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
        native(3003)[0],
        "out* Redirect: tcp dport 3003 redirect to :4003"
    );
    assert_eq!(
        native(3004)[0],
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
    assert_eq!(
        words(3003),
        [format!("INPUT* Drop: {multiport}"), policy.to_owned()]
    );
    assert_eq!(words(4000), [policy]);
    let reject = "OUTPUT* Reject: meta l4proto tcp tcp dport 3005 counter reject with tcp reset";
    assert_eq!(words(3005), [reject, policy]);
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
        parse(&json, 80).unwrap()[0].packets
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
    assert_eq!(parse(json, 80).unwrap().len(), 1);
}

#[test]
fn what_is_no_ruleset_is_an_error() {
    assert!(parse("", 80).is_err());
    assert!(parse("{}", 80).is_err());
    assert!(parse(r#"{"nftables":[]}"#, 80).unwrap().is_empty());
    assert!(
        parse(r#"{"nftables":[1,{"rule":null},{"chain":[]}]}"#, 80)
            .unwrap()
            .is_empty()
    );
}
