//! Processes on Linux: the files below `/proc`.

pub(in crate::sources) mod proc;
