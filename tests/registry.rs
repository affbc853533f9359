//! The register of rules is complete and in order: every file is a rule, every
//! rule a page, every page a pair of stories.

#[path = "support/stories.rs"]
mod stories;

use std::path::{Path, PathBuf};

use devdoctor::rules::{Page, RULES, Rule, find};
use stories::Demand;

/// The families, by the third character of a code.
const FAMILIES: &[(char, &str)] = &[
    ('1', "name"),
    ('2', "presence"),
    ('3', "address"),
    ('4', "process"),
    ('5', "container"),
    ('6', "protocol"),
    ('7', "path"),
    ('8', "project"),
    ('9', "client"),
];

/// Codes that are promised. A code never changes and is never reused.
const PROMISED: &[(&str, &str)] = &[
    ("DD101", "name-not-found"),
    ("DD102", "resolver-unreachable"),
    ("DD103", "hosts-entry"),
    ("DD104", "stale-dns"),
    ("DD105", "localhost-not-loopback"),
    ("DD106", "subdomain-of-localhost"),
    ("DD201", "nothing-listens"),
    ("DD202", "not-started"),
    ("DD203", "exited"),
    ("DD204", "still-starting"),
    ("DD205", "moved-port"),
    ("DD206", "other-port"),
    ("DD207", "alive-not-listening"),
    ("DD208", "bound-not-listening"),
    ("DD209", "udp-only"),
    ("DD210", "unix-socket-only"),
    ("DD211", "service-stopped"),
    ("DD212", "other-namespace"),
    ("DD213", "crash-looping"),
    ("DD301", "wrong-family"),
    ("DD302", "loopback-only"),
    ("DD303", "v6-only-wildcard"),
    ("DD304", "bound-elsewhere"),
    ("DD305", "address-gone"),
    ("DD306", "split-brain"),
    ("DD307", "ipv6-disabled"),
    ("DD308", "unspecified-destination"),
    ("DD401", "suspended"),
    ("DD402", "paused-in-debugger"),
    ("DD403", "busy"),
    ("DD404", "backlog-full"),
    ("DD405", "out-of-file-descriptors"),
    ("DD406", "inherited-socket"),
    ("DD407", "silent"),
    ("DD408", "closes-at-once"),
    ("DD409", "port-taken"),
    ("DD410", "orphan"),
    ("DD411", "port-borrowed"),
    ("DD412", "privileged-port"),
    ("DD413", "system-service-holds-port"),
    ("DD414", "reserved-range"),
    ("DD415", "stale-pid-file"),
    ("DD416", "stale-reuseport-member"),
    ("DD501", "not-published"),
    ("DD502", "published-elsewhere"),
    ("DD503", "loopback-inside"),
    ("DD504", "wrong-container-port"),
    ("DD505", "published-on-one-address"),
    ("DD506", "container-exited"),
    ("DD507", "container-never-started"),
    ("DD508", "container-restarting"),
    ("DD509", "container-paused"),
    ("DD510", "container-not-ready"),
    ("DD511", "engine-down"),
    ("DD512", "engine-elsewhere"),
    ("DD513", "ipv6-publish-dead"),
    ("DD514", "host-network"),
    ("DD515", "no-network"),
    ("DD516", "localhost-inside-container"),
    ("DD517", "host-service-on-loopback"),
    ("DD518", "not-recreated"),
    ("DD519", "profile-not-selected"),
    ("DD520", "engine-rules-missing"),
    ("DD521", "dependency-not-ready"),
    ("DD601", "tls-expected"),
    ("DD602", "tls-not-spoken"),
    ("DD603", "certificate"),
    ("DD604", "http2-only"),
    ("DD605", "not-http"),
    ("DD606", "host-not-allowed"),
    ("DD607", "error-status"),
    ("DD608", "redirects-to-dead-end"),
    ("DD609", "headers-too-large"),
    ("DD701", "firewall-rejects"),
    ("DD702", "firewall-drops"),
    ("DD703", "port-redirected"),
    ("DD704", "no-route"),
    ("DD705", "vpn-in-the-way"),
    ("DD706", "ephemeral-ports-exhausted"),
    ("DD707", "conntrack-full"),
    ("DD708", "sandboxed"),
    ("DD711", "proxy-unreachable"),
    ("DD712", "proxy-in-the-way"),
    ("DD721", "upstream-refused"),
    ("DD722", "upstream-silent"),
    ("DD723", "dead-tunnel"),
    ("DD724", "vm-boundary"),
    ("DD725", "device-loopback"),
    ("DD801", "wanted-twice"),
    ("DD802", "config-drift"),
    ("DD803", "setting-ignored"),
    ("DD804", "proxy-target-drift"),
    ("DD805", "unreadable-config"),
    ("DD901", "unsafe-port"),
    ("DD902", "hsts"),
    ("DD903", "browser-remembers"),
    ("DD904", "browser-policy"),
    ("DD905", "local-network-access"),
    ("DD911", "remote-refuses"),
    ("DD912", "remote-silent"),
    ("DD913", "offline"),
    ("DD914", "captive-portal"),
    ("DD915", "broken-ipv6-path"),
    ("DD990", "blind-spot"),
    ("DD999", "unexplained"),
];

