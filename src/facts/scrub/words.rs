//! Words that are private, or a part of which is: hosts, paths, command lines.

use crate::facts::is_machine_name;

/// A name within this machine or this compose project stays, one of the network goes.
pub(super) fn scrub_host(host: &str) -> String {
    let own = is_machine_name(host)
        || !host.contains('.')
        || harmless(host)
        || host.ends_with(".localhost");
    if own {
        host.to_owned()
    } else {
        "…".to_owned()
    }
}

pub(super) fn scrub_text(value: &str, home: Option<&str>, user: &str) -> String {
    let mut out = value.to_owned();
    if let Some(home) = home.filter(|home| home.len() > 1) {
        out = replace_folder(&out, home, "~");
    }
    if !user.is_empty() && user != "root" {
        out = replace_folder(&out, &format!("/home/{user}"), "~");
        out = replace_folder(&out, &format!("/Users/{user}"), "~");
    }
    out
}

/// Replaces `folder` wherever it stands as a whole path component.
pub(super) fn replace_folder(text: &str, folder: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(folder) {
        let after = &rest[at + folder.len()..];
        out.push_str(&rest[..at]);
        let whole = after.is_empty() || after.starts_with(['/', ':', ' ', '"', '\'']);
        out.push_str(if whole { with } else { folder });
        rest = after;
    }
    out.push_str(rest);
    out
}

pub(super) fn scrub_argv(argv: &[String], text: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut before = "";
    argv.iter()
        .enumerate()
        .map(|(at, word)| {
            let secret = is_secret(before);
            before = word;
            if secret && !word.starts_with('-') {
                return "…".to_owned();
            }
            if is_program(at, word) {
                return text(word);
            }
            match (word.split_once('='), glued(word)) {
                (Some((name, value)), _) if is_secret(name) || !harmless(value) => {
                    format!("{name}=…")
                }
                (Some(_), _) => word.clone(),
                (None, Some(flag)) => format!("{flag}…"),
                _ if harmless(word) => word.clone(),
                _ => "…".to_owned(),
            }
        })
        .collect()
}

/// The first words of a command line say which program it is, unless they carry a value.
fn is_program(at: usize, word: &str) -> bool {
    let plain = !word.contains(['=', '@']) && !word.contains("://") && !word.starts_with('-');
    plain && (at == 0 || at < 3 && word.contains(['/', '.', '\\']))
}

/// Whether the value of this flag or variable is a secret, however plain it looks.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "secret", "token", "key", "auth", "cred"]
        .iter()
        .any(|word| name.contains(word))
}

/// The short flag to which a value is glued: `-p` of `-pSecret`, nothing for `-p3000` or `-jar`.
fn glued(word: &str) -> Option<String> {
    let rest = word.strip_prefix('-').filter(|r| !r.starts_with('-'))?;
    let flag = rest.chars().next()?;
    let value = &rest[flag.len_utf8()..];
    let letters = value.len() <= 3 && rest.bytes().all(|b| b.is_ascii_alphabetic());
    let number = value.len() <= 6 && value.bytes().all(|b| b.is_ascii_digit());
    (!letters && !number).then(|| format!("-{flag}"))
}

/// Flags, numbers, addresses and plain lower-case words tell nothing about anybody.
pub(super) fn harmless(word: &str) -> bool {
    let short_word = word.len() <= 16 && word.chars().all(|c| c.is_ascii_lowercase() || c == ':');
    let address = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']'))
        && word.len() <= 45
        && word.chars().any(|c| matches!(c, '.' | ':'));
    let number = word.len() <= 6 && word.bytes().all(|b| b.is_ascii_digit());
    (word.starts_with('-') && !word.contains('=')) || short_word || address || number
}
