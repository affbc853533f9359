//! The kernel's process connector: it announces the end of every process with its status.
//!
//! Everybody may listen since Linux 6.6, before only root. A filter in the kernel drops
//! the ends of all but those who are watched, so that a build wakes nobody.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink, recv, send,
    socket_with,
};
use rustix::system::uname;
use socket2::{SockFilter, Socket};

/// `CN_IDX_PROC` and `CN_VAL_PROC`; the first is the group, too.
const PROC: u32 = 1;
const PROC_CN_MCAST_LISTEN: u32 = 1;
const PROC_EVENT_EXIT: u32 = 0x8000_0000;
const NLMSG_DONE: u16 = 3;
/// `struct nlmsghdr` and `struct cn_msg`, then `what`, `cpu` and the time of the event.
const HEAD: usize = 16 + 20;
const THREAD: usize = HEAD + 16;
const PROCESS: usize = THREAD + 4;
const CODE: usize = THREAD + 8;
/// Programs have an end, and whoever listens pays for every step of every process's end.
const MOST: usize = 512;
/// What the namespaces in which the machine starts are called.
const FIRST: [(&str, &str); 2] = [
    ("/proc/self/ns/pid", "pid:[4026531836]"),
    ("/proc/self/ns/user", "user:[4026531837]"),
];

#[derive(Debug)]
pub(super) struct Connector {
    socket: OwnedFd,
    pids: HashSet<u32>,
    /// What was told, by pid.
    statuses: HashMap<u32, u32>,
}

impl Connector {
    pub fn open() -> io::Result<Self> {
        let release = uname();
        if version(&release.release().to_string_lossy()) < Some((6, 6)) {
            // Such a kernel tells everything or nothing, and the latter without a word.
            let why = "not before Linux 6.6";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        for (link, name) in FIRST {
            // From elsewhere the kernel does not answer, and does not say so.
            if fs::read_link(link)? != Path::new(name) {
                let why = "not in a container";
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            }
        }
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            flags,
            Some(netlink::CONNECTOR),
        )?;
        let socket = Socket::from(socket);
        // Before the group: nothing may pass it.
        socket.attach_filter(&program(&HashSet::new()))?;
        let socket = OwnedFd::from(socket);
        bind(&socket, &netlink::SocketAddrNetlink::new(0, PROC))?;
        send(&socket, &subscription(), SendFlags::empty())?;
        Ok(Connector {
            socket,
            pids: HashSet::new(),
            statuses: HashMap::new(),
        })
    }

    pub fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Hears of these from now on, and of nobody else.
    pub fn only(&mut self, pids: impl Iterator<Item = u32>) {
        self.pids = pids.take(MOST).collect();
        self.statuses.retain(|pid, _| self.pids.contains(pid));
        if let Ok(socket) = self.socket.try_clone() {
            // Where that fails the last filter stays: less is heard, and nothing wrong.
            let _ = Socket::from(socket).attach_filter(&program(&self.pids));
        }
    }

    /// Takes everything that was told.
    pub fn hear(&mut self) {
        let mut buffer = [0; 256];
        loop {
            match recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, length)) => {
                    if let Some((pid, status)) = end(buffer.get(..length).unwrap_or(&buffer))
                        && self.pids.contains(&pid)
                    {
                        self.statuses.insert(pid, status);
                    }
                }
                // Some were lost where there were too many.
                Err(Errno::INTR | Errno::NOBUFS) => {}
                Err(_) => return,
            }
        }
    }

    /// The exit status of this one, if it was told; once.
    pub fn status(&mut self, pid: u32) -> Option<u32> {
        self.statuses.remove(&pid)
    }
}

