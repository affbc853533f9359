//! What Linux tells of its limits in `/proc`; anybody may read it.

mod confined;
mod ports;

use std::fs;
use std::io;

use crate::facts::{Gap, Tracking};

pub(super) use confined::confinement;
pub(super) use ports::source_ports;

/// From this part of the whole on (in hundredths) the table of tracked connections is
/// nearly full: the kernel throws out half-open ones before it drops new ones.
const NEARLY: u64 = 95;

pub(super) fn tracking(knock: impl Fn()) -> Result<Tracking, Gap> {
    let number = |name: &str| -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/sys/net/netfilter/{name}"))?;
        let number = text.trim().parse();
        number.map_err(|_| io::Error::other(format!("{name} is no number")))
    };
    let read = || -> io::Result<(u64, u64)> {
        Ok((number("nf_conntrack_count")?, number("nf_conntrack_max")?))
    };
    let (count, max) = match read() {
        Ok(read) => read,
        // Without the module nothing is tracked, and nothing can be full.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tracking::default()),
        Err(error) => return Err(Gap::of(&error)),
    };
    let mut tracking = Tracking {
        count,
        max,
        dropped: None,
    };
    if max > 0 && count.saturating_mul(100) >= max.saturating_mul(NEARLY) {
        let dropped = || fs::read_to_string("/proc/net/stat/nf_conntrack").ok();
        let before = dropped().as_deref().and_then(drops);
        knock();
        let after = dropped().as_deref().and_then(drops);
        tracking.dropped = before
            .zip(after)
            .map(|(before, after)| after.saturating_sub(before));
    }
    Ok(tracking)
}

/// The packets that were dropped for want of room, of all processors together: a table
/// with a line of names, then a line of hexadecimal numbers for each processor.
fn drops(table: &str) -> Option<u64> {
    let mut lines = table.lines();
    let at = lines
        .next()?
        .split_ascii_whitespace()
        .position(|name| name == "drop")?;
    lines
        .map(|line| {
            let word = line.split_ascii_whitespace().nth(at)?;
            u64::from_str_radix(word, 16).ok()
        })
        .try_fold(0_u64, |sum, drops| Some(sum.saturating_add(drops?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_packets_are_added_up() {
        let table = "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop\n\
                     00000003  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 0000000a 00000001\n\
                     00000003  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000006 00000000\n";
        assert_eq!(drops(table), Some(16));
        assert_eq!(drops(""), None);
        assert_eq!(drops("a b\n1 2\n"), None);
        assert_eq!(drops("drop\nzz\n"), None);
    }

    #[test]
    fn a_table_with_room_is_not_knocked_at() {
        let tracking = tracking(|| panic!("there is room")).unwrap();
        assert_eq!(tracking.dropped, None);
    }
}
