//! One report, many ways to show it.

pub mod json;
pub mod style;
pub mod table;
pub mod text;
