//! The exit status of a process that its parent has not collected yet.

use rustix::fs::{CWD, readlinkat};
use rustix::io::Errno;

use super::super::super::os::proc::{Stat, read};
use crate::facts::{Ended, Gap, ProcId};

/// The last field of `/proc/PID/stat`, counted from the third as the first.
const EXIT_CODE: usize = 52 - 3;

/// How it ended, if that can still be seen.
pub(super) fn of(id: ProcId) -> Result<Ended, Gap> {
    let text = read(id.pid, "stat", 4096).map_err(|_| too_late())?;
    let stat = Stat::parse(&text).ok_or_else(too_late)?;
    let same = id.started == 0 || stat.id.started == id.started;
    if !same || !matches!(stat.state, b'Z' | b'X') {
        return Err(too_late());
    }
    match exit_code(&text) {
        // The kernel says 0 also to those who may not know.
        Some(0) => match readlinkat(CWD, format!("/proc/{}/ns/user", id.pid), Vec::new()) {
            Ok(_) => Ok(Ended::Exited(0)),
            Err(Errno::ACCESS | Errno::PERM) => Err(Gap::Forbidden),
            Err(_) => Err(too_late()),
        },
        Some(code) => Ok(decode(code)),
        None => Err(Gap::Unsupported),
    }
}

/// Why it cannot be told of somebody who has gone.
pub(super) fn too_late() -> Gap {
    Gap::Failed("it was gone before its exit status could be read".to_owned())
}

fn exit_code(stat: &[u8]) -> Option<u32> {
    let close = stat.iter().rposition(|&byte| byte == b')')?;
    let fields = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    fields.split_ascii_whitespace().nth(EXIT_CODE)?.parse().ok()
}

/// The kernel's number: a signal in the low seven bits, or else a status in the next byte.
pub(super) fn decode(code: u32) -> Ended {
    let number = |bits: u32| i32::try_from(bits).unwrap_or(0);
    match code & 0x7f {
        0 => Ended::Exited(number(code >> 8 & 0xff)),
        signal => Ended::Killed(number(signal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_an_exit_or_a_signal() {
        assert_eq!(decode(0), Ended::Exited(0));
        assert_eq!(decode(3 << 8), Ended::Exited(3));
        assert_eq!(decode(9), Ended::Killed(9));
        // With a core dump.
        assert_eq!(decode(0x80 | 11), Ended::Killed(11));
    }

    #[test]
    fn the_status_is_the_last_field() {
        let row = b"812 (a) 52) Z 7 812 812 0 -1 4227084 0 0 0 0 0 0 0 0 20 0 1 0 98765 0 0 \
                    18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 768\n";
        assert_eq!(exit_code(row), Some(768));
        assert_eq!(exit_code(b"812 (a) Z 7"), None);
        assert_eq!(exit_code(b""), None);
    }

    #[test]
    fn whoever_lives_or_was_never_there_has_no_status() {
        let id = |pid, started| ProcId { pid, started };
        assert_eq!(of(id(std::process::id(), 0)), Err(too_late()));
        assert_eq!(of(id(u32::MAX, 0)), Err(too_late()));
        let mut child = std::process::Command::new("false").spawn().unwrap();
        let began = std::time::Instant::now();
        while of(id(child.id(), 0)).is_err() && began.elapsed().as_secs() < 20 {
            std::thread::yield_now();
        }
        assert_eq!(of(id(child.id(), 0)), Ok(Ended::Exited(1)));
        assert_eq!(of(id(child.id(), 1)), Err(too_late()));
        child.wait().unwrap();
        assert_eq!(of(id(child.id(), 0)), Err(too_late()));
    }
}
