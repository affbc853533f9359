//! The answers to whoever asks.

use std::path::Path;
use std::time::Duration;

use super::alerts::Muted;
use super::errand::Errand;
use super::event::{Event, Moment};
use super::handle::Asked;
use super::run::Daemon;
use super::state::Changes;
use crate::diagnose::{self, Named};
use crate::facts::{Claims, Gap, Known, Snapshot, Target};
use crate::findings::{Alert, DaemonStatus, ProjectReport, Status, Trigger, Unseen};
use crate::ipc::{AlertList, Call, Facts, History, MuteParams, Reply, WhyParams};
use crate::settings::Settings;
use crate::sources::own;

/// How many diagnoses and checks that take their time may be under way at once.
pub(super) const MOST_AT_ONCE: usize = 4;
/// The most former owners that one answer has.
const MOST_ROWS: usize = 500;

impl Daemon {
    /// Answers, or has somebody answer who takes the time that it needs.
    pub(super) fn answer(&mut self, asked: Asked, now: Moment) -> Changes {
        let mut changes = Changes::default();
        let reply = match &asked.call {
            Call::Why(params) => {
                let params = params.clone();
                return self.why(asked, &params, now);
            }
            Call::Ports(params) => {
                let port = params.port;
                self.begin(asked, move |settings| {
                    Errand::Ports(port).send(settings).map(Reply::Ports)
                });
                return changes;
            }
            Call::Check(params) => {
                let Some(folder) = params.folder.clone() else {
                    let _ = asked.answer.send(Err("check needs a folder".to_owned()));
                    return changes;
                };
                self.begin(asked, move |settings| {
                    let root = diagnose::project_of(&folder);
                    let errand = Errand::Check { root, folder };
                    errand.send(settings).map(Reply::Check)
                });
                return changes;
            }
            Call::Status(params) | Call::Subscribe(params) | Call::Alerts(params) => {
                changes = self.look_at_sockets(now);
                match params.folder.clone() {
                    Some(folder) => {
                        self.waiting.push((folder.clone(), asked));
                        self.find_asked_root(folder, now);
                        return changes;
                    }
                    None => Ok(self.reply_of(&asked.call, None)),
                }
            }
            Call::Mute(params) => self.mute(params, true, now),
            Call::Unmute(params) => self.mute(params, false, now),
            Call::History(params) => {
                let mut owners = self.state.history(params.port);
                owners.truncate(MOST_ROWS);
                Ok(Reply::History(History {
                    schema: "devdoctor.history/1".to_owned(),
                    owners,
                }))
            }
            Call::Facts(params) => {
                // Whoever asks is about to connect: a refusal of that is no news.
                self.refusals.hush(params.port, now);
                let departed = self.state.departed(params.port, now);
                let departed: Vec<_> = departed.into_iter().collect();
                Ok(Reply::Facts(Box::new(Facts {
                    schema: "devdoctor.facts/1".to_owned(),
                    facts: Snapshot {
                        taken: now.wall,
                        departed: Known::Seen(departed.into()),
                        ..Snapshot::default()
                    },
                })))
            }
            Call::Shutdown => {
                self.ended = true;
                Ok(Reply::Done(true))
            }
        };
        // Whoever has left needs no answer.
        let _ = asked.answer.send(reply);
        changes
    }

    /// Answers beside the loop, unless too many are at it.
    fn begin(
        &self,
        asked: Asked,
        work: impl FnOnce(&Settings) -> Result<Reply, Gap> + Send + 'static,
    ) {
        let Ok(place) = self.at_once.clone().try_acquire_owned() else {
            let busy = "the daemon is busy with other diagnoses; try again".to_owned();
            let _ = asked.answer.send(Err(busy));
            return;
        };
        self.looks.begin(move |settings| {
            let reply = work(settings);
            let _ = asked
                .answer
                .send(reply.map_err(|gap| format!("it could not be looked at: {gap}")));
            drop(place);
            Event::Due
        });
    }

    fn why(&mut self, asked: Asked, params: &WhyParams, now: Moment) -> Changes {
        let claims = params.folder.as_deref().and_then(|folder| {
            let root = self.roots.get(folder)?.as_deref()?;
            self.state.projects().get(root)?.claims.seen().cloned()
        });
        let target = match target(&params.target, claims.as_deref()) {
            Ok(target) => target,
            Err(why) => {
                let _ = asked.answer.send(Err(why));
                return Changes::default();
            }
        };
        self.refusals.hush(target.port, now);
        let folder = params.folder.clone();
        let departed = self.state.departed(target.port, now).into_iter().collect();
        self.begin(asked, move |settings| {
            let errand = Errand::Why {
                target,
                folder,
                departed,
            };
            errand.send(settings).map(Reply::Why)
        });
        Changes::default()
    }

