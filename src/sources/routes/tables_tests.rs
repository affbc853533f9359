use super::*;

fn entry(network: &str, prefix: u8, table: u32, interface: u32) -> Entry {
    Entry {
        network: network.parse().unwrap(),
        prefix,
        table,
        fate: Some(Fate::Sent),
        interface: Some(interface),
        gateway: None,
        source: None,
        metric: 0,
        dead: false,
    }
}

fn packet(to: &str) -> Packet {
    Packet {
        to: to.parse().unwrap(),
        from: None,
        port: 3000,
        uid: 1000,
    }
}

/// A rule that has the packet looked up in a table.
fn lookup(priority: u32, table: u32) -> Rule {
    Rule {
        priority,
        action: TO_TABLE,
        table,
        mask: u32::MAX,
        ..Rule::default()
    }
}

#[test]
fn the_narrowest_entry_of_the_first_table_that_has_one_is_taken() {
    let rules = plain_rules();
    let entries = [
        entry("0.0.0.0", 0, 254, 2),
        entry("10.1.0.0", 16, 254, 3),
        entry("10.1.2.0", 24, 254, 4),
        Entry {
            metric: 50,
            ..entry("10.1.2.0", 24, 254, 5)
        },
        Entry {
            dead: true,
            ..entry("10.1.2.3", 32, 254, 6)
        },
    ];
    let taken = |to: &str| {
        find(&rules, &entries, &packet(to))
            .and_then(|found| found.entry)
            .and_then(|entry| entry.interface)
    };
    assert_eq!(taken("10.1.2.3"), Some(4));
    assert_eq!(taken("10.1.9.9"), Some(3));
    assert_eq!(taken("8.8.8.8"), Some(2));
    assert_eq!(taken("::1"), None);
}

#[test]
fn a_vpn_rule_goes_before_the_main_table() {
    // As wg-quick sets it up: everything that it has not sent itself, except what the
    // main table knows better than by its default.
    let mut rules = plain_rules();
    let main = Rule {
        suppress: Some(0),
        ..lookup(32764, 254)
    };
    let vpn = Rule {
        inverted: true,
        mark: 51820,
        ..lookup(32765, 51820)
    };
    rules.splice(1..1, [main, vpn.clone()]);
    let entries = [
        entry("0.0.0.0", 0, 254, 2),
        entry("192.168.1.0", 24, 254, 2),
        entry("0.0.0.0", 0, 51820, 9),
    ];
    let found = find(&rules, &entries, &packet("8.8.8.8")).unwrap();
    assert_eq!(*found.rule, vpn);
    assert_eq!(found.entry.unwrap().interface, Some(9));
    let near = find(&rules, &entries, &packet("192.168.1.9")).unwrap();
    assert_eq!(near.entry.unwrap().interface, Some(2));
    assert_eq!(words(&vpn), "not from all fwmark 0xca6c lookup 51820");
}

#[test]
fn a_rule_that_asks_for_something_else_is_passed_over() {
    let to = |network: &str, prefix| Some((network.parse().unwrap(), prefix));
    let others = [
        Rule {
            to: to("10.9.0.0", 16),
            ..lookup(10, 7)
        },
        Rule {
            uids: Some((0, 0)),
            ..lookup(11, 7)
        },
        Rule {
            ports: Some((80, 90)),
            ..lookup(12, 7)
        },
        Rule {
            oif: Some("tun0".to_owned()),
            ..lookup(13, 7)
        },
        Rule {
            iif: Some("eth0".to_owned()),
            ..lookup(14, 7)
        },
        Rule {
            special: true,
            ..lookup(15, 7)
        },
        Rule {
            from: to("10.2.0.0", 16),
            ..lookup(16, 7)
        },
        Rule {
            protocol: Some(17),
            ..lookup(17, 7)
        },
    ];
    let mut rules = others.to_vec();
    rules.extend(plain_rules());
    let entries = [entry("0.0.0.0", 0, 7, 9), entry("0.0.0.0", 0, 254, 2)];
    let found = find(&rules, &entries, &packet("8.8.8.8")).unwrap();
    assert_eq!(found.entry.unwrap().interface, Some(2));
    // The same packet as the rules ask for it.
    let asked = Packet {
        from: Some("10.2.0.1".parse().unwrap()),
        ..packet("8.8.8.8")
    };
    let found = find(&rules, &entries, &asked).unwrap();
    assert_eq!(found.rule.priority, 16);
    assert_eq!(words(&rules[0]), "from all to 10.9.0.0/16 lookup 7");
    assert_eq!(words(&rules[2]), "from all dport 80-90 lookup 7");
}

#[test]
fn a_rule_may_decide_by_itself() {
    let prohibit = Rule {
        action: 8,
        to: Some(("10.9.0.0".parse().unwrap(), 16)),
        ..lookup(100, 0)
    };
    let mut rules = vec![prohibit];
    rules.extend(plain_rules());
    let entries = [entry("0.0.0.0", 0, 254, 2)];
    let found = find(&rules, &entries, &packet("10.9.1.1")).unwrap();
    assert_eq!((found.fate, found.entry), (Fate::Prohibit, None));
    assert_eq!(words(found.rule), "from all to 10.9.0.0/16 prohibit");
    assert!(!is_everybodys(found.rule));
    let found = find(&rules, &entries, &packet("10.8.1.1")).unwrap();
    assert!(is_everybodys(found.rule));
}

#[test]
fn a_jump_skips_the_rules_between() {
    let jump = Rule {
        action: GOTO,
        goto: Some(32766),
        ..lookup(5, 0)
    };
    let mut rules = vec![jump, lookup(10, 7)];
    rules.extend(plain_rules());
    let entries = [entry("0.0.0.0", 0, 7, 9), entry("0.0.0.0", 0, 254, 2)];
    let found = find(&rules, &entries, &packet("8.8.8.8")).unwrap();
    assert_eq!(found.entry.unwrap().interface, Some(2));
}

#[test]
fn networks_that_are_not_taken_are_found() {
    let entries = [
        entry("0.0.0.0", 0, 254, 2),
        entry("192.168.1.0", 24, 254, 2),
        entry("192.168.0.0", 16, 7, 9),
        entry("128.0.0.0", 1, 254, 9),
    ];
    let to = "192.168.1.20".parse().unwrap();
    let others = shadowed(&entries, to, Some(9));
    assert_eq!(others, [&entries[1]]);
}
