//! The radar on Linux: the kernel's announcements of destroyed sockets.

use std::fs::File;
use std::io;

use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netlink, recv};
use socket2::{Domain, SockFilter, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::batch::Batch;
use super::counts::Counts;

mod filter;
mod wire;

use wire::Told;

/// `SKNLGRP_INET_TCP_DESTROY`, as a bit of the address.
const TCP: u32 = 1 << 0;
/// `SKNLGRP_INET6_TCP_DESTROY`.
const TCP6: u32 = 1 << 2;
/// What the kernel may keep for us; it doubles this for its own book-keeping. About 200
/// announcements fit.
const KEPT: usize = 128 * 1024;
/// More than an announcement has; one that is longer is read as far as this.
const BUFFER: usize = 2048;
/// So many are read at one go.
const AT_ONCE: usize = 1024;
/// How long the first announcement is waited for at once. It takes some 50 µs, unless
/// the machine is very busy.
const AT_FIRST: Duration = Duration::from_millis(20);

/// A place in the groups.
#[derive(Debug)]
pub(super) struct Ear {
    socket: OwnedFd,
    /// Places in each of the groups, without a filter, where nothing came yet.
    unproven: Vec<OwnedFd>,
    /// The same socket once more, while the runtime is told of announcements.
    waiter: Option<AsyncFd<OwnedFd>>,
}

impl Ear {
    /// Joins the groups.
    pub(super) fn open() -> io::Result<Self> {
        let program: Vec<SockFilter> = filter::program()?
            .into_iter()
            .map(|step| SockFilter::new(step.code, step.yes, step.no, step.value))
            .collect();
        let socket = Socket::from(netlink_socket()?);
        // Before the groups: not one announcement may pass it.
        socket.attach_filter(&program)?;
        let socket = OwnedFd::from(socket);
        set_socket_recv_buffer_size(&socket, KEPT)?;
        bind(&socket, &netlink::SocketAddrNetlink::new(0, TCP | TCP6))?;
        let mut ear = Ear {
            socket,
            unproven: provoke()?,
            waiter: None,
        };
        ear.look(AT_FIRST)?;
        Ok(ear)
    }

    /// Whether the kernel has announced anything in each of the groups.
    pub(super) fn is_proven(&mut self) -> io::Result<bool> {
        self.look(Duration::ZERO)?;
        Ok(self.unproven.is_empty())
    }

    fn look(&mut self, wait: Duration) -> io::Result<()> {
        let deadline = Instant::now() + wait;
        let mut left = Vec::new();
        for ear in self.unproven.drain(..) {
            if !announced(&ear, deadline)? {
                left.push(ear);
            }
        }
        self.unproven = left;
        Ok(())
    }

    /// Waits until something was refused, and takes what there is.
    ///
    /// Only from the first call on until something is heard is the runtime told of
    /// announcements: then they gather and wake nobody, until this is called again.
    pub(super) async fn hear(&mut self, batch: &mut Batch) -> io::Result<()> {
        loop {
            let waiter = match &self.waiter {
                Some(waiter) => waiter,
                // What has gathered until now is announced to it at once.
                None => self.waiter.insert(waiter_for(self.socket.try_clone()?)?),
            };
            let mut ready = waiter.readable().await?;
            if take(&self.socket, batch)? {
                ready.clear_ready();
            }
            if !batch.is_empty() {
                self.waiter = None;
                return Ok(());
            }
        }
    }
}

#[expect(
    deprecated,
    reason = "the other constructor is unsafe; what that asks for, one descriptor that \
              stays open and the same, an `OwnedFd` keeps"
)]
fn waiter_for(socket: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(socket, Interest::READABLE)
}

/// Reads what waits; true if nothing is left.
fn take(socket: &OwnedFd, batch: &mut Batch) -> io::Result<bool> {
    let mut buffer = [0; BUFFER];
    for _ in 0..AT_ONCE {
        match recv(socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((_, length)) => match wire::read(buffer.get(..length).unwrap_or(&buffer)) {
                Told::Refused(refusal) => batch.refused(refusal),
                Told::Portless => batch.somewhere(),
                Told::Other => {}
            },
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(true),
            // The buffer was full and the kernel dropped some.
            Err(Errno::NOBUFS) => batch.somewhere(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

fn netlink_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let protocol = Some(netlink::SOCK_DIAG);
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?;
    Ok(socket)
}

/// A kernel without the announcements, or a sandbox that plays one, lets us join all the
/// same. So a socket of our own, which never had a connection, is closed for each family,
/// and must be announced.
fn provoke() -> io::Result<Vec<OwnedFd>> {
    let mut ears = Vec::new();
    for (family, group) in [(Domain::IPV4, TCP), (Domain::IPV6, TCP6)] {
        let ear = netlink_socket()?;
        bind(&ear, &netlink::SocketAddrNetlink::new(0, group))?;
        // Without the family there is nothing to be announced.
        if let Ok(socket) = Socket::new(family, Type::STREAM, None) {
            drop(socket);
            ears.push(ear);
        }
    }
    Ok(ears)
}

/// Whether anything is announced here before the deadline.
fn announced(ear: &OwnedFd, deadline: Instant) -> io::Result<bool> {
    let mut buffer = [0; BUFFER];
    loop {
        match recv(ear, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                if wire::is_announcement(buffer.get(..length).unwrap_or(&buffer)) {
                    return Ok(true);
                }
            }
            // So much is announced that it does not fit.
            Err(Errno::NOBUFS) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let left = Timespec::try_from(left).map_err(io::Error::other)?;
                let mut ready = [PollFd::new(ear, PollFlags::IN)];
                match poll(&mut ready, Some(&left)) {
                    Ok(0) => return Ok(false),
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
        if Instant::now() > deadline {
            return Ok(false);
        }
    }
}

/// The counters of this network namespace.
#[derive(Debug, Default)]
pub(super) struct Counters {
    file: Option<File>,
}

impl Counters {
    pub(super) fn read(&mut self) -> io::Result<Counts> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(File::open("/proc/net/snmp")?),
        };
        // The kernel writes the whole file anew for every reading from its start.
        let mut buffer = [0; 8192];
        let length = file.read_at(&mut buffer, 0)?;
        std::str::from_utf8(buffer.get(..length).unwrap_or_default())
            .ok()
            .and_then(Counts::read)
            .ok_or_else(|| {
                let what = "/proc/net/snmp lacks the counters of TCP";
                io::Error::new(io::ErrorKind::InvalidData, what)
            })
    }
}
