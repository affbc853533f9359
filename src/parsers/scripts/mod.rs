//! Files that name commands: what they start, and in which folder.

pub mod package_json;
