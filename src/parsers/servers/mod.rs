//! Configuration files of servers. One file is one kind of file.

pub mod angular;
pub mod env_urls;
pub mod firebase;
pub mod js_proxies;
pub mod jvm;
pub mod kestrel;
pub mod playwright;
pub mod rocket;
pub mod supabase;

use super::tree::{Node, Value};
use crate::facts::{Claims, Expectation, Origin, Service, SetBy, UnknownSetting};

/// A service that a file says should run in a folder, with nothing else known of it.
fn service(name: &str, folder: &str, origin: &Origin, start: &[&str]) -> Service {
    let own = folder.rsplit('/').next().filter(|own| !own.is_empty());
    Service {
        name: own.unwrap_or(name).to_owned(),
        folder: folder.to_owned(),
        origin: origin.clone(),
        start: start.iter().map(|&word| word.to_owned()).collect(),
        ..Service::default()
    }
}

/// Whether the claims have a service of this framework in this folder: a command said so.
fn is_told(claims: &Claims, folder: &str, framework: &str) -> bool {
    let mut services = claims.services.iter();
    services.any(|told| told.folder == folder && told.framework.as_deref() == Some(framework))
}

/// A port that a value sets.
fn expects(key: &str, value: &Value, port: Option<u16>) -> Expectation {
    Expectation {
        port: port.filter(|port| *port != 0),
        origin: value.origin.clone(),
        by: SetBy::Config,
        key: key.to_owned(),
        written: value.written.clone(),
        certain: true,
        ..Expectation::default()
    }
}

/// A framework's own port.
fn default(port: u16, origin: &Origin) -> Expectation {
    Expectation {
        port: Some(port),
        origin: origin.clone(),
        certain: true,
        ..Expectation::default()
    }
}

/// Sets a service's port from a value; what is no port is unknown.
fn take_port(service: &mut Service, key: &str, value: &Value) {
    match (value.port(), &value.node) {
        (Some(port), _) => service.expects.push(expects(key, value, Some(port))),
        (None, node) => service.unknown.push(UnknownSetting {
            key: key.to_owned(),
            origin: value.origin.clone(),
            why: match node {
                Node::Unknown(why) => why.clone(),
                _ => "it is not a port".to_owned(),
            },
        }),
    }
}

/// Sets the host of everything that a service should have.
fn take_host(service: &mut Service, key: &str, value: &Value) {
    match (value.text(), value.unknown()) {
        (Some(host), _) => {
            for expects in &mut service.expects {
                expects.host = Some(host.to_owned());
                expects.host_origin = Some(value.origin.clone());
            }
        }
        (None, why) => service.unknown.push(UnknownSetting {
            key: key.to_owned(),
            origin: value.origin.clone(),
            why: why.unwrap_or("it is not a host").to_owned(),
        }),
    }
}

/// The names of a folder's files.
fn has(names: &[String], wanted: &str) -> bool {
    names.iter().any(|name| name == wanted)
}
