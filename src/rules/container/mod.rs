//! Family 5 container: the port leads into a container.

mod calls;
pub mod container_exited;
pub mod container_never_started;
pub mod container_not_ready;
pub mod container_paused;
pub mod container_restarting;
pub mod dependency_not_ready;
pub mod engine_down;
pub mod engine_elsewhere;
pub mod engine_rules_missing;
pub mod host_network;
pub mod host_service_on_loopback;
pub mod ipv6_publish_dead;
pub mod localhost_inside_container;
pub mod loopback_inside;
pub mod no_network;
pub mod not_published;
pub mod not_recreated;
mod plan;
pub mod profile_not_selected;
pub mod published_elsewhere;
pub mod published_on_one_address;
pub mod wrong_container_port;

use std::net::{IpAddr, Ipv4Addr};

use super::Case;
use crate::facts::{
    Container, ContainerState, Engine, EngineKind, Gap, Known, Listener, Outcome, Proto, Publish,
    Scope, human_age, is_below,
};
use crate::findings::{Confidence, Edit, Evidence, Fix, Safety, Seen};

/// Seconds after its start during which a container may well not be ready yet.
const YOUNG: u64 = 20;

// --- what the rules ask of a case -------------------------------------------

/// Whether some address of this machine gave an answer: then no container is to blame.
fn answered(case: &Case) -> bool {
    case.probe_that(Outcome::Answered).is_some()
}

/// Whether the port, on this machine, has no server that can be seen and no answer.
fn vacant(case: &Case) -> bool {
    case.on_this_machine()
        && case.all_failed()
        && case.container_behind().is_none()
        && (case.nobody_listens() || !case.facts.listeners.is_seen())
}

/// The running container that the port leads into, if nothing answers from it.
fn unanswering<'a>(case: &Case<'a>) -> Option<(&'a Container, &'a Publish)> {
    if !case.on_this_machine() || case.probes().next().is_none() || answered(case) {
        return None;
    }
    let behind = case.container_behind()?;
    case.published()
        .find(|(container, _)| std::ptr::eq(*container, behind))
}

/// Certain, if every socket on the port is known to be an engine's, or there is none.
fn sure(case: &Case) -> Confidence {
    let engines = |listener: &Listener| {
        case.is_engines(listener)
            || case
                .owner(listener)
                .is_some_and(|process| case.is_forwarder(process))
    };
    if case.facts.listeners.is_seen() && case.listeners().all(engines) {
        Confidence::Certain
    } else {
        Confidence::Likely
    }
}

/// Whether the container belongs to the project that the user stands in.
fn is_related(case: &Case, container: &Container) -> bool {
    let Some(folder) = working_dir(container) else {
        return false;
    };
    let cwd = case.facts.host.cwd.as_deref();
    cwd.is_some_and(|cwd| is_below(cwd, folder))
        || case
            .project()
            .is_some_and(|project| is_below(folder, &project.root))
}

/// Whether the container belongs to another project than the one the user stands in.
fn is_foreign(case: &Case, container: &Container) -> bool {
    case.project().is_some() && working_dir(container).is_some() && !is_related(case, container)
}

fn working_dir(container: &Container) -> Option<&str> {
    container.compose.as_ref()?.working_dir.as_deref()
}

/// Whether the same compose service has another container that is up.
fn has_successor(case: &Case, container: &Container) -> bool {
    let Some(own) = &container.compose else {
        return false;
    };
    case.facts.containers.items().iter().any(|other| {
        let same = other
            .compose
            .as_ref()
            .is_some_and(|c| c.project == own.project && c.service == own.service);
        same && other.is_up() && other.id != container.id
    })
}

/// What the container maps the asked port to, now or when it runs.
fn mapping<'a>(case: &Case, container: &'a Container) -> Option<&'a Publish> {
    container
        .publishes()
        .find(|publish| publish.host_port == Some(case.port()))
}

/// The container's own listeners, without the resolver that the engine puts inside.
pub(super) fn inside(container: &Container) -> Option<Vec<&Listener>> {
    let resolver = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));
    let all = container.inside.seen()?;
    let own = |listener: &&Listener| listener.at.ip() != resolver && listener.proto == Proto::Tcp;
    Some(all.iter().filter(own).collect())
}

/// Whether the container's main process, or its health check, says it is too early to tell.
fn is_young(container: &Container) -> bool {
    container.health.as_deref() == Some("starting")
        || container.started_s.is_some_and(|age| age < YOUNG)
}

