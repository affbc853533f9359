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
    (
        "frontends",
        &[
            "facts", "settings", "findings", "rules", "sources", "diagnose",
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
            "diagnose",
            "frontends",
        ],
    ),
];
