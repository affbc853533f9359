//! The user's own project: what its files say, which processes it has, and whose the
//! other ports are. Looked at only where an answer hangs on it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::looks::count;
use super::parts::{find_owners, give_projects, owner_ids};
use super::reading::{Reading, servers_stand};
use super::why::Doctor;
use crate::facts::{Container, Known, ProcId, Process, Project, is_below};
use crate::rules::Case;
use crate::sources::{processes, projects};

/// How many projects besides the user's own are read.
const MOST_OTHERS: usize = 3;
/// For how long the report of a server that answers well waits for the files with which
/// its port is compared.
const COMPARE: Duration = Duration::from_millis(150);
/// Over how long it is watched whether a process that does not listen is at work.
const AT_WORK: Duration = Duration::from_millis(200);

impl Doctor<'_> {
    /// Begins to read the files of the user's project beside all else, if it is likely
    /// that they will be asked for: nobody listens, somebody else does, or the user's
    /// own server does so on a port that it must have been told.
    pub(super) fn begin_reading(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let Some(own) = case.own_project() else {
            return;
        };
        let matters = case.on_this_machine()
            && (case.nobody_listens()
                || another_project_listens(&case)
                || case.stranger().is_some()
                || self.holders().iter().any(|owner| was_told(&case, owner)));
        if matters {
            let root = own.root.clone();
            self.read(root);
        }
    }

    /// Begins to read the files of this project, unless that was begun before.
    fn read(&mut self, root: String) {
        let under_way = self.reading.iter().any(|reading| reading.root == root);
        let mut projects = self.facts.projects.items().iter();
        if under_way || projects.any(|one| one.root == root && one.claims.is_seen()) {
            return;
        }
        let from = self.standing();
        let budget = self.budget(|of| of.projects);
        self.reading
            .push(Reading::begin(&root, from, self.settings, budget));
    }

    /// Where the user stands and where servers run: a sample there counts.
    fn standing(&self) -> Vec<String> {
        let cwd = self.facts.host.cwd.clone().into_iter();
        cwd.chain(servers_stand(&self.facts)).collect()
    }

    /// Waits for the files that are being read, each for so long from its begin.
    fn finish_reading(&mut self, budget: Duration) {
        for reading in std::mem::take(&mut self.reading) {
            let (root, began) = (reading.root.clone(), reading.began);
            let claims = reading.finish(&self.standing(), self.settings, budget);
            let saw = count(&claims, |claims| claims.services.len(), "service");
            self.looks.note("project files", saw, began);
            let Known::Seen(list) = &self.facts.projects else {
                continue;
            };
            let mut list = list.to_vec();
            for project in list.iter_mut().filter(|one| one.root == root) {
                project.claims = claims.clone();
            }
            self.facts.projects = Known::Seen(list.into());
        }
    }

    /// What the report of a server that answers well is to be compared with, if its
    /// files could be read in no time. It is no blind spot if they could not.
    pub(super) fn compare_with_files(&mut self) {
        let budget = COMPARE.min(self.budget(|of| of.projects));
        self.finish_reading(budget);
        if let Known::Seen(list) = &self.facts.projects {
            let mut list = list.to_vec();
            for project in &mut list {
                if !project.claims.is_seen() {
                    project.claims = Known::default();
                }
            }
            self.facts.projects = Known::Seen(list.into());
        }
    }

    /// Whether the server of another project answers where the user stands in his own.
    pub(super) fn is_answered_by_another_project(&self) -> bool {
        another_project_listens(&Case::new(self.target, &self.facts))
    }

    /// Whether somebody answers who has nothing to do with the user's project, on a port
    /// that its files give to a server of its own.
    pub(super) fn is_answered_by_a_stranger(&self) -> bool {
        let case = Case::new(self.target, &self.facts);
        case.stranger().is_some() && case.expected().iter().any(|one| one.service.is_on())
    }

    /// Whether a server of the user's project answers on a port that its files do not
    /// give to it: then it matters who has the one that they do.
    pub(super) fn is_answered_astray(&self) -> bool {
        let case = Case::new(self.target, &self.facts);
        self.holders().iter().any(|owner| {
            let said = !case.services_of(owner).is_empty();
            said && case.told(owner, self.target.port).is_none()
        })
    }

    /// Looks at everything that the user's own project may have to do with the port.
    pub(super) fn look_at_own_project(&mut self) {
        let root = self.facts.own_project().map(|own| own.root.clone());
        if let Some(root) = &root {
            self.read(root.clone());
        }
        self.look_at_other_ports();
        if let Some(root) = &root {
            let began = Instant::now();
            let found = processes::in_folder(root);
            let saw = count(&found, Vec::len, "process");
            self.looks.note("project processes", saw, began);
            self.tell_variables(found.seen().map_or(&[], Vec::as_slice));
            self.facts.project_processes = found.map(Into::into);
        }
        self.look_at_their_projects();
        for other in self.others_to_read() {
            self.read(other);
        }
        let budget = self.settings.timeouts.projects;
        self.finish_reading(budget);
        let ids = self.who_should_listen();
        if !ids.is_empty() {
            self.sample = Some((Instant::now(), processes::cpu_sample(&ids)));
        }
    }

    /// The processes that should listen and do not, with those below them: `npm` does
    /// nothing while what it runs compiles.
    fn who_should_listen(&self) -> Vec<ProcId> {
        let case = Case::new(self.target, &self.facts);
        let waiting = case.waiting();
        let own = self.facts.project_processes.items().iter();
        let below = |process: &&Process| {
            let above = case.ancestors(process);
            waiting
                .iter()
                .any(|one| one.id == process.id || above.iter().any(|above| above.id == one.id))
        };
        own.filter(below).map(|process| process.id).collect()
    }

    /// What the processes that do not listen did since they were first seen.
    pub(super) fn see_who_is_at_work(&mut self) {
        let Some((began, sample)) = self.sample.take() else {
            return;
        };
        let rest = AT_WORK.saturating_sub(began.elapsed());
        std::thread::sleep(self.budget(|_| rest));
        if let Known::Seen(list) = &self.facts.project_processes {
            let mut list = list.to_vec();
            processes::cpu_since(&sample, &mut list);
            self.facts.project_processes = Known::Seen(list.into());
        }
        self.looks.note("at work", String::new(), began);
    }

    /// Names who has the other ports: the server that is asked for may be among them.
    pub(super) fn look_at_other_ports(&mut self) {
        let Known::Seen(list) = &self.facts.listeners else {
            return;
        };
        let mut list = list.to_vec();
        let port = self.target.port;
        list.sort_by_key(|listener| listener.at.port() == port);
        let others = list.partition_point(|listener| listener.at.port() != port);
        find_owners(&mut self.looks, &mut list[..others]);
        list.rotate_left(others);
        let seen = Known::Seen(list);
        let known = self.facts.processes.items();
        let ids: Vec<ProcId> = owner_ids([&seen])
            .into_iter()
            .filter(|id| known.iter().all(|process| process.id != *id))
            .collect();
        self.facts.listeners = seen.map(Into::into);
        if ids.is_empty() {
            return;
        }
        let mut all = known.to_vec();
        for process in processes::look(&ids) {
            if all.iter().all(|known| known.id != process.id) {
                all.push(process);
            }
        }
        self.facts.processes = Known::Seen(all.into());
    }

    /// What the environments of the project's processes say is told of those that were
    /// seen before, too.
    fn tell_variables(&mut self, own: &[Process]) {
        let Known::Seen(list) = &self.facts.processes else {
            return;
        };
        let mut list = list.to_vec();
        for process in &mut list {
            if let Some(same) = own.iter().find(|own| own.id == process.id) {
                process.ports_set.clone_from(&same.ports_set);
            }
        }
        self.facts.processes = Known::Seen(list.into());
    }

    /// The projects of everybody who was seen.
    fn look_at_their_projects(&mut self) {
        let cwd = self.facts.host.cwd.clone();
        let listening = owner_ids([&self.facts.listeners.clone().map(|list| list.to_vec())]);
        let owners = self.facts.processes.items().iter();
        let owners = owners.filter(|process| listening.contains(&process.id));
        let everybody = owners.chain(self.facts.project_processes.items());
        let places = everybody.filter_map(|process| process.cwd.seen().cloned());
        let containers = self.containers_of_port();
        let labels = containers.filter_map(working_dir).map(str::to_owned);
        let mut seen = HashSet::new();
        let folders: Vec<String> = cwd
            .into_iter()
            .chain(places)
            .chain(labels)
            .filter(|folder| seen.insert(folder.clone()))
            .collect();
        let mut roots = self.looks.at(
            "projects",
            || projects::roots(&folders),
            |roots| format!("{}", roots.len()),
        );
        // What was read before stays read.
        for known in self.facts.projects.items() {
            let same = roots.iter_mut().find(|root| root.root == known.root);
            if let Some(root) = same {
                root.claims = known.claims.clone();
            }
        }
        for known in [&mut self.facts.processes, &mut self.facts.project_processes] {
            if let Known::Seen(list) = known {
                let mut list = list.to_vec();
                give_projects(&mut list, &roots);
                *known = Known::Seen(list.into());
            }
        }
        self.facts.projects = Known::Seen(roots.into());
    }

    /// The other projects that may have to do with the port: whose server has it, whose
    /// container would, and whose servers run.
    fn others_to_read(&self) -> Vec<String> {
        let case = Case::new(self.target, &self.facts);
        let own = case.own_project().map(|own| own.root.as_str());
        let holders = self.holders().into_iter();
        let listeners = self.facts.listeners.items().iter();
        let servers = listeners
            .filter_map(|listener| case.owner(listener))
            .filter(|owner| case.framework(owner).is_some_and(|row| row.dev_server));
        let folders = holders
            .chain(servers)
            .filter_map(|process| process.cwd.seen().map(String::as_str))
            .chain(self.containers_of_port().filter_map(working_dir));
        let mut found: Vec<String> = Vec::new();
        for folder in folders {
            if let Some(root) = outermost(self.facts.projects.items(), folder)
                && Some(root) != own
                && found.len() < MOST_OTHERS
                && !found.iter().any(|known| known == root)
            {
                found.push(root.to_owned());
            }
        }
        found
    }

    /// The containers that publish the asked port, or would.
    fn containers_of_port(&self) -> impl Iterator<Item = &Container> {
        let port = self.target.port;
        let containers = self.facts.containers.items().iter();
        containers.filter(move |container| {
            let mut publishes = container.publishes();
            publishes.any(|publish| publish.host_port == Some(port))
        })
    }
}

