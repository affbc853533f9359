//! The loop: one event after the other, each taken whole before the next.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, broadcast, mpsc, watch};

use super::alerts::Alerts;
use super::calls::MOST_AT_ONCE;
use super::ears::Ears;
use super::event::{Event, Moment, Part};
use super::handle::{Asked, News, Watchers};
use super::judge::Spoken;
use super::known_projects::KnownProjects;
use super::looks::Looks;
use super::pace::Pace;
use super::refusals::Refusals;
use super::state::{Changes, State};
use super::store::{Restored, Store};
use crate::facts::ProcId;
use crate::findings::{Alert, ProjectReport};
use crate::settings::Settings;
use crate::sources::{clock, sockets};

/// How long a hint waits for company before what it hints at is looked at.
const COMPANY: Duration = Duration::from_millis(50);
/// How often everything is looked at, whatever was heard.
const FULL_LOOK: Duration = Duration::from_secs(60);
/// How often the radar adapts itself.
const ADAPT: Duration = Duration::from_secs(1);
/// The same while hardly any connections are closed.
const ADAPT_CALM: Duration = Duration::from_secs(5);
/// How many results of looks may wait to be taken.
const MOST_RESULTS: usize = 64;

/// Everything that the daemon knows and does.
pub(super) struct Daemon {
    pub(super) began: Instant,
    pub(super) looks: Looks,
    pub(super) sockets: sockets::Watch,
    pub(super) sockets_by: String,
    pub(super) state: State,
    pub(super) alerts: Alerts,
    pub(super) refusals: Refusals,
    pub(super) projects: KnownProjects,
    pub(super) pace: Pace,
    pub(super) news: broadcast::Sender<News>,
    watchers: Watchers,
    pub(super) notifications: watch::Receiver<String>,
    /// Room for diagnoses and checks that take their time.
    pub(super) at_once: Arc<Semaphore>,
    pub(super) store: Store,
    /// How things stood in each project at the last check.
    pub(super) reports: BTreeMap<String, ProjectReport>,
    /// The root of the project that each folder belongs to, if there is one.
    pub(super) roots: HashMap<String, Option<String>>,
    /// The ports of which alerts speak because connections to them were refused.
    pub(super) spoken: BTreeMap<u16, Spoken>,
    /// Questions about projects whose files are being read, by the project's root.
    pub(super) waiting: Vec<(String, Asked)>,
    /// How refused connections, ends of servers, containers and files are noticed.
    pub(super) modes: [String; 4],
    /// The settings that hold in each project.
    pub(super) settings: BTreeMap<String, Settings>,
    /// The folders whose files matter, by the root of their project.
    pub(super) folders: BTreeMap<String, Vec<String>>,
    pub(super) folders_changed: bool,
    owners: Vec<ProcId>,
    /// Folders of which it is being found out whose project they are.
    pub(super) asked_roots: HashSet<String>,
    stale: BTreeSet<Part>,
    pub(super) stale_projects: BTreeSet<String>,
    /// When the stale parts are to be looked at.
    pub(super) due: Option<Duration>,
    /// Whether a look at the containers is under way.
    looking_at_containers: bool,
    pub(super) ended: bool,
}

/// What the loop has to do with.
#[derive(Debug)]
pub struct Outside {
    /// What is kept across restarts.
    pub store: Store,
    /// What an earlier daemon has kept.
    pub restored: Restored,
    /// Questions that come through a [`super::Handle`].
    pub questions: mpsc::Receiver<Asked>,
    /// Where news go.
    pub news: broadcast::Sender<News>,
    /// Who is told of changes as they come.
    pub watchers: Watchers,
    /// How notifications are shown, in words.
    pub notifications: watch::Receiver<String>,
}

