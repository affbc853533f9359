//! The portable way to the socket table: the crate `netstat2`.
//!
//! It reads every socket in every state and, where it is asked for pids, every
//! descriptor of every process, so it stands last wherever there is another way.

use std::io;
use std::net::SocketAddr;

use netstat2::error::Error;
use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, SocketInfo, TcpState};

use crate::facts::{Listener, Proto};

/// What is asked of `netstat2`.
pub(super) struct Ask {
    pub proto: Proto,
    pub port: Option<u16>,
}

/// What came back.
pub(super) struct Table {
    pub listeners: Vec<Listener>,
    /// How many sockets there were before the others were left out.
    pub total: usize,
}

/// The sockets that wait on a port.
///
/// `iterate` is the crate's way to list sockets on this system, with their processes or
/// without; `complete` adds what only this system tells.
pub(super) fn read<I>(
    ask: &Ask,
    iterate: impl FnOnce(AddressFamilyFlags, ProtocolFlags) -> Result<I, Error>,
    complete: impl Fn(&SocketInfo, &mut Listener),
) -> io::Result<Table>
where
    I: Iterator<Item = Result<SocketInfo, Error>>,
{
    let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
    let protocol = match ask.proto {
        Proto::Tcp => ProtocolFlags::TCP,
        Proto::Udp => ProtocolFlags::UDP,
    };
    let mut table = Table {
        listeners: Vec::new(),
        total: 0,
    };
    for socket in iterate(families, protocol).map_err(failed)? {
        let socket = socket.map_err(failed)?;
        table.total += 1;
        if let Some(mut listener) = listener(&socket)
            && ask.port.is_none_or(|port| port == listener.at.port())
        {
            complete(&socket, &mut listener);
            table.listeners.push(listener);
        }
    }
    Ok(table)
}

fn listener(socket: &SocketInfo) -> Option<Listener> {
    let (address, port, proto) = match &socket.protocol_socket_info {
        ProtocolSocketInfo::Tcp(tcp) if tcp.state == TcpState::Listen => {
            (tcp.local_addr, tcp.local_port, Proto::Tcp)
        }
        ProtocolSocketInfo::Tcp(_) => return None,
        ProtocolSocketInfo::Udp(udp) => (udp.local_addr, udp.local_port, Proto::Udp),
    };
    Some(Listener {
        proto,
        ..Listener::at(SocketAddr::new(address, port))
    })
}

fn failed(error: Error) -> io::Error {
    match error {
        Error::OsError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
