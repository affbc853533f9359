//! The import table: what each module of the crate may import.

/// A module and what it may import. What a module imports stands above it.
pub const LAYERS: &[(&str, &[&str])] = &[
    ("facts", &[]),
    ("settings", &[]),
    ("findings", &["facts"]),
    ("parsers", &["facts"]),
    ("rules", &["facts", "findings"]),
    ("sources", &["facts", "settings", "parsers"]),
    (
        "diagnose",
        &["facts", "settings", "findings", "rules", "sources"],
    ),
    ("ipc", &["facts", "findings"]),
    (
        "daemon",
        &[
            "facts", "settings", "findings", "rules", "sources", "ipc", "diagnose",
        ],
    ),
    (
        "frontends",
        &[
            "facts", "settings", "findings", "rules", "sources", "ipc", "diagnose", "daemon",
        ],
    ),
    (
        "cli",
        &[
            "facts",
            "settings",
            "findings",
            "rules",
            "sources",
            "ipc",
            "diagnose",
            "daemon",
            "frontends",
        ],
    ),
];
