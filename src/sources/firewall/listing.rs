//! The ruleset as `nft -a list ruleset` prints it: each rule in nft's own words.

use std::collections::HashMap;

use super::Read;
use super::ports::{Fits, list_has};
use crate::facts::clean;

/// Gives the rules the words that `nft -a list ruleset` has for them. A rule of which
/// the JSON hid what it asks is dropped if its words name other ports.
pub(super) fn use_own_words(rules: &mut Vec<Read>, listing: &str, port: u16) {
    let words = own_words(listing);
    rules.retain_mut(|read| {
        let rule = &mut read.rule;
        let Some(handle) = rule.handle else {
            return true;
        };
        let Some(text) = words.get(&(rule.table.clone(), handle)) else {
            return true;
        };
        rule.text.clone_from(text);
        if !read.opaque {
            return true;
        }
        let Some((_, rest)) = text.split_once("dport ") else {
            return true;
        };
        let (negated, list) = match rest.strip_prefix("!= ") {
            Some(list) => (true, list),
            None => (false, rest),
        };
        let list = match list.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => list.split(' ').next().unwrap_or_default(),
        };
        let fits = list_has(list, port).negated_if(negated);
        rule.names_port |= fits == Fits::Yes;
        fits != Fits::No
    });
}

/// Every rule of a listing by its table and handle, without its counter's values.
fn own_words(listing: &str) -> HashMap<(String, u64), String> {
    let mut words = HashMap::new();
    let mut table = String::new();
    let mut rule = String::new();
    for line in listing.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("table ") {
            table = clean(rest.split(" {").next().unwrap_or_default());
            continue;
        }
        // Only rules stand on lines that neither open, close nor end in `;`.
        if line.starts_with("chain ") || line == "}" || line.ends_with(';') {
            rule.clear();
            continue;
        }
        if !rule.is_empty() {
            rule.push(' ');
        }
        rule.push_str(line);
        // A long set is broken over several lines; the handle stands on the last.
        if let Some((text, handle)) = rule.rsplit_once(" # handle ") {
            if let Ok(handle) = handle.parse() {
                words.insert((table.clone(), handle), clean(&without_counts(text)));
            }
            rule.clear();
        }
    }
    words
}

/// `counter packets 3 bytes 180` is `counter`: the numbers are no part of the rule.
fn without_counts(text: &str) -> String {
    let mut words = text.split_ascii_whitespace().peekable();
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        kept.push(word);
        if word == "counter" && words.peek() == Some(&"packets") {
            words.by_ref().take(4).for_each(drop);
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_set_is_put_together_again() {
        let listing = "table inet t { # handle 1\n\tchain i { # handle 1\n\
                   \t\ttype filter hook input priority filter; policy accept;\n\
                   \t\ttcp dport { 1, 2,\n\t\t\t     3 } counter packets 0 bytes 0 drop # handle 9\n\t}\n}\n";
        let words = own_words(listing);
        let rule = &words[&("inet t".to_owned(), 9)];
        assert_eq!(rule, "tcp dport { 1, 2, 3 } counter drop");
    }
}
