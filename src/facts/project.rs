//! Project folders.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Claims, Known};

/// A folder that is somebody's project, and the files that say so.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Project {
    /// The folder.
    pub root: String,
    /// The known files in it: `package.json`, `compose.yaml`, `manage.py`.
    pub markers: Vec<String>,
    /// What its files say, and those of the folders below it. They are read for the
    /// outermost project only, and only where an answer hangs on them.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub claims: Known<Arc<Claims>>,
}

impl Project {
    /// The compose file of this project, if it has one.
    #[must_use]
    pub fn compose_file(&self) -> Option<&str> {
        let compose = |marker: &&String| {
            let name = marker.as_str();
            (name.starts_with("compose.") || name.starts_with("docker-compose."))
                && (name.ends_with(".yaml") || name.ends_with(".yml"))
        };
        self.markers.iter().find(compose).map(String::as_str)
    }
}

/// Whether a path is this folder or below it.
#[must_use]
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
