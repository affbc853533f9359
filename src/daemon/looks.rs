//! The looks that take their time: each on a thread of its own, under a deadline of its
//! own, handing in what it saw as an event.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::errand::{Errand, FilesRead, in_folder};
use super::event::Event;
use crate::diagnose::{self, Given};
use crate::facts::{Departed, Known, ProcId, Project, Target};
use crate::findings::Report;
use crate::settings::Settings;
use crate::sources::{containers, host, processes, projects};

/// How long a diagnosis may take for which nobody waits: the user is told in the blink of
/// an eye, or what could not be seen by then is left out.
const UNASKED: Duration = Duration::from_millis(280);
/// How long such a diagnosis waits for engines, whose answer is often here already.
const ENGINES: Duration = Duration::from_millis(150);
/// How long the answer of engines is waited for beyond their own deadline.
const GRACE: Duration = Duration::from_millis(200);

/// Where looks hand in what they saw, and by which settings they look.
#[derive(Debug, Clone)]
pub(super) struct Looks {
    events: mpsc::Sender<Event>,
    settings: Arc<Settings>,
}

impl Looks {
    pub(super) fn new(events: mpsc::Sender<Event>, settings: Arc<Settings>) -> Self {
        Looks { events, settings }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes a look beside the loop.
    pub(super) fn begin(&self, look: impl FnOnce(&Settings) -> Event + Send + 'static) {
        let (events, settings) = (self.events.clone(), self.settings.clone());
        tokio::task::spawn_blocking(move || {
            let event = look(&settings);
            // The loop has ended if nobody takes it.
            let _ = events.blocking_send(event);
        });
    }

    /// Which containers there are.
    pub(super) fn at_containers(&self) {
        self.begin(|settings| {
            let budget = settings.timeouts.engines;
            let asked = match settings.docker.enabled {
                true => containers::ask(None, budget),
                false => None,
            };
            let seen = match asked.map(|pending| pending.wait(budget + GRACE)) {
                None => containers::none(),
                Some(Known::Seen(seen)) => seen,
                Some(Known::Unseen(gap)) => containers::Containers {
                    engines: Vec::new(),
                    containers: Known::Unseen(gap),
                },
            };
            Event::Containers {
                engines: seen.engines.into(),
                containers: seen.containers.map(Into::into),
            }
        });
    }

    /// The machine.
    pub(super) fn at_host(&self) {
        self.begin(|_| Event::Host(Box::new(host::look())));
    }

    /// What the files of the project with this root say, asked from these folders.
    pub(super) fn at_project(&self, root: String, from: Vec<String>) {
        self.begin(move |settings| {
            let own = in_folder(Some(&root), settings);
            let errand = Errand::Project {
                root: root.clone(),
                from,
            };
            let read = errand.send(settings);
            let read = read.unwrap_or_else(|gap| FilesRead {
                folders: vec![root.clone()],
                project: Project {
                    root,
                    claims: Known::Unseen(gap),
                    ..Project::default()
                },
            });
            Event::Project(Box::new(read), Box::new(own))
        });
    }

    /// Which projects these folders belong to.
    pub(super) fn whose(&self, folders: Vec<String>) {
        self.begin(move |_| {
            let roots = folders.into_iter().map(|folder| {
                let roots = projects::roots(&[&folder]);
                (folder, roots.last().map(|project| project.root.clone()))
            });
            Event::Roots(roots.collect())
        });
    }

    /// Which of these processes are there.
    pub(super) fn at_processes(&self, asked: Vec<ProcId>) {
        self.begin(move |_| {
            let seen = processes::look_for_names(&asked);
            Event::Processes { asked, seen }
        });
    }

    /// Why connections to these addresses, of one port, were refused.
    pub(super) fn at_refusal(&self, refused: Unasked) {
        self.begin(move |settings| {
            let errand = Errand::Refused(refused.clone());
            // A machine that was out of processes or memory may not be any more.
            let report = errand.send(settings).or_else(|_| errand.send(settings));
            match report {
                Ok(report) => Event::Diagnosed(Box::new(refused), Box::new(report)),
                Err(gap) => {
                    tracing::warn!(port = refused.port, "refused, and not diagnosed ({gap})");
                    Event::Due
                }
            }
        });
    }
}

/// A diagnosis that nobody asked for: connections were refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unasked {
    /// The port.
    pub port: u16,
    /// Where the connections were to go.
    pub to: Vec<SocketAddr>,
    /// The root of the project that the port belongs to, if there is one.
    pub project: Option<String>,
    /// Who had the port before.
    pub departed: Vec<Departed>,
}

impl Unasked {
    pub(super) fn diagnose(&self, settings: &Settings) -> Report {
        let mut settings = in_folder(self.project.as_deref(), settings);
        settings.timeouts.whole = UNASKED;
        settings.timeouts.engines = settings.timeouts.engines.min(ENGINES);
        let given = Given {
            // Nobody's own project is here, where the port belongs to none.
            folder: Some(self.project.clone().unwrap_or_else(|| "/".to_owned())),
            departed: self.departed.clone(),
            refused: self.to.clone(),
            ..Given::default()
        };
        diagnose::why_given(&self.target(), &settings, given).report
    }

    /// The address as the client dialled it, or `localhost` where it tried several.
    fn target(&self) -> Target {
        let host = match self.to[..] {
            [to] => to.ip().to_string(),
            _ => "localhost".to_owned(),
        };
        Target {
            input: format!("{host}:{}", self.port),
            scheme: None,
            host,
            port: self.port,
            path: None,
        }
    }
}