/// `6.18.44-generic`
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The request to be told of ends, and of nothing else.
fn subscription() -> Vec<u8> {
    let mut body = Vec::new();
    for number in [PROC, PROC, 0, 0] {
        body.extend(number.to_ne_bytes());
    }
    body.extend(8_u16.to_ne_bytes());
    body.extend(0_u16.to_ne_bytes());
    body.extend(PROC_CN_MCAST_LISTEN.to_ne_bytes());
    body.extend(PROC_EVENT_EXIT.to_ne_bytes());
    let mut bytes = Vec::new();
    let length = u32::try_from(16 + body.len()).unwrap_or(0);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(NLMSG_DONE.to_ne_bytes());
    bytes.extend([0; 10]);
    bytes.extend(body);
    bytes
}

/// The pid and the exit status in an announcement of an end.
///
/// Every thread that is ended together with its process tells the status of the process;
/// so the last one is right, whichever of them ended first.
fn end(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    (number(HEAD)? == PROC_EVENT_EXIT).then_some((number(PROCESS)?, number(CODE)?))
}

/// The filter, of classic BPF. Of these processes the ends of their main threads pass, and
/// those of others that do not end as a thread ends by itself: with 0.
fn program(pids: &HashSet<u32>) -> Vec<SockFilter> {
    /// `BPF_LD | BPF_W | BPF_ABS`
    const LOAD: u16 = 0x20;
    /// `BPF_MISC | BPF_TAX`
    const KEEP: u16 = 0x07;
    /// `BPF_JMP | BPF_JEQ | BPF_K`
    const IF_IT_IS: u16 = 0x15;
    /// `BPF_JMP | BPF_JEQ | BPF_X`
    const IF_IT_IS_KEPT: u16 = 0x1d;
    /// `BPF_RET | BPF_K`
    const RETURN: u16 = 0x06;
    let load = |at: usize| SockFilter::new(LOAD, 0, 0, u32::try_from(at).unwrap_or(0));
    // A load gives what stands there as a number of the network's order.
    let number = |number: u32| u32::from_be_bytes(number.to_ne_bytes());
    let pass = || SockFilter::new(RETURN, 0, 0, u32::MAX);
    let drop = || SockFilter::new(RETURN, 0, 0, 0);
    let mut program = vec![
        load(HEAD),
        SockFilter::new(IF_IT_IS, 1, 0, number(PROC_EVENT_EXIT)),
        drop(),
        load(THREAD),
        SockFilter::new(KEEP, 0, 0, 0),
        load(PROCESS),
        SockFilter::new(IF_IT_IS_KEPT, 3, 0, 0),
        load(CODE),
        SockFilter::new(IF_IT_IS, 0, 1, 0),
        drop(),
        load(PROCESS),
    ];
    for &pid in pids {
        program.push(SockFilter::new(IF_IT_IS, 0, 1, number(pid)));
        program.push(pass());
    }
    program.push(drop());
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux 6.18 announced the end of 27801 with a status of 3 (little-endian).
    fn announcement() -> Vec<u8> {
        let mut bytes = vec![0; HEAD];
        for number in [
            PROC_EVENT_EXIT,
            1,
            0,
            0,
            27801,
            27801,
            768,
            17,
            27714,
            27714,
        ] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes
    }

    #[test]
    fn an_announcement_is_read_and_a_cut_one_is_not() {
        let whole = announcement();
        assert_eq!(end(&whole), Some((27801, 768)));
        for cut in 0..CODE + 4 {
            assert_eq!(end(&whole[..cut]), None, "{cut}");
        }
        let mut thread = whole.clone();
        thread[THREAD..PROCESS].copy_from_slice(&[1; 4]);
        assert_eq!(end(&thread), Some((27801, 768)));
        let mut other = whole;
        other[HEAD + 3] = 0;
        assert_eq!(end(&other), None);
    }

    #[test]
    fn a_release_begins_with_two_numbers() {
        assert_eq!(version("6.18.44-fc-v669"), Some((6, 18)));
        assert!(version("5.15.0-microsoft") < Some((6, 6)));
        assert!(version("6.6-rc1") >= Some((6, 6)));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn the_request_has_the_length_it_says() {
        let bytes = subscription();
        assert_eq!(bytes.len(), 44);
        assert_eq!(bytes[..4], 44_u32.to_ne_bytes());
    }
}
