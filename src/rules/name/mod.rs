//! Family 1 name: the name does not lead where it should.

pub mod hosts_entry;
pub mod name_not_found;