/// What an exit code means.
fn ended(container: &Container) -> String {
    let Some(code) = container.exit_code else {
        return "it ended".to_owned();
    };
    let meaning = match code {
        _ if container.oom_killed => "the kernel killed it for want of memory",
        0 => "its command was done, or went to the background",
        125 => "the engine could not run it",
        126 => "its command is there and cannot be executed",
        127 => "its command was not found in the image",
        130 => "it was interrupted (SIGINT)",
        134 => "it gave up (SIGABRT)",
        137 => "it was killed (SIGKILL)",
        139 => "it crashed (SIGSEGV)",
        143 => "it was told to end (SIGTERM)",
        _ => "its program failed",
    };
    format!("{meaning}, exit code {code}")
}

/// The engine that the user's tools talk to, if something chose it.
fn chosen<'a>(case: &Case<'a>) -> Option<&'a Engine> {
    let engine = case.facts.engines.first()?;
    (!engine.chosen_by.is_empty() && engine.chosen_by != DEFAULT).then_some(engine)
}

/// The words for an engine that nobody chose.
const DEFAULT: &str = "default socket";

/// The command that talks to this container's engine: with its place where the user's
/// tools talk to another one.
fn engine(case: &Case, container: &Container) -> Vec<String> {
    let mut words = vec![container.engine.command().to_owned()];
    let elsewhere =
        |engine: &Engine| !container.endpoint.is_empty() && engine.endpoint != container.endpoint;
    if container.engine == EngineKind::Docker && chosen(case).is_some_and(elsewhere) {
        words.extend(["--host".to_owned(), container.endpoint.clone()]);
    }
    words
}

// --- facts in words -----------------------------------------------------------

fn seen(container: &Container, says: impl Into<String>, what: &str) -> Evidence {
    Evidence::new(
        says,
        Seen::Container {
            name: container.name.clone(),
            what: what.to_owned(),
        },
    )
}

/// `web publishes its port 8080 as port 3000 of this machine`.
fn mapped(container: &Container, publish: &Publish) -> Evidence {
    let name = &container.name;
    let now = container.published.contains(publish);
    let verb = if now { "publishes" } else { "is to publish" };
    let host = publish.host_port.unwrap_or_default();
    let there = match publish.host_ip {
        Some(ip) => format!("as {}", std::net::SocketAddr::new(ip, host)),
        None => format!("as port {host} of this machine"),
    };
    let what = if now {
        "NetworkSettings.Ports"
    } else {
        "HostConfig.PortBindings"
    };
    let says = format!("{name} {verb} its port {} {there}", publish.container_port);
    seen(container, says, what)
}

/// What listens inside, a line each; or that nobody does.
fn listens_inside(container: &Container) -> Vec<Evidence> {
    let found = match (&container.inside, inside(container)) {
        (_, Some(found)) => found,
        (Known::Seen(_) | Known::Unseen(Gap::NotAsked), None) => return Vec::new(),
        (Known::Unseen(gap), None) => {
            let name = &container.name;
            let says = format!("what listens inside {name} could not be seen: {gap}");
            return vec![seen(container, says, "/proc/net/tcp")];
        }
    };
    let place = match container.pid {
        Some(pid) => format!("/proc/{pid}/net/tcp"),
        None => "/proc/net/tcp".to_owned(),
    };
    if found.is_empty() {
        let says = format!("nobody listens inside {}", container.name);
        return vec![seen(container, says, &place)];
    }
    let line = |listener: &&Listener| {
        let reach = match listener.scope() {
            Scope::Loopback => ", the container's own loopback",
            Scope::Lan | Scope::All => "",
        };
        let says = format!("inside, somebody listens on {}{reach}", listener.at);
        seen(container, says, &place)
    };
    found.iter().map(line).collect()
}

/// Since when it runs.
fn runs_since(container: &Container) -> Option<Evidence> {
    let age = human_age(container.started_s?);
    let says = format!("{} was started {age} ago", container.name);
    Some(seen(container, says, "State.StartedAt"))
}

/// What the health check says, if there is one.
fn health(container: &Container) -> Option<Evidence> {
    let health = container.health.as_deref()?;
    let says = format!("its health check says `{health}`");
    Some(seen(container, says, "State.Health"))
}

/// The last lines it wrote.
fn last_lines(container: &Container) -> Vec<Evidence> {
    let lines = container.log_tail.seen().into_iter().flatten();
    lines
        .map(|line| seen(container, format!("it wrote: {line}"), "logs"))
        .collect()
}