/// Keeps the facts fresh until somebody asks for the end; `end` is ready once the system
/// wants it.
pub async fn run(settings: Arc<Settings>, outside: Outside, end: impl Future<Output = ()>) {
    let (results, mut looked) = mpsc::channel(MOST_RESULTS);
    let mut ears = Ears::new(&settings);
    let looks = Looks::new(results, settings);
    let (mut daemon, mut questions) = Daemon::new(looks, outside);
    let mut end = std::pin::pin!(end);
    let mut alarm = clock::Alarm::new();
    let (mut tick, mut adapt, mut full) = (daemon.began, daemon.began, daemon.began);
    while !daemon.ended {
        let due = daemon.next_due().map(|due| daemon.began + due);
        // The radar adapts itself when a tick wakes us: one comes once a second at least.
        let wake = [tick, full].into_iter().chain(due).min().unwrap_or(tick);
        let event = tokio::select! {
            biased;
            () = &mut end => Event::End,
            Some(asked) = questions.recv() => Event::Asked(asked),
            Some(event) = looked.recv() => event,
            event = ears.next() => event,
            () = alarm.at(wake) => {
                let at = Instant::now();
                if at >= adapt && at >= tick {
                    let pause = if ears.adapt() { ADAPT_CALM } else { ADAPT };
                    // A little less, lest a tick that comes a bit early has it wait for the next.
                    adapt = at + pause - ADAPT / 8;
                }
                if at >= full {
                    full = at + FULL_LOOK;
                    Event::FullLook
                } else if at >= tick {
                    tick = at + daemon.pace.pause(daemon.is_watched(), daemon.now());
                    Event::Tick
                } else {
                    Event::Due
                }
            }
        };
        if matches!(event, Event::Asked(_)) {
            daemon.modes = ears.modes();
        }
        daemon.take(event);
        if let Some(owners) = daemon.other_owners() {
            ears.watch_processes(owners);
        }
        if std::mem::take(&mut daemon.folders_changed) {
            ears.watch_files(&daemon.folders);
        }
    }
    daemon.finish();
}

/// This moment, since that one.
fn moment(began: Instant) -> Moment {
    Moment {
        up: began.elapsed(),
        wall: clock::wall(),
    }
}

impl Daemon {
    fn new(looks: Looks, outside: Outside) -> (Self, mpsc::Receiver<Asked>) {
        let began = Instant::now();
        let now = moment(began);
        let daemon = Daemon {
            began,
            looks,
            sockets: sockets::Watch::new(),
            sockets_by: String::new(),
            state: State::new(outside.restored.owners),
            alerts: Alerts::new(outside.restored.alerts, now),
            refusals: Refusals::default(),
            projects: KnownProjects::default(),
            pace: Pace::default(),
            news: outside.news,
            watchers: outside.watchers,
            notifications: outside.notifications,
            at_once: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            store: outside.store,
            reports: BTreeMap::new(),
            roots: HashMap::new(),
            spoken: BTreeMap::new(),
            waiting: Vec::new(),
            modes: Default::default(),
            settings: BTreeMap::new(),
            folders: BTreeMap::new(),
            folders_changed: false,
            owners: Vec::new(),
            asked_roots: HashSet::new(),
            stale: BTreeSet::new(),
            stale_projects: BTreeSet::new(),
            due: None,
            looking_at_containers: false,
            ended: false,
        };
        (daemon, outside.questions)
    }

    /// This moment.
    pub(super) fn now(&self) -> Moment {
        moment(self.began)
    }

    /// Whether anybody is told of changes as they come.
    pub(super) fn is_watched(&self) -> bool {
        self.watchers.any()
    }

    /// When there is something to do that no event announces.
    fn next_due(&self) -> Option<Duration> {
        let all = [
            self.due,
            self.refusals.next_due(),
            self.state.next_deadline(),
            self.alerts.next_deadline(),
        ];
        all.into_iter().flatten().min()
    }

