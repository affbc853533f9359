//! # The server of this project moved to another port
//!
//! ## What happened
//!
//! The server of this project runs, on another port than the one it was to have:
//! when it started, somebody else had that port, and it took the next free one.
//!
//! ## Why
//!
//! Many development servers (Next.js, Vite, Nuxt, webpack) look for a free port
//! by themselves and say so in one line of their output, which is easily missed.
//! Whoever asks for the usual port then meets the other program, or nobody.
//!
//! ## What to do
//!
//! Open the server where it is. To have it on its own port again, end the other
//! program where it was started, then start the server anew. A strict setting,
//! where there is one, has it stop instead of moving on.

use crate::facts::{Departed, Outcome, Process, SetBy, Taken, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::case::OwnServer;
use crate::rules::evidence::{name_of, process_words, service_name};
use crate::rules::{Case, Rule, container, evidence, fixes, presence};

/// DD205.
pub static RULE: Rule = Rule {
    code: "DD205",
    name: "moved-port",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![container::engine_down::RULE],
    settle: 2,
    check,
    source: include_str!("moved_port.rs"),
};

/// Who looks for a free port does not look further than this.
const FURTHEST: u16 = 100;
/// Two that start together may be told apart by so many seconds.
const TOGETHER: u64 = 2;

/// Who has the port that the server was to have.
enum Holder<'a> {
    /// A process of somebody else, or one that cannot be seen.
    Other(Option<&'a Process>, Evidence),
    /// Nobody any more; this one had it when the server started, if that is remembered.
    Gone(Option<&'a Departed>),
}

fn check(case: &Case) -> Option<Finding> {
    if !case.on_this_machine() {
        return None;
    }
    let servers = case.own_servers();
    let moved = servers.iter().find(|one| has_moved(case, one))?;
    let holder = holder(case, moved.owner)?;
    let (port, there) = (case.port(), moved.listener.at.port());
    let name = match &moved.meant {
        Some(meant) => service_name(meant),
        None => name_of(moved.owner),
    };
    let who = format!("{name} (pid {})", moved.owner.id.pid);
    let says = match &holder {
        Holder::Other(Some(process), _) => format!(
            "{who} is on port {there}, because {} has port {port}",
            words_of(process)
        ),
        Holder::Other(None, _) => {
            format!("{who} is on port {there}, because another program has port {port}")
        }
        Holder::Gone(Some(gone)) => format!(
            "{who} is on port {there}, because {} had port {port} when it started; port {port} \
             is free now",
            former(moved.owner, gone)
        ),
        Holder::Gone(None) => format!(
            "{who} is on port {there}: port {port} was taken when it started, and is free now"
        ),
    };
    let mut finding = Finding::new(Confidence::Likely, says);
    finding = match &holder {
        Holder::Other(process, listens) => {
            let well = case.probes().any(|probe| probe.outcome.well());
            if well {
                finding = finding.severity(Severity::Warning);
            }
            let first = case.probes().next().map(evidence::probe);
            finding
                .because_all(first)
                .because(listens.clone())
                .because_all(process.map(evidence::process))
        }
        Holder::Gone(gone) => finding
            .because_all(case.probes_that(Outcome::Refused).map(evidence::probe))
            .because(evidence::nobody_listens(case))
            .because_all(gone.map(|gone| remembered(case, gone))),
    };
    if let Some(meant) = &moved.meant {
        finding = finding.because(evidence::expects(case, meant));
    }
    finding = finding
        .because(evidence::listener(case, moved.listener))
        .because(evidence::process(moved.owner))
        .because_all(habit(case, moved.owner))
        .fix(fixes::open(
            moved.listener,
            format!("open {name} where it is"),
        ));
    finding = match &holder {
        Holder::Other(Some(process), _) => finding.fix(Fix::read(
            format!("or have it on port {port} again"),
            format!(
                "end {} in the terminal it was started in, if it is not needed, then start {name} \
                 anew",
                process_words(process)
            ),
        )),
        Holder::Other(None, _) => finding.fix(Fix::read(
            format!("or have it on port {port} again"),
            format!("end what has port {port}, if it is not needed, then start {name} anew"),
        )),
        Holder::Gone(_) => finding.fix(Fix::read(
            format!("or have it on port {port} again"),
            format!("end {name} in its terminal and start it anew: the port is free now"),
        )),
    };
    Some(finding.fix_all(strict(case, moved)))
}

/// Whether the server is where it is because its own port was taken.
fn has_moved(case: &Case, one: &OwnServer) -> bool {
    let there = one.listener.at.port();
    let Some(row) = case.framework(one.owner) else {
        return false;
    };
    let far = match row.taken {
        Some(Taken::NextPort) => there > case.port() && there - case.port() <= FURTHEST,
        Some(Taken::RandomPort) => true,
        _ => return false,
    };
    // What was asked for is no accident.
    if !far || one.told.is_some() || evidence::sets_port(one.owner, there).is_some() {
        return false;
    }
    match &one.meant {
        Some(meant) => {
            let by_flag = row.flags.explicit_is_strict && meant.by.by == SetBy::Flag;
            let asked = row.flags.asked_is_strict && meant.by.by != SetBy::Default;
            meant.service.strict.is_none() && !by_flag && !asked
        }
        // Without files that say so, its own port is the one it usually has.
        None => {
            case.claims()
                .is_none_or(|claims| claims.services.is_empty())
                && row.port == Some(case.port())
        }
    }
}

/// Who has the port now; nothing if it is one of ours, or one that came later: then it
/// is not why the server moved.
fn holder<'a>(case: &Case<'a>, moved: &Process) -> Option<Holder<'a>> {
    if case.nobody_listens() {
        return case
            .all_refused()
            .then(|| Holder::Gone(had_it(case, moved)));
    }
    let listener = case.listeners().next()?;
    let Some(owner) = case.owner(listener) else {
        return Some(Holder::Other(None, evidence::listener(case, listener)));
    };
    let ours = case.listeners().filter_map(|one| case.owner(one));
    let ours = ours
        .into_iter()
        .any(|owner| case.is_ours(owner) == Some(true));
    let later = owner.age_s.saturating_add(TOGETHER) < moved.age_s;
    (!ours && !later).then(|| Holder::Other(Some(owner), evidence::listener(case, listener)))
}

