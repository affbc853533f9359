//! Which process holds a socket.

use crate::facts::Listener;

/// Fills in the owners of these listeners, in one pass over the processes.
pub fn find(_listeners: &mut [Listener]) {}
