//! The import table: what each module of the crate may import.

/// A module, what it is, and what it may import. Imports only point upwards in this list.
pub const LAYERS: &[(&str, &[&str])] = &[
    ("facts", &[]),
    ("settings", &[]),
    ("findings", &["facts"]),
    ("parsers", &["facts"]),
    ("rules", &["facts", "findings"]),
    ("sources", &["facts", "parsers", "settings"]),
    ("ipc", &["facts", "findings"]),
    (
        "diagnose",
        &["facts", "findings", "rules", "sources", "settings"],
    ),
    (
        "daemon",
        &[
            "facts", "settings", "findings", "parsers", "rules", "sources", "ipc", "diagnose",
        ],
    ),
    (
        "frontends",
        &[
            "facts", "settings", "findings", "parsers", "rules", "sources", "ipc", "diagnose",
            "daemon",
        ],
    ),
    (
        "cli",
        &[
            "facts",
            "settings",
            "findings",
            "parsers",
            "rules",
            "sources",
            "ipc",
            "diagnose",
            "daemon",
            "frontends",
        ],
    ),
];