/// Who had the port when the server started, as far as that is remembered.
fn had_it<'a>(case: &Case<'a>, moved: &Process) -> Option<&'a Departed> {
    let departed = case.facts.departed.items().iter();
    let mut of_port = departed.filter(|gone| gone.port == Some(case.port()));
    of_port.find(|gone| {
        let (Some(ago), Some(held)) = (gone.ago_s, gone.held_s) else {
            return false;
        };
        let began = moved.age_s.saturating_add(TOGETHER);
        // One that the server itself had is no reason.
        gone.id != Some(moved.id) && ago <= began && ago.saturating_add(held) >= moved.age_s
    })
}

/// `vite`, or `an earlier next dev`
fn former(moved: &Process, gone: &Departed) -> String {
    match name_of(moved) == gone.name {
        true => format!("an earlier {}", gone.name),
        false => gone.name.clone(),
    }
}

/// That it had the port, and how that ended.
fn remembered(case: &Case, gone: &Departed) -> Evidence {
    let held = gone
        .held_s
        .map_or(String::new(), |s| format!(" for {}", human_age(s)));
    let ago = gone
        .ago_s
        .map_or(String::new(), |s| format!(" {} ago", human_age(s)));
    let says = match gone.lives() {
        true => format!(
            "{} had port {}{held}, and closed it{ago}",
            gone.name,
            case.port()
        ),
        false => format!(
            "{} had port {}{held}, and {}{ago}",
            gone.name,
            case.port(),
            gone.ended
        ),
    };
    Evidence::new(says, presence::exited::seen_in(gone))
}

/// `next dev (pid 812) of /home/me/blog`
fn words_of(process: &Process) -> String {
    match &process.project {
        Some(project) => format!("{} of {project}", process_words(process)),
        None => process_words(process),
    }
}

/// What the server does when its port is taken.
fn habit(case: &Case, process: &Process) -> Option<Evidence> {
    let row = case.framework(process)?;
    let habit = row.when_taken.as_deref()?;
    let says = format!("where its port is taken, {} {habit}", row.server);
    Some(Evidence::new(
        says,
        Seen::Process {
            pid: process.id.pid,
            what: "argv".to_owned(),
        },
    ))
}

/// What has it stop instead.
fn strict(case: &Case, moved: &OwnServer) -> Option<Fix> {
    let row = case.framework(moved.owner)?;
    let title = "or have it stop, the next time, where its port is taken";
    let key = row.keys.strict.first();
    let flag = row.flags.strict.first();
    let text = match (flag, key) {
        (Some(flag), Some(key)) => format!("start it with `{flag}`, or set {key} to true"),
        (Some(flag), None) => format!("start it with `{flag}`"),
        (None, Some(key)) => format!("set {key} to true in its configuration"),
        (None, None) if row.flags.explicit_is_strict || row.flags.asked_is_strict => {
            format!("start it with `{}`", row.take_port(case.port())?)
        }
        (None, None) => return None,
    };
    Some(Fix::read(title, text))
}
