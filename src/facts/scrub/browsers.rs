//! What is taken out of what browsers keep.

use super::words::{harmless, scrub_host};
use crate::facts::{Browsers, Known};

/// What is kept of the asked address stays; sites, servers and names of profiles go.
pub(super) fn scrub_browsers(browsers: &mut Browsers, text: &dyn Fn(&str) -> String) {
    for folder in &mut browsers.searched {
        *folder = text(folder);
    }
    if let Known::Seen(policies) = &mut browsers.policies {
        for policy in policies {
            policy.value = scrub_address(&policy.value);
        }
    }
    for profile in &mut browsers.profiles {
        // Firefox's begin with random letters, some have the name of a person.
        profile.name = match harmless(&profile.name) || profile.name == "Default" {
            true => profile.name.clone(),
            false => "…".to_owned(),
        };
        for entry in seen_of(&mut profile.hsts) {
            entry.file = text(&entry.file);
            scrub_container(&mut entry.container);
        }
        for list in [&mut profile.https_only, &mut profile.ipv4_only] {
            for setting in seen_of(list) {
                setting.file = text(&setting.file);
            }
        }
        for proxy in seen_of(&mut profile.proxy) {
            proxy.file = text(&proxy.file);
            proxy.server = scrub_address(&proxy.server);
        }
        for redirect in seen_of(&mut profile.redirects) {
            redirect.file = text(&redirect.file);
            scrub_container(&mut redirect.container);
            redirect.location = scrub_address(&redirect.location);
        }
        for worker in seen_of(&mut profile.workers) {
            worker.file = text(&worker.file);
            scrub_container(&mut worker.container);
        }
        for extension in seen_of(&mut profile.extensions) {
            extension.file = text(&extension.file);
        }
        for denied in seen_of(&mut profile.denied) {
            denied.file = text(&denied.file);
            scrub_container(&mut denied.container);
            denied.site = scrub_address(&denied.site);
        }
    }
}

fn seen_of<T>(list: &mut Known<Vec<T>>) -> &mut [T] {
    match list {
        Known::Seen(list) => list,
        Known::Unseen(_) => &mut [],
    }
}

/// Containers are named by the user; those of the browser itself stay.
fn scrub_container(container: &mut Option<String>) {
    const OWN: [&str; 4] = ["Personal", "Work", "Banking", "Shopping"];
    if let Some(name) = container
        && !OWN.contains(&name.as_str())
    {
        "…".clone_into(name);
    }
}

/// An address, of which only what stands for this machine stays.
pub(super) fn scrub_address(address: &str) -> String {
    let (scheme, rest) = match address.find("://") {
        Some(at) => address.split_at(at + 3),
        None => ("", address),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    };
    let colon = if port.is_empty() { "" } else { ":" };
    let path = if path.len() > 1 { "/…" } else { path };
    format!("{scheme}{}{colon}{port}{path}", scrub_host(host))
}
