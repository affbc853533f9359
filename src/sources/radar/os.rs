//! The radar on every system but Linux: nothing is announced, and nothing counted.

use std::io;

use super::batch::Batch;
use super::counts::Counts;

/// There is none.
#[derive(Debug)]
pub(super) enum Ear {}

impl Ear {
    pub(super) fn open() -> io::Result<Self> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    pub(super) fn is_proven(&mut self) -> io::Result<bool> {
        match *self {}
    }

    pub(super) async fn hear(&mut self, _batch: &mut Batch) -> io::Result<()> {
        match *self {}
    }
}

/// There are none.
#[derive(Debug, Default)]
pub(super) struct Counters;

impl Counters {
    pub(super) fn read(&mut self) -> io::Result<Counts> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}
