//! Family 4 process: somebody accepts and nothing useful comes.

pub mod backlog_full;
pub mod busy;
pub mod closes_at_once;
pub mod orphan;
pub mod out_of_file_descriptors;
pub mod port_taken;
pub mod silent;
pub mod suspended;
