//! devdoctor: a localhost doctor.
//!
//! Sources look; facts are what they saw; rules think; findings are what they
//! say; frontends show them. Start reading at [`diagnose`].

pub mod cli;
pub mod daemon;
pub mod diagnose;
pub mod facts;
pub mod findings;
pub mod frontends;
pub mod ipc;
pub mod parsers;
pub mod rules;
pub mod settings;
pub mod sources;
