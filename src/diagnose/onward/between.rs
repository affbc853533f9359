//! Whoever stands between the client and the server, and answers in the name of others.

use crate::facts::{Carries, Claims, Outcome, Pointer, Probe, Process, Project, is_below};
use crate::rules::{Case, join};

/// Whoever stands between the client and the server.
pub(super) struct Between {
    /// The key of its row in the catalogue.
    pub(super) kind: String,
    pub(super) carries: Carries,
    pub(super) owner: Option<Process>,
    /// Whether it says nothing at all.
    pub(super) silent: bool,
}

/// Forwarders that are an engine's, whose containers are looked at in another way.
const ENGINES: &[&str] = &[
    "docker-proxy",
    "dockerd",
    "docker-desktop",
    "orbstack",
    "lima",
    "rootlessport",
    "conmon",
    "pasta",
    "gvproxy",
    "wslrelay",
];

/// Servers that answer in the name of others.
const REVERSE_PROXIES: &[&str] = &["nginx", "caddy", "traefik", "haproxy", "apache"];

impl Between {
    /// Who gave the answer, where it may be about somebody else.
    pub(super) fn of(case: &Case) -> Option<Self> {
        let probe = case.probes().find(|probe| {
            let cut = matches!(
                probe.outcome,
                Outcome::Reset | Outcome::Closed | Outcome::Silent
            );
            cut || status(probe).is_some()
        })?;
        let silent = probe.outcome == Outcome::Silent;
        let listener = case.listener_for(probe.to.ip())?;
        let Some(owner) = case.owner(listener) else {
            // Another user's: what it calls itself is all there is.
            let server = status(probe)??.to_ascii_lowercase();
            let kind = REVERSE_PROXIES
                .iter()
                .find(|key| server.starts_with(*key))?;
            return Some(Between {
                kind: (*kind).to_owned(),
                carries: Carries::Requests,
                owner: None,
                silent,
            });
        };
        let row = case.framework(owner)?;
        // What it serves on its own port is its own: the page of ngrok, the bridge of adb.
        let own = row.port == Some(case.port());
        let carries = if row.forwarder && !own && !ENGINES.contains(&row.key.as_str()) {
            Carries::Bytes
        } else if REVERSE_PROXIES.contains(&row.key.as_str()) || row.dev_server {
            // Both answer by themselves what they cannot pass on.
            (silent || status(probe).is_some()).then_some(Carries::Requests)?
        } else {
            return None;
        };
        Some(Between {
            kind: row.key.clone(),
            carries,
            owner: Some(owner.clone()),
            silent,
        })
    }

    /// The addresses of other servers that the files of a project give to this one.
    pub(super) fn pointers<'a>(&self, project: &Project, claims: &'a Claims) -> Vec<&'a Pointer> {
        let mine = |pointer: &&Pointer| {
            let file = pointer.origin.file.as_str();
            match self.kind.as_str() {
                "nginx" => file.ends_with(".conf") || file.ends_with(".nginx"),
                "caddy" => file.to_ascii_lowercase().contains("caddyfile"),
                _ => self.is_dev_proxys(project, pointer),
            }
        };
        let all = claims.pointers.iter().filter(|pointer| !pointer.inside);
        all.filter(mine).collect()
    }

    /// Whether a setting is the proxy of the development server that this one is.
    fn is_dev_proxys(&self, project: &Project, pointer: &Pointer) -> bool {
        let proxies = ["proxy", "rewrites", "routeRules"];
        let named = proxies.iter().any(|word| pointer.key.contains(word));
        let cwd = self.owner.as_ref().and_then(|owner| owner.cwd.seen());
        let folder = match pointer.origin.file.rsplit_once('/') {
            Some((folder, _)) => join(&project.root, folder),
            None => project.root.clone(),
        };
        named && cwd.is_some_and(|cwd| is_below(cwd, &folder))
    }
}

/// The name under which somebody says that he, or the server behind him, has failed.
pub(super) fn status(probe: &Probe) -> Option<Option<&str>> {
    let said = probe.greeting.seen()?.http.as_ref()?;
    matches!(said.status, 500 | 502..=504).then_some(said.server.as_deref())
}
