//! Reports as JSON: an object with a `schema` field, fields added and never renamed.

use serde::Serialize;

/// Any of devdoctor's answers as JSON, indented, with a line feed at the end.
///
/// # Errors
///
/// Fails only if a value has a key that is no string, which no answer has.
pub fn object<T: Serialize>(answer: &T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(answer)?;
    text.push('\n');
    Ok(text)
}
