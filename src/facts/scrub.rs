//! Takes what is private out of a snapshot, so that it can be attached to a bug report.

mod browsers;
mod words;

use std::sync::Arc;

use self::words::{scrub_argv, scrub_host, scrub_text};
use super::{
    Certificate, Claims, Known, Onward, Origin, Probe, Process, SaidBy, Snapshot, TunnelAgent,
    is_machine_name,
};

/// The snapshot without home folders, user names and argument values.
///
/// What rules need stays: programs, ports, addresses, states, the names of
/// flags. The home folder becomes `~`, the user's name `user`, and the value of
/// an argument that is neither a flag, a number, an address nor a file of the
/// catalogue becomes `…`.
#[must_use]
pub fn scrub(mut snapshot: Snapshot, home: Option<&str>) -> Snapshot {
    let user = snapshot.host.user.name.clone();
    let text = |value: &str| scrub_text(value, home, &user);
    if !user.is_empty() && user != "root" {
        "user".clone_into(&mut snapshot.host.user.name);
    }
    snapshot.host.cwd = snapshot.host.cwd.as_deref().map(text);
    if let Known::Seen(settings) = &mut snapshot.host.proxy_settings {
        for setting in settings {
            setting.place = text(&setting.place);
        }
    }
    if let Known::Seen(wsl) = &mut snapshot.host.wsl {
        // It is below the folder of a user of Windows.
        wsl.file = wsl.file.as_ref().map(|_| "~/.wslconfig".to_owned());
    }
    for processes in [&mut snapshot.processes, &mut snapshot.project_processes] {
        if let Known::Seen(list) = processes {
            let mut list = list.to_vec();
            for process in &mut list {
                scrub_process(process, &text, &user);
            }
            *processes = Known::Seen(list.into());
        }
    }
    if let Known::Seen(projects) = &mut snapshot.projects {
        let mut list = projects.to_vec();
        for project in &mut list {
            project.root = text(&project.root);
            if let Known::Seen(claims) = &project.claims {
                let mut claims = claims.as_ref().clone();
                scrub_claims(&mut claims, &text);
                project.claims = Known::Seen(Arc::new(claims));
            }
        }
        *projects = list.into();
    }
    if let Known::Seen(paths) = &mut snapshot.unix_listeners {
        *paths = paths.iter().map(|path| text(path)).collect::<Arc<[_]>>();
    }
    if let Known::Seen(containers) = &mut snapshot.containers {
        let mut list = containers.to_vec();
        for container in &mut list {
            container.command = scrub_argv(&container.command, &text);
            container.log_tail = Known::default();
            container.error = container.error.as_deref().map(text);
            container.endpoint = text(&container.endpoint);
            for failed in &mut container.failed_dials {
                failed.host = scrub_host(&failed.host);
                failed.line = String::new();
            }
            for given in &mut container.dials {
                given.host = scrub_host(&given.host);
            }
            for entry in &mut container.extra_hosts {
                let host = entry.split(':').next().unwrap_or_default();
                *entry = match is_machine_name(host) {
                    true => entry.clone(),
                    false => scrub_host(host),
                };
            }
            if let Some(compose) = &mut container.compose {
                compose.working_dir = compose.working_dir.as_deref().map(text);
                for file in &mut compose.config_files {
                    *file = text(file);
                }
            }
        }
        *containers = list.into();
    }
    if let Known::Seen(departed) = &mut snapshot.departed {
        let mut list = departed.to_vec();
        for gone in &mut list {
            gone.name = text(&gone.name);
            gone.project = gone.project.as_deref().map(text);
            gone.ended = text(&gone.ended);
            gone.seen_in = text(&gone.seen_in);
        }
        *departed = list.into();
    }
    if let Known::Seen(files) = &mut snapshot.pid_files {
        let mut list = files.to_vec();
        for file in &mut list {
            file.file = text(&file.file);
        }
        *files = list.into();
    }
    if let Known::Seen(units) = &mut snapshot.units {
        let mut list = units.to_vec();
        for unit in &mut list {
            unit.name = text(&unit.name);
            unit.starts = unit.starts.as_deref().map(text);
            unit.named_in = unit.named_in.as_deref().map(text);
        }
        *units = list.into();
    }
    if let Known::Seen(limits) = &mut snapshot.way.limits {
        let mut list = limits.to_vec();
        for unit in &mut list {
            unit.unit = text(&unit.unit);
            for setting in &mut unit.settings {
                setting.file = setting.file.as_deref().map(text);
            }
        }
        *limits = list.into();
    }
    if let Known::Seen(policy) = &mut snapshot.way.policy
        && let Known::Seen(denials) = &mut policy.denials
    {
        for denial in denials {
            denial.comm = text(&denial.comm);
            denial.profile = text(&denial.profile);
            denial.text = text(&denial.text);
        }
    }
    if let Known::Seen(names) = &mut snapshot.names {
        // They are those of a company, or of a home.
        names.search.fill("…".to_owned());
    }
    if let Known::Seen(outside) = &mut snapshot.outside
        && let Known::Seen(portal) = &mut outside.portal
    {
        // A portal hands out who was sent to it.
        let place = |url: &String| url.split(['?', '#']).next().map(text);
        portal.location = portal.location.as_ref().and_then(place);
    }
    if let Known::Seen(steps) = &mut snapshot.redirects {
        let mut list = steps.to_vec();
        for step in &mut list {
            step.from = text(&scrub_url(&step.from));
            step.to = text(&scrub_url(&step.to));
            if let Known::Seen(met) = &mut step.met {
                scrub_probes(met, &text);
            }
        }
        *steps = list.into();
    }
    let mut probes = snapshot.probes.to_vec();
    scrub_probes(&mut probes, &text);
    snapshot.probes = probes.into();
    if let Known::Seen(devices) = &mut snapshot.devices {
        let mut list = devices.to_vec();
        for (at, device) in list.iter_mut().enumerate() {
            device.serial = format!("device-{at}");
        }
        *devices = list.into();
    }
    if let Known::Seen(agents) = &mut snapshot.tunnels {
        let mut list = agents.to_vec();
        list.iter_mut().for_each(scrub_agent);
        *agents = list.into();
    }
    if let Known::Seen(onward) = &mut snapshot.onward {
        let mut list = onward.to_vec();
        list.iter_mut().for_each(|one| scrub_onward(one, &text));
        *onward = list.into();
    }
    if let Known::Seen(seen) = &snapshot.browsers {
        let mut seen = seen.as_ref().clone();
        browsers::scrub_browsers(&mut seen, &text);
        snapshot.browsers = Known::Seen(Arc::new(seen));
    }
    let engines: Vec<_> = snapshot
        .engines
        .iter()
        .cloned()
        .map(|mut engine| {
            engine.endpoint = text(&engine.endpoint);
            engine
        })
        .collect();
    snapshot.engines = engines.into();
    snapshot
}