    /// Takes one event whole.
    fn take(&mut self, event: Event) {
        let now = self.now();
        let changes = match event {
            Event::Tick => self.look_at_sockets(now),
            Event::FullLook => {
                self.sockets.full_refresh();
                self.stale.extend([Part::Containers, Part::Host]);
                self.stale_projects.extend(self.projects.roots());
                self.due = Some(now.up);
                // A folder may have become a project since.
                self.roots.retain(|_, root| root.is_some());
                self.forget_projects(now);
                self.forget_refusals(now);
                let changes = self.look_at_sockets(now);
                let seen = self.state.snapshot(now);
                self.adopt(seen.listeners.items(), seen.processes.items(), now);
                changes
            }
            Event::Hint(part) => {
                self.stale.insert(part);
                self.wait_for_company(now);
                Changes::default()
            }
            Event::Files(roots) => {
                let all = self.projects.roots();
                let some = roots.into_iter().filter(|root| all.contains(root));
                let some: BTreeSet<String> = some.collect();
                // Without a name it may be any of them.
                self.stale_projects
                    .extend(if some.is_empty() { all } else { some });
                self.wait_for_company(now);
                Changes::default()
            }
            Event::Exited(id, ended) => {
                self.sockets.ended(id);
                let mut changes = self.state.exited(id, ended, now);
                changes.merge(self.look_at_sockets(now));
                changes
            }
            Event::Refused(refusal) => {
                let expected = self.is_expected(refusal.to.port(), now);
                self.refusals.heard(&refusal, expected, now);
                Changes::default()
            }
            Event::RefusedSomewhere(_) => {
                self.suspect(now);
                Changes::default()
            }
            Event::Containers {
                engines,
                containers,
            } => {
                self.looking_at_containers = false;
                self.state.containers(engines, containers, now)
            }
            Event::Project(read, settings) => self.take_project(*read, *settings),
            Event::Host(host) => self.state.host(*host),
            Event::Roots(roots) => {
                self.take_roots(roots, now);
                Changes::default()
            }
            Event::Processes { asked, seen } => self.state.looked(&asked, &seen),
            Event::Diagnosed(unasked, report) => {
                self.judge_port(*unasked, &report, now);
                Changes::default()
            }
            Event::Asked(asked) => self.answer(asked, now),
            Event::Due => Changes::default(),
            Event::End => {
                self.ended = true;
                Changes::default()
            }
        };
        let mut changes = changes;
        changes.merge(self.do_what_is_due(now));
        if !changes.is_empty() {
            self.pace.change(now);
            self.judge(&changes, now);
        }
        self.answer_waiting(now);
        self.keep();
    }

    /// Looks who listens now.
    pub(super) fn look_at_sockets(&mut self, now: Moment) -> Changes {
        let seen = self.sockets.refresh();
        self.sockets_by = seen.by;
        if seen.changed {
            self.adopt(seen.listeners.items(), seen.processes.items(), now);
        }
        self.state.sockets(seen.listeners, seen.processes, now)
    }

    fn wait_for_company(&mut self, now: Moment) {
        self.due.get_or_insert(now.up + COMPANY);
    }

    /// What its time has come for.
    fn do_what_is_due(&mut self, now: Moment) -> Changes {
        if self.due.is_some_and(|due| due <= now.up) {
            self.due = None;
            self.look_at_what_is_stale(now);
        }
        for refused in self.refusals.due(now) {
            self.diagnose(refused, now);
        }
        let unsure = self.state.unsure(now);
        if !unsure.is_empty() {
            self.looks.at_processes(unsure);
        }
        let told = self.alerts.tick(now);
        self.tell(told);
        self.look_at_what_alerts_wait_for(now);
        self.state.tick(now)
    }

    fn look_at_what_is_stale(&mut self, now: Moment) {
        for part in std::mem::take(&mut self.stale) {
            match part {
                // One look at a time: a slow engine must not gather threads.
                Part::Containers if self.looking_at_containers => {
                    self.stale.insert(part);
                    self.due = Some(now.up + ADAPT);
                }
                Part::Containers => {
                    self.looking_at_containers = true;
                    self.looks.at_containers();
                }
                Part::Host => self.looks.at_host(),
            }
        }
        for root in std::mem::take(&mut self.stale_projects) {
            let here = |whose: &Option<String>| whose.as_ref() == Some(&root);
            let from = self.roots.iter().filter(|(_, whose)| here(whose));
            let from = from.map(|(folder, _)| folder.clone()).collect();
            self.looks.at_project(root, from);
        }
    }

    /// The processes whose end matters, if they are others than they were.
    fn other_owners(&mut self) -> Option<&[ProcId]> {
        let owners = self.state.watched_anew()?;
        if owners == self.owners {
            return None;
        }
        self.owners = owners;
        Some(&self.owners)
    }

    /// Tells of alerts that have changed.
    pub(super) fn tell(&self, alerts: Vec<Alert>) {
        if alerts.is_empty() {
            return;
        }
        for alert in alerts {
            // Nobody listens, or whoever does is behind and will ask.
            let _ = self.news.send(News::Alert(Box::new(alert)));
        }
        let _ = self.news.send(News::Changed);
    }

    /// Keeps what is to be kept, and says that this is the end.
    fn finish(mut self) {
        let _ = self.news.send(News::End);
        self.keep();
        self.store.close();
    }

    fn keep(&mut self) {
        let owners = self.state.unsaved();
        let alerts = self.alerts.unsaved();
        if !owners.is_empty() || alerts.is_some() {
            self.store.keep(owners, alerts);
        }
    }
}
