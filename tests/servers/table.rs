//! What a row says: one server, three tests.
//!
//! What a server takes by default, how it is recognised and what it does when its
//! port is taken stands in the catalogue; a row here says what this project's files
//! say, and what they say after a change.

use crate::kit::Kit;

/// A development server, and the project in `projects/` that it serves.
pub struct Server {
    /// The project's folder.
    pub project: &'static str,
    pub program: Program,
    pub kit: Kit,
    /// What its developer types.
    pub start: &'static str,
    pub says: Says,
    /// The same project, told to listen elsewhere.
    pub changed: &'static [Change],
    /// Ports that it listens on besides.
    pub besides: &'static [u16],
}

/// What serves it.
pub enum Program {
    /// A server with a row in the catalogue: the row's key.
    Listed(&'static str),
    /// A program of the project's own: how devdoctor calls it.
    Own(&'static str),
}

/// What the project's files say.
pub struct Says {
    pub port: u16,
    /// The host as it is written.
    pub host: Option<&'static str>,
    /// What that host means: an address, or `localhost`; by default the catalogue's.
    pub bind: Option<&'static str>,
    /// Where the port is set, or for a default where the server is named.
    pub at: &'static str,
}

/// A change of the project's files.
pub struct Change {
    pub name: &'static str,
    /// In each file, this text is replaced by that one; where it is none, the file is new.
    pub edits: &'static [(&'static str, &'static str, &'static str)],
    pub says: Says,
    /// Whether it is tried with its port taken, too.
    pub taken: bool,
}

/// What files say that name no host.
pub const fn port(port: u16, at: &'static str) -> Says {
    Says {
        port,
        host: None,
        bind: None,
        at,
    }
}

/// What files say that name a host.
pub const fn on(host: &'static str, bind: &'static str, port: u16, at: &'static str) -> Says {
    Says {
        port,
        host: Some(host),
        bind: Some(bind),
        at,
    }
}

/// Defines a module with the three tests of each server.
macro_rules! servers {
    ($($name:ident => $server:expr;)*) => {$(
        mod $name {
            use super::*;

            static SERVER: Server = $server;

            #[test]
            fn its_port_is_free() {
                ways::tell(&SERVER, module_path!(), "its_port_is_free", ways::free);
            }

            #[test]
            fn its_port_is_taken() {
                ways::tell(&SERVER, module_path!(), "its_port_is_taken", ways::taken);
            }

            #[test]
            fn its_address_is_changed() {
                ways::tell(&SERVER, module_path!(), "its_address_is_changed", ways::changed);
            }
        }
    )*};
}
pub(crate) use servers;
