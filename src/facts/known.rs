//! Facts that may be out of sight.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A fact that was seen, or the reason why it could not be.
///
/// "Nothing is there" and "I could not look" must never look alike, so every
/// fact that may be hidden is wrapped in this. In JSON and TOML a seen fact is
/// the value itself and an unseen one is `{"unseen": "<gap>"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// The fact.
    Seen(T),
    /// Why there is none.
    Unseen(Gap),
}

/// Why a fact could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// Nobody needed to look.
    NotAsked,
    /// The system did not permit it.
    Forbidden,
    /// What would have to be asked does not run on this machine.
    NotRunning,
    /// This system, or this version of devdoctor on it, has no way to look.
    Unsupported,
    /// The look did not come back within its deadline.
    TooSlow,
    /// The look failed, in the words of whoever failed.
    Failed(String),
}

impl Gap {
    /// The gap of an operation that ended in this I/O error.
    #[must_use]
    pub fn of(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Gap::Forbidden,
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => Gap::TooSlow,
            std::io::ErrorKind::Unsupported => Gap::Unsupported,
            _ => Gap::Failed(error.to_string()),
        }
    }

    /// The word used for this gap in JSON and on the terminal.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Gap::NotAsked => "not-asked",
            Gap::Forbidden => "forbidden",
            Gap::NotRunning => "not-running",
            Gap::Unsupported => "unsupported",
            Gap::TooSlow => "too-slow",
            Gap::Failed(_) => "failed",
        }
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Gap::NotAsked => f.write_str("nobody asked"),
            Gap::Forbidden => f.write_str("this user may not look"),
            Gap::NotRunning => f.write_str("not running"),
            Gap::Unsupported => f.write_str("not possible on this system"),
            Gap::TooSlow => f.write_str("no answer in time"),
            Gap::Failed(why) => f.write_str(why),
        }
    }
}

impl<T> Known<T> {
    /// The fact, if it was seen.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Known::Seen(value) => Some(value),
            Known::Unseen(_) => None,
        }
    }

    /// The reason, if it was not seen.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Known::Seen(_) => None,
            Known::Unseen(gap) => Some(gap),
        }
    }

    /// Whether the fact was seen.
    pub fn is_seen(&self) -> bool {
        self.seen().is_some()
    }

    /// Whether nobody looked because nobody needed to.
    pub fn is_not_asked(&self) -> bool {
        self.gap() == Some(&Gap::NotAsked)
    }

    /// The same fact in another shape.
    pub fn map<U>(self, shape: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Known::Seen(value) => Known::Seen(shape(value)),
            Known::Unseen(gap) => Known::Unseen(gap),
        }
    }
}

impl<T> Known<std::sync::Arc<[T]>> {
    /// What was seen, as a slice; empty where nothing was seen *or nothing could be*.
    ///
    /// For rules that look for a presence. A rule that concludes from an
    /// absence must ask [`Known::gap`] first.
    pub fn items(&self) -> &[T] {
        self.seen().map_or(&[], |items| items)
    }
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Known::Unseen(Gap::NotAsked)
    }
}

impl<T> From<Result<T, Gap>> for Known<T> {
    fn from(result: Result<T, Gap>) -> Self {
        match result {
            Ok(value) => Known::Seen(value),
            Err(gap) => Known::Unseen(gap),
        }
    }
}

impl<T> From<std::io::Result<T>> for Known<T> {
    fn from(result: std::io::Result<T>) -> Self {
        result.map_err(|error| Gap::of(&error)).into()
    }
}

impl<T: Serialize> Serialize for Known<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Marker<'a> {
            unseen: &'a Gap,
        }
        match self {
            Known::Seen(value) => value.serialize(serializer),
            Known::Unseen(gap) => Marker { unseen: gap }.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Known<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read into a tree first: an untagged enum would say only that nothing fits.
        let tree = serde_json::Value::deserialize(deserializer)?;
        let marker = tree
            .as_object()
            .filter(|fields| fields.len() == 1)
            .and_then(|fields| fields.get("unseen"));
        let read = match marker {
            Some(gap) => Gap::deserialize(gap).map(Known::Unseen),
            None => T::deserialize(tree).map(Known::Seen),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl<T: JsonSchema> JsonSchema for Known<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Known_{}", T::schema_name()).into()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        format!("{}::Known<{}>", module_path!(), T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                generator.subschema_for::<T>(),
                {
                    "type": "object",
                    "properties": { "unseen": generator.subschema_for::<Gap>() },
                    "required": ["unseen"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}
