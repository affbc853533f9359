//! Family 1 name: the name does not lead where it should.

pub mod hosts_entry;
pub mod name_not_found;

/// Top-level domains that name servers of the internet do not know, or that belong to
/// this machine or this network alone.
const PRIVATE: &[&str] = &[
    "arpa",
    "corp",
    "docker",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "test",
];

/// Whether a name looks like one that name servers know: it has a domain that is not private.
fn looks_public(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.rsplit_once('.')
        .is_some_and(|(_, top)| !PRIVATE.iter().any(|known| known.eq_ignore_ascii_case(top)))
}

/// Where the hosts file of this system is.
fn hosts_path(os: &str) -> &'static str {
    match os {
        "windows" => r"C:\Windows\System32\drivers\etc\hosts",
        _ => "/etc/hosts",
    }
}
