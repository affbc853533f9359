//! Text from outside, made fit to be shown.

/// The text without control characters and without the marks that turn or hide text.
///
/// Process names, paths, banners and config values come from outside: an escape
/// sequence in one of them must not reach a terminal, a notification or a log.
#[must_use]
pub fn clean(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(hidden) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if hidden(c) { '\u{fffd}' } else { c })
        .collect()
}

/// A command as one line that can be pasted into a POSIX shell.
#[must_use]
pub fn shell_line<S: AsRef<str>>(argv: &[S]) -> String {
    let quote = |word: &S| {
        let word = clean(word.as_ref());
        match shlex::try_quote(&word) {
            Ok(quoted) => quoted.into_owned(),
            // Only a NUL cannot be quoted, and `clean` has taken it out.
            Err(_) => word,
        }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// An age as a person says it: `40 s`, `12 min`, `3 h`, `5 days`.
#[must_use]
pub fn human_age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A duration as a person says it: `41 µs`, `3 ms`, `2.5 s`.
#[must_use]
pub fn human_micros(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_survive() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c"), "a\u{fffd}[31mb\u{fffd}c");
        assert_eq!(clean("naïve – 日本"), "naïve – 日本");
    }

    #[test]
    fn commands_are_quoted_for_the_shell() {
        assert_eq!(shell_line(&["kill", "12"]), "kill 12");
        assert_eq!(shell_line(&["cd", "/a b/$(x)"]), "cd '/a b/$(x)'");
    }

    #[test]
    fn ages_are_rounded_down() {
        assert_eq!(human_age(119), "119 s");
        assert_eq!(human_age(120), "2 min");
        assert_eq!(human_age(7200), "2 h");
        assert_eq!(human_age(172_800), "2 days");
    }
}