// --- fixes --------------------------------------------------------------------

/// `docker logs --tail 50 web`.
pub(super) fn read_log(case: &Case, container: &Container) -> Fix {
    let words = ["logs", "--tail", "50", &container.name];
    let argv = engine(case, container).into_iter();
    Fix::safe("read what it wrote", argv.chain(words.map(str::to_owned)))
}

/// Whether a file has a name that the compose tool looks for by itself.
fn is_usual(file: &str) -> bool {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    stem.is_some_and(|stem| {
        matches!(
            stem,
            "compose" | "docker-compose" | "compose.override" | "docker-compose.override"
        )
    })
}

/// A command of the compose tool for this container's service, from where the user stands.
fn compose(case: &Case, container: &Container, words: &[&str]) -> Option<Vec<String>> {
    let compose = container.compose.as_ref()?;
    let mut argv = engine(case, container);
    argv.push("compose".to_owned());
    let folder = compose.working_dir.as_deref();
    let stands_there = folder.is_some() && case.facts.host.cwd.as_deref() == folder;
    let usual = |file: &String| is_usual(file);
    if !(stands_there && compose.config_files.iter().all(usual)) {
        argv.extend(["-p".to_owned(), compose.project.clone()]);
        for file in &compose.config_files {
            argv.extend(["-f".to_owned(), file.clone()]);
        }
    }
    argv.extend(words.iter().map(|&word| word.to_owned()));
    argv.push(compose.service.clone());
    Some(argv)
}

/// Starts a container that does not run.
fn start(case: &Case, container: &Container) -> Fix {
    let title = if container.state == ContainerState::Created {
        "start it"
    } else {
        "start it again"
    };
    match compose(case, container, &["up", "-d"]) {
        Some(argv) => Fix::safe(title, argv),
        None => {
            let mut argv = engine(case, container);
            argv.extend(["start".to_owned(), container.name.clone()]);
            Fix::safe(title, argv)
        }
    }
}

/// Says what to change in how the container is run, and how to run it so: first the
/// change, then the command that applies it.
fn rerun(case: &Case, container: &Container, change: &Change) -> Vec<Fix> {
    let name = container.service();
    if compose(case, container, &[]).is_some() {
        let file = container
            .compose
            .as_ref()
            .and_then(|compose| compose.config_files.first())
            .map_or("the compose file", String::as_str);
        let place = plan::of(case, container).map(|plan| plan.place(case));
        let place = place.unwrap_or_else(|| file.to_owned());
        let change = match &change.edit {
            Some(edit) => Fix::edit(&*change.title, edit.clone()),
            None => Fix::read(
                &*change.title,
                format!("in {place}, service `{name}`: {}", change.in_compose),
            ),
        };
        return std::iter::once(change)
            .chain(recreate(case, container, "then let"))
            .collect();
    }
    let engine = container.engine.command();
    vec![Fix::read(
        &*change.title,
        format!(
            "remove the container (`{engine} rm -f {}`) and run it again {}",
            container.name, change.in_run
        ),
    )]
}

/// Has compose make the container anew, as its file says now.
pub(super) fn recreate(case: &Case, container: &Container, have: &str) -> Option<Fix> {
    Some(Fix::run(
        format!("{have} compose make the container anew (a restart is not enough)"),
        Safety::Disruptive,
        compose(case, container, &["up", "-d"])?,
    ))
}

/// A change in how a container is run.
struct Change {
    title: String,
    /// The change, as it is made in a compose file.
    in_compose: String,
    /// The change, as words of `docker run`.
    in_run: String,
    /// The change of the compose file to the letter, where that is one.
    edit: Option<Edit>,
}

impl Change {
    /// Other port mappings.
    fn ports(title: impl Into<String>, mappings: &[&str]) -> Self {
        let quoted: Vec<_> = mappings.iter().map(|m| format!("\"{m}\"")).collect();
        let flags: Vec<_> = mappings.iter().map(|m| format!("-p {m}")).collect();
        Change {
            title: title.into(),
            in_compose: format!("`ports: [{}]`", quoted.join(", ")),
            in_run: format!("with `{}`", flags.join(" ")),
            edit: None,
        }
    }

    /// The same, where one edit makes it.
    fn by(self, edit: Option<Edit>) -> Self {
        Change { edit, ..self }
    }
}
