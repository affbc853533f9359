//! One report, many ways to show it.

pub mod check_text;
pub mod github;
pub mod history;
pub mod json;
pub mod news;
pub mod notifications;
pub mod sarif;
pub mod server;
pub mod status;
pub mod style;
pub mod table;
pub mod text;
