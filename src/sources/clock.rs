//! The clock on the wall, for what is kept and shown. Waiting goes by another.

use std::time::{SystemTime, UNIX_EPOCH};

/// This moment, in milliseconds since the Unix epoch; 0 where the clock stands before it.
#[must_use]
pub fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