/// Every rule file: its family and its path.
fn rule_files() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut files = Vec::new();
    for family in std::fs::read_dir(root).unwrap() {
        let family = family.unwrap().path();
        if !family.is_dir() {
            continue;
        }
        let name = family.file_name().unwrap().to_string_lossy().into_owned();
        // What a case is asked, and no family of rules.
        if name == "case" || name == "survey" {
            continue;
        }
        for file in std::fs::read_dir(&family).unwrap() {
            let file = file.unwrap().path();
            // Beside its rules a family has what they share.
            let shared = file.file_name().unwrap() == "mod.rs"
                || !std::fs::read_to_string(&file)
                    .unwrap()
                    .contains("pub static RULE: Rule");
            if !shared {
                files.push((name.clone(), file));
            }
        }
    }
    files.sort();
    files
}

/// Fails with every complaint at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn complaints_of_each(check: impl Fn(usize, &Rule) -> Vec<String>) -> Vec<String> {
    RULES
        .iter()
        .enumerate()
        .flat_map(|(at, rule)| {
            check(at, rule)
                .into_iter()
                .map(move |complaint| format!("{} {}: {complaint}", rule.code, rule.name))
        })
        .collect()
}

#[test]
fn every_rule_file_is_registered_once_under_its_own_name() {
    let mut complaints = Vec::new();
    for (family, path) in rule_files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let registered: Vec<_> = RULES.iter().filter(|rule| rule.source == text).collect();
        let [rule] = registered[..] else {
            complaints.push(format!(
                "src/rules/{family}/{stem}.rs stands {} times in RULES, not once",
                registered.len()
            ));
            continue;
        };
        if rule.name.replace('-', "_") != stem {
            complaints.push(format!("{stem}.rs holds the rule {}", rule.name));
        }
        let digit = rule.code.chars().nth(2).unwrap_or_default();
        if !FAMILIES.contains(&(digit, family.as_str())) {
            complaints.push(format!("{} does not belong to {family}", rule.code));
        }
    }
    if RULES.len() != rule_files().len() {
        complaints.push(format!(
            "{} rules are registered, {} files are there",
            RULES.len(),
            rule_files().len()
        ));
    }
    none(&complaints);
}

#[test]
fn codes_and_names_are_unique_and_well_formed() {
    none(&complaints_of_each(|at, rule| {
        let mut complaints = Vec::new();
        let digits = rule.code.strip_prefix("DD").unwrap_or_default();
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            complaints.push("the code is not DD and three digits".to_owned());
        }
        let earlier = &RULES[..at];
        if earlier.iter().any(|other| other.code == rule.code) {
            complaints.push("the code is used twice".to_owned());
        }
        if earlier.iter().any(|other| other.name == rule.name) {
            complaints.push("the name is used twice".to_owned());
        }
        let version: Vec<_> = rule.since.split('.').collect();
        if version.len() != 3 || !version.iter().all(|part| part.parse::<u32>().is_ok()) {
            complaints.push(format!("`since` is no version: {}", rule.since));
        }
        for word in [rule.code, rule.name] {
            if find(word).is_none_or(|found| found.code != rule.code) {
                complaints.push(format!("`explain {word}` does not find it"));
            }
        }
        complaints
    }));
}

