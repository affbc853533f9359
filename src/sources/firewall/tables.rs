//! Whether the kernel has any table of nftables, asked through `NETLINK_NETFILTER`: most
//! machines of developers have none, and then no tool need be run to list the rules.
//!
//! The layout is that of `linux/netlink.h`, `linux/netfilter/nfnetlink.h` and
//! `linux/netfilter/nf_tables.h`. Numbers are in the machine's byte order.

use std::io;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// How long the kernel may take; it answers from memory.
const DEADLINE: Duration = Duration::from_millis(100);
/// The first datagram of an answer tells.
const BUFFER: usize = 16 * 1024;

const HEADER: usize = 16;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_DUMP: u16 = 0x300;
/// `NFNL_SUBSYS_NFTABLES`, in the high byte of a message's type.
const NFTABLES: u16 = 10 << 8;
const NFT_MSG_GETTABLE: u16 = NFTABLES | 1;
/// `struct nfgenmsg`: every family, version 0, no resource.
const EVERY_FAMILY: [u8; 4] = [0; 4];
const SEQUENCE: u32 = 1;

/// Whether there is surely none. What cannot be asked may have some.
pub(super) fn are_none() -> bool {
    ask().is_ok_and(|datagram| tells_of_none(&datagram))
}

fn ask() -> io::Result<Vec<u8>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::NETFILTER),
    )?;
    set_socket_timeout(&socket, Timeout::Recv, Some(DEADLINE))?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut buffer = vec![0; BUFFER];
    let (_, length) = recv(&socket, &mut *buffer, RecvFlags::TRUNC)?;
    buffer.truncate(length);
    Ok(buffer)
}

fn request() -> Vec<u8> {
    let length = HEADER + EVERY_FAMILY.len();
    let mut out = Vec::with_capacity(length);
    out.extend(u32::try_from(length).unwrap_or(0).to_ne_bytes());
    out.extend(NFT_MSG_GETTABLE.to_ne_bytes());
    out.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    out.extend(SEQUENCE.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    out.extend(EVERY_FAMILY);
    out
}

/// Whether an answer is nothing but the end of a list, without an error.
fn tells_of_none(datagram: &[u8]) -> bool {
    let number = |at: usize| {
        datagram
            .get(at..at + 4)?
            .try_into()
            .ok()
            .map(i32::from_ne_bytes)
    };
    let kind = datagram.get(4..6).and_then(|two| two.try_into().ok());
    let kind = kind.map(u16::from_ne_bytes);
    let sequence = number(8).map(i32::cast_unsigned);
    // A table would stand before the end; the end has the error of the dump.
    kind == Some(NLMSG_DONE) && sequence == Some(SEQUENCE) && number(HEADER) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        [
            &length.to_ne_bytes()[..],
            &kind.to_ne_bytes(),
            &[2, 0],
            &sequence.to_ne_bytes(),
            &[0; 4],
            body,
        ]
        .concat()
    }

    const NFT_MSG_NEWTABLE: u16 = NFTABLES;

    #[test]
    fn only_the_bare_end_of_a_list_tells_of_none() {
        let end = message(NLMSG_DONE, SEQUENCE, &[0; 4]);
        assert!(tells_of_none(&end));
        let table = message(NFT_MSG_NEWTABLE, SEQUENCE, &[2, 0, 0, 0]);
        assert!(!tells_of_none(&[table, end.clone()].concat()));
        // `ENOENT`, a refusal, and what belongs to another request.
        assert!(!tells_of_none(&message(
            NLMSG_DONE,
            SEQUENCE,
            &(-2_i32).to_ne_bytes()
        )));
        assert!(!tells_of_none(&message(
            2,
            SEQUENCE,
            &(-1_i32).to_ne_bytes()
        )));
        assert!(!tells_of_none(&message(NLMSG_DONE, 7, &[0; 4])));
        for cut in 0..end.len() {
            assert!(!tells_of_none(&end[..cut]), "{cut}");
        }
    }
}
