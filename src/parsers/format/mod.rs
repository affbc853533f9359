//! Formats: a file's text as a tree of values. One file is one format.

pub mod dotenv;
pub mod js;
pub mod json;
pub mod properties;
pub mod python;
pub mod ruby;
pub mod toml;
pub mod yaml;

use crate::facts::{BrokenFile, Claims};

use super::{Context, Value};

/// What a format makes of a text.
pub type Parsed = Result<Value, BrokenFile>;

/// A configuration file as a tree, by the ending of its name. Where it is not there,
/// nothing; where it cannot be read, the claims say so.
pub fn open(cx: &Context<'_>, path: &str, claims: &mut Claims) -> Option<Value> {
    open_for(cx, path, &js::Mode::default(), claims)
}

/// The same for a tool in a mode of its own, where the configuration is code.
pub fn open_for(
    cx: &Context<'_>,
    path: &str,
    mode: &js::Mode<'_>,
    claims: &mut Claims,
) -> Option<Value> {
    let text = cx.text_if_there(path, claims)?;
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let parsed = match ending {
        "json" | "jsonc" | "json5" | "ember-cli" => json::parse(path, &text),
        "properties" => properties::parse(path, &text),
        "py" => python::parse(cx, path, &text),
        "rb" => ruby::parse(cx, path, &text),
        "toml" => toml::parse(path, &text),
        "yaml" | "yml" => yaml::parse(path, &text),
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" => js::parse(cx, path, &text, mode),
        _ => return None,
    };
    match parsed {
        Ok(value) => Some(value),
        Err(broken) => {
            // A file that several ask for is told of once.
            if !claims.broken.contains(&broken) {
                claims.broken.push(broken);
            }
            None
        }
    }
}