fn working_dir(container: &Container) -> Option<&str> {
    container.compose.as_ref()?.working_dir.as_deref()
}

/// The outermost project over a folder.
fn outermost<'a>(projects: &'a [Project], folder: &str) -> Option<&'a str> {
    let over = projects.iter().filter(|one| is_below(folder, &one.root));
    let roots = over.map(|project| project.root.as_str());
    roots.min_by_key(|root| root.len())
}

/// Whether a process of another project has the port, where the user stands in his own.
fn another_project_listens(case: &Case) -> bool {
    case.own_project().is_some()
        && case.listeners().any(|listener| {
            case.owner(listener)
                .is_some_and(|owner| owner.project.is_some() && case.is_ours(owner) == Some(false))
        })
}

/// Whether the user's own server must have been told its port by something other than
/// its command line, with which it is then to be compared.
fn was_told(case: &Case, owner: &Process) -> bool {
    let port = case.port();
    let usual = case
        .framework(owner)
        .filter(|row| row.dev_server)
        .and_then(|row| row.port);
    let written = port.to_string();
    let argv = owner.argv.seen().map_or(&[][..], Vec::as_slice);
    let says = argv.iter().any(|word| {
        word.split(|c: char| !c.is_ascii_digit())
            .any(|number| number == written)
    });
    case.is_ours(owner) == Some(true) && usual.is_some_and(|usual| usual != port) && !says
}
