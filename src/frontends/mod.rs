//! One report, many ways to show it.

pub mod check_text;
pub mod github;
pub mod json;
pub mod notifications;
pub mod sarif;
pub mod style;
pub mod table;
pub mod text;