    /// Answers those who waited for what is known now.
    pub(super) fn answer_waiting(&mut self, now: Moment) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut lost = Vec::new();
        for (folder, asked) in waiting {
            let root = self.roots.get(&folder).cloned().flatten();
            match root.filter(|root| self.reports.contains_key(root)) {
                Some(root) => {
                    self.projects.ask(&root, now);
                    let reply = self.reply_of(&asked.call, Some(&root));
                    let _ = asked.answer.send(Ok(reply));
                }
                None if asked.answer.is_closed() => {}
                None => {
                    // It was forgotten to make room for others.
                    if !self.roots.contains_key(&folder) {
                        lost.push(folder.clone());
                    }
                    self.waiting.push((folder, asked));
                }
            }
        }
        self.find_roots(lost, now);
    }

    /// The answer to `status`, `subscribe` or `alerts`, of one project or of all.
    fn reply_of(&self, call: &Call, root: Option<&str>) -> Reply {
        match call {
            Call::Alerts(_) => Reply::Alerts(AlertList {
                schema: "devdoctor.alerts/1".to_owned(),
                alerts: self.alerts_of(root),
            }),
            _ => Reply::Status(Box::new(self.status(root))),
        }
    }

    /// The alerts of a project, or all of them: those that fire first. Where several
    /// projects want a port, refusals there are told to each of them.
    fn alerts_of(&self, root: Option<&str>) -> Vec<Alert> {
        let mut alerts = self.alerts.list();
        if let Some(root) = root {
            alerts.retain(|alert| match (alert.trigger, alert.port) {
                _ if alert.project.as_deref() == Some(root) => true,
                (Trigger::Refused, Some(port)) => self.is_expected_by(root, port),
                _ => false,
            });
        }
        alerts
    }

    fn status(&self, root: Option<&str>) -> Status {
        let reports: Vec<&ProjectReport> = match root {
            Some(root) => self.reports.get(root).into_iter().collect(),
            None => self.reports.values().collect(),
        };
        let services = reports.iter().flat_map(|report| report.services.clone());
        let mut unseen: Vec<Unseen> = Vec::new();
        for part in reports.iter().flat_map(|report| &report.unseen) {
            if !unseen.contains(part) {
                unseen.push(part.clone());
            }
        }
        Status::new(
            root.map(str::to_owned),
            services.collect(),
            self.alerts_of(root),
            unseen,
            Some(self.how_it_is()),
        )
    }

    fn how_it_is(&self) -> DaemonStatus {
        let used = own::usage();
        let [radar, ends, containers, files] = self.modes.clone();
        let pause = self.pace.pause(self.is_watched(), self.now());
        DaemonStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_s: self.began.elapsed().as_secs(),
            sockets: self.sockets_by.clone(),
            rate_hz: 1.0 / pause.max(Duration::from_millis(1)).as_secs_f32(),
            radar,
            ends,
            containers,
            files,
            notifications: self.notifications.borrow().clone(),
            projects: self.projects.roots().into_iter().collect(),
            notes: self.notes(),
            cpu_ms: used.cpu_ms,
            resident: used.resident,
        }
    }

    /// What went wrong and matters still.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.store.notes();
        for (root, project) in self.state.projects() {
            for broken in project.claims.seen().into_iter().flat_map(|c| &c.broken) {
                let file = Path::new(root).join(&broken.origin.file);
                notes.push(format!(
                    "{} cannot be read ({}): what it said last holds",
                    file.display(),
                    broken.what
                ));
            }
        }
        notes
    }

    fn mute(&mut self, params: &MuteParams, mute: bool, now: Moment) -> Result<Reply, String> {
        let one = "mute takes one of `port`, `folder` and `alert`".to_owned();
        let what = match (params.port, &params.folder, params.alert) {
            (Some(port), None, None) => Muted::Port(port),
            (None, Some(folder), None) => Muted::Project(diagnose::project_of(folder)),
            (None, None, Some(alert)) => Muted::Alert(alert),
            _ => return Err(one),
        };
        let told = match mute {
            true => {
                let length = params.seconds.map(Duration::from_secs);
                self.alerts.mute(what, length, now)
            }
            false => self.alerts.unmute(&what, now),
        };
        self.tell(told);
        Ok(Reply::Done(true))
    }
}

/// What is asked about: an address, or the name of a service of the project.
fn target(words: &str, claims: Option<&Claims>) -> Result<Target, String> {
    let error = match words.parse::<Target>() {
        Ok(target) => return Ok(target),
        Err(error) => error.to_string(),
    };
    match claims.map(|claims| diagnose::named(words, claims)) {
        Some(Named::Target(target)) => Ok(target),
        other => Err(other
            .and_then(|named| named.without_target(words))
            .unwrap_or(error)),
    }
}
