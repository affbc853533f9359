//! The ruleset as `nft -a list ruleset` prints it: each rule in nft's own words.

use std::collections::HashMap;

use crate::facts::clean;

/// Every rule by its table and handle, without its counter's values.
#[derive(Debug, Default)]
pub(super) struct OwnWords(HashMap<(String, u64), String>);

impl OwnWords {
    /// Reads a listing.
    pub(super) fn of(listing: &str) -> Self {
        OwnWords(own_words(listing))
    }

    /// The words for one rule.
    pub(super) fn for_rule(&self, table: &str, handle: u64) -> Option<&str> {
        let place = (table.to_owned(), handle);
        self.0.get(&place).map(String::as_str)
    }
}

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