/// What servers said.
fn scrub_probes(probes: &mut [Probe], text: &dyn Fn(&str) -> String) {
    for probe in probes {
        if let Known::Seen(greeting) = &mut probe.greeting {
            greeting.text = text(&greeting.text);
            if let Some(Known::Seen(certificate)) =
                greeting.tls.as_mut().map(|tls| &mut tls.certificate)
            {
                scrub_certificate(certificate, text);
            }
            if let Some(http) = &mut greeting.http {
                http.body_start = text(&http.body_start);
                http.location = http.location.as_deref().map(text);
            }
        }
    }
}

/// The host of an address, where it is one of a network, and the path with it.
fn scrub_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let port = &authority[host.len()..];
    let own = host.trim_matches(['[', ']']);
    match scrub_host(own) {
        kept if kept == own => format!("{scheme}://{host}{port}{path}"),
        gone => format!("{scheme}://{gone}{port}/"),
    }
}

/// Hosts of a network, and whoever signed for them, may be a company's own.
fn scrub_certificate(certificate: &mut Certificate, text: &dyn Fn(&str) -> String) {
    for name in &mut certificate.names {
        *name = scrub_host(name);
    }
    certificate.subject = scrub_host(&text(&certificate.subject));
    certificate.issuer = text(&certificate.issuer);
    certificate.store = text(&certificate.store);
    certificate.mkcert_root = certificate.mkcert_root.as_deref().map(text);
}

fn scrub_process(process: &mut Process, text: &dyn Fn(&str) -> String, user: &str) {
    process.name = text(&process.name);
    process.project = process.project.as_deref().map(text);
    process.cwd = process.cwd.clone().map(|cwd| text(&cwd));
    process.exe = process.exe.clone().map(|exe| text(&exe));
    process.argv = process.argv.clone().map(|argv| scrub_argv(&argv, text));
    if let Some(name) = &mut process.user
        && name == user
        && name != "root"
    {
        "user".clone_into(name);
    }
}

/// What files say: names of services, keys and paths within the project stay, words of
/// commands and names of hosts are treated as in any command line.
fn scrub_claims(claims: &mut Claims, text: &dyn Fn(&str) -> String) {
    let place = |origin: &mut Origin| origin.file = text(&origin.file);
    for service in &mut claims.services {
        service.name = text(&service.name);
        service.folder = text(&service.folder);
        service.start = scrub_argv(&service.start, text);
        place(&mut service.origin);
        service.strict.iter_mut().for_each(place);
        for expects in &mut service.expects {
            place(&mut expects.origin);
            expects.host_origin.iter_mut().for_each(place);
            expects.written = text(&expects.written);
            expects.host = expects.host.as_deref().map(scrub_host);
        }
        for unknown in &mut service.unknown {
            place(&mut unknown.origin);
            unknown.why = text(&unknown.why);
        }
    }
    for left_out in &mut claims.left_out {
        left_out.path = text(&left_out.path);
    }
    let changed = std::mem::take(&mut claims.changed_s).into_iter();
    claims.changed_s = changed.map(|(file, ago)| (text(&file), ago)).collect();
    for ignored in &mut claims.ignored {
        ignored.service = text(&ignored.service);
        place(&mut ignored.origin);
        ignored.why = text(&ignored.why);
    }
    for pointer in &mut claims.pointers {
        pointer.service = text(&pointer.service);
        place(&mut pointer.origin);
        pointer.host = scrub_host(&pointer.host);
        pointer.written = format!("{}:{}", pointer.host, pointer.port);
    }
    for broken in &mut claims.broken {
        place(&mut broken.origin);
        broken.what = text(&broken.what);
    }
}

/// Where connections go: the names of other machines are the user's own business.
fn scrub_onward(onward: &mut Onward, text: &dyn Fn(&str) -> String) {
    onward.host = onward.host.as_deref().map(scrub_host);
    onward.via = onward.via.as_deref().map(scrub_host);
    match &mut onward.said_by {
        SaidBy::File { file, .. } => *file = text(file),
        SaidBy::Agent { name } => *name = scrub_host(name),
        SaidBy::Argv | SaidBy::Bridge | SaidBy::Connection | SaidBy::Kind => {}
    }
}

/// A public name is how others find the server: it goes, and so does a far place.
fn scrub_agent(agent: &mut TunnelAgent) {
    let Known::Seen(names) = &mut agent.names else {
        return;
    };
    for name in names {
        name.name = scrub_host(&name.name);
        name.to = browsers::scrub_address(&name.to);
    }
}

#[cfg(test)]
mod tests;
