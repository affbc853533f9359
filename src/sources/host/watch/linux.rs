//! Changes of addresses on Linux: the kernel announces them to whoever asks.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR` of `linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
/// What is in the announcements is not looked at: they are only to be taken away.
const BUFFER: usize = 4096;

/// What tells of changes, if it could be had.
#[derive(Debug)]
pub(super) struct Addresses(Option<AsyncFd<OwnedFd>>);

impl Addresses {
    /// Begins to listen. Where that is forbidden nothing is ever told.
    pub fn new() -> Self {
        Addresses(open().ok())
    }

    /// Comes back when something about the addresses has changed. All that was announced
    /// until then is one change.
    pub async fn changed(&mut self) {
        let Some(socket) = &self.0 else {
            return std::future::pending().await;
        };
        let heard = socket.async_io(Interest::READABLE, drain).await;
        if heard.is_err() {
            // It would fail again at once, and for ever.
            self.0 = None;
        }
    }
}

#[expect(
    deprecated,
    reason = "the way that came instead is unsafe; an owned descriptor stays what it is"
)]
fn open() -> io::Result<AsyncFd<OwnedFd>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        // Of the routing tables and addresses: the first protocol.
        None,
    )?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    AsyncFd::with_interest(socket, Interest::READABLE)
}

/// Takes away all announcements there are. It would block only where there was none.
fn drain(socket: &OwnedFd) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    let mut heard = false;
    loop {
        match recv(socket, &mut buffer, RecvFlags::DONTWAIT) {
            // That some were lost is said in their place.
            Ok(_) | Err(Errno::NOBUFS) => heard = true,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if heard => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