#[test]
fn every_promised_code_is_there_and_means_what_it_meant() {
    let mut complaints = Vec::new();
    for (code, name) in PROMISED {
        match RULES.iter().find(|rule| rule.code == *code) {
            None => complaints.push(format!("{code} {name} is missing")),
            Some(rule) if rule.name != *name => {
                complaints.push(format!("{code} is {name}, and now says {}", rule.name));
            }
            Some(_) => {}
        }
    }
    for rule in RULES {
        if !PROMISED.contains(&(rule.code, rule.name)) {
            complaints.push(format!("add {} {} to PROMISED", rule.code, rule.name));
        }
    }
    none(&complaints);
}

#[test]
fn a_rule_is_silenced_only_by_earlier_ones() {
    none(&complaints_of_each(|at, rule| {
        let mut complaints = Vec::new();
        for (n, other) in rule.unless.iter().enumerate() {
            if !RULES[..at].iter().any(|earlier| earlier.code == other.code) {
                complaints.push(format!(
                    "`unless` names {}, which is not earlier",
                    other.name
                ));
            }
            if rule.unless[..n]
                .iter()
                .any(|twice| twice.code == other.code)
            {
                complaints.push(format!("`unless` names {} twice", other.name));
            }
        }
        complaints
    }));
}

#[test]
fn every_page_has_its_title_and_its_sections() {
    const SECTIONS: [&str; 3] = ["## What happened", "## Why", "## What to do"];
    none(&complaints_of_each(|_, rule| {
        let page = Page::of(rule);
        let mut complaints = Vec::new();
        if !page.title.contains(' ') {
            complaints.push(format!("the title is no sentence: {}", page.title));
        }
        let headings: Vec<&str> = page
            .text
            .lines()
            .filter(|line| line.starts_with('#'))
            .skip(1)
            .collect();
        if headings != SECTIONS {
            complaints.push(format!("the sections are {headings:?}, not {SECTIONS:?}"));
        }
        for (section, text) in sections(&page.text) {
            if text.split_whitespace().count() < 5 {
                complaints.push(format!("`{section}` says nothing"));
            }
        }
        if let Some(line) = page.text.lines().find(|line| line.chars().count() > 84) {
            complaints.push(format!("this line of the page is too long: {line}"));
        }
        complaints
    }));
}

/// The second-level sections of a page, and what stands below each.
fn sections(page: &str) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in page.lines().skip(1) {
        match sections.last_mut() {
            _ if line.starts_with("## ") => sections.push((line, String::new())),
            Some((_, text)) => {
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    sections
}

#[test]
fn every_rule_speaks_in_one_story_and_is_silent_in_another() {
    let files = stories::all();
    let mut complaints = complaints_of_each(|_, rule| {
        let Some(file) = files.iter().find(|file| file.code == rule.code) else {
            return vec![format!(
                "there is no tests/cases/{}-{}.md",
                rule.code, rule.name
            )];
        };
        let mut complaints = Vec::new();
        if file.name != rule.name {
            complaints.push(format!("its case file is named {}", file.name));
        }
        // What is never the root cause speaks second.
        let speaks = [Demand::Speaks, Demand::SpeaksSecond];
        for (demands, word) in [(&speaks[..], "Speaks"), (&[Demand::Silent], "Silent")] {
            if !file
                .stories
                .iter()
                .any(|story| demands.contains(&story.demand))
            {
                complaints.push(format!("it has no `## {word}:` story"));
            }
        }
        complaints
    });
    for file in &files {
        if !RULES.iter().any(|rule| rule.code == file.code) {
            complaints.push(format!("{} belongs to no rule", file.path.display()));
        }
    }
    none(&complaints);
}
