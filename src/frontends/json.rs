//! Reports as JSON: an object with a `schema` field, fields added and never renamed.

use serde::Serialize;

/// Any of devdoctor's answers as JSON, indented, with a line feed at the end.
///
/// # Errors
///
/// Fails only if a value has a key that is no string, which no answer has.
pub fn object<T: Serialize>(answer: &T) -> Result<String, serde_json::Error> {
    Ok(escaped(&serde_json::to_string_pretty(answer)?))
}

/// The same on a single line.
///
/// # Errors
///
/// As [`object`].
pub fn line<T: Serialize>(answer: &T) -> Result<String, serde_json::Error> {
    Ok(escaped(&serde_json::to_string(answer)?))
}

/// JSON may hold control characters beyond ASCII as they are; a terminal may obey them.
/// They stand in strings only, where an escape means the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if c.is_control() && c != '\n' {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_read_back() {
        let words = ["\u{9b}31m\u{7f}", "\x1b[0m", "naïve\n"];
        let text = object(&words).unwrap();
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, words);
        assert_eq!(line(&words).unwrap().matches('\n').count(), 1);
    }
}
