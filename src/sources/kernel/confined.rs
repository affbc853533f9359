//! What confines our own process, from `/proc/self` and by a connection to ourselves.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use crate::facts::{Confinement, Gap, Known, clean};

/// The number of the first process table of every machine (`PROC_PID_INIT_INO`).
const FIRST_PROCESS_TABLE: u64 = 0xEFFF_FFFC;

/// The kernel answers a connection within one process at once.
const PATIENCE: Duration = Duration::from_millis(200);

pub(in super::super) fn confinement() -> Result<Confinement, Gap> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| Gap::of(&error))?;
    let label = fs::read_to_string("/proc/self/attr/current").ok();
    let table = fs::metadata("/proc/self/ns/pid").map(|meta| meta.ino());
    Ok(Confinement {
        seccomp: field(&status, "Seccomp") == Some("2"),
        no_new_privileges: field(&status, "NoNewPrivs") == Some("1"),
        label: label.as_deref().and_then(confining),
        own_processes: table.is_ok_and(|table| table != FIRST_PROCESS_TABLE),
        to_itself: to_itself(),
    })
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key == name).then(|| value.trim())
    })
}

/// The label of a profile that confines; nothing for those that do not.
fn confining(label: &str) -> Option<String> {
    let label = label.trim_matches(['\0', '\n', ' ']);
    let free = label.is_empty()
        || label == "kernel"
        || label.starts_with("unconfined")
        || label.contains(":unconfined_t:")
        || label.ends_with("(complain)");
    (!free).then(|| clean(label.strip_suffix(" (enforce)").unwrap_or(label)))
}

/// Connects to a socket of our own: what fails there fails for every address.
fn to_itself() -> Known<i32> {
    let connect = || -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        TcpStream::connect_timeout(&listener.local_addr()?, PATIENCE)?;
        Ok(())
    };
    match connect() {
        Ok(()) => Known::Seen(0),
        Err(error) => match error.raw_os_error() {
            Some(number) => Known::Seen(number),
            None => Known::Unseen(Gap::of(&error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_confine_are_told_from_those_that_do_not() {
        assert_eq!(confining("unconfined\n"), None);
        assert_eq!(confining("\0"), None);
        let context = "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\0";
        assert_eq!(confining(context), None);
        let of = |label| confining(label).unwrap();
        assert_eq!(of("snap.code.code (enforce)\n"), "snap.code.code");
        let container = "system_u:system_r:container_t:s0:c1,c2";
        assert_eq!(of(container), container);
    }

    #[test]
    fn a_test_may_talk_to_itself() {
        let confinement = confinement().unwrap();
        assert_eq!(confinement.to_itself, Known::Seen(0));
    }

    #[test]
    fn fields_are_read_by_their_name() {
        let status = "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert_eq!(field(status, "Seccomp"), Some("2"));
        assert_eq!(field(status, "NoNewPrivs"), None);
    }
}
