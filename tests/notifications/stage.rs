//! The notifications with a daemon played by the test: it tells the news, and answers.

use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use devdoctor::daemon::{Handle, News};
use devdoctor::findings::{Alert, Confidence, Finding, Fix, Phase, Trigger};
use devdoctor::frontends::notifications;
use devdoctor::ipc::{AlertList, Call, MuteParams, Reply};
use devdoctor::settings::Settings;
use devdoctor::sources::desktop::{Desktop, Surroundings};
use tokio::sync::{broadcast, watch};

use crate::bus::Folder;
pub use crate::until::until;

/// A daemon as the notifications see it.
pub struct Stage {
    pub folder: Folder,
    news: Option<broadcast::Sender<News>>,
    /// The alerts that a question for them gives.
    alerts: Arc<Mutex<Vec<Alert>>>,
    /// What was muted.
    pub mutes: Arc<Mutex<Vec<MuteParams>>>,
    pub mode: watch::Receiver<String>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stage {
    /// Begins, with these alerts firing already.
    pub fn begin(folder: Folder, alerts: Vec<Alert>) -> Self {
        let surroundings = surroundings(&folder);
        Stage::of(folder, alerts, surroundings)
    }

    pub fn of(folder: Folder, alerts: Vec<Alert>, surroundings: Surroundings) -> Self {
        let (handle, mut asked, news) = Handle::new();
        let alerts = Arc::new(Mutex::new(alerts));
        let mutes = Arc::new(Mutex::new(Vec::new()));
        let (list, muted) = (alerts.clone(), mutes.clone());
        tokio::spawn(async move {
            while let Some(question) = asked.recv().await {
                let reply = match question.call {
                    Call::Alerts(_) => Reply::Alerts(AlertList {
                        schema: "devdoctor.alerts/1".to_owned(),
                        alerts: list.lock().unwrap().clone(),
                    }),
                    Call::Mute(params) => {
                        muted.lock().unwrap().push(params);
                        Reply::Done(true)
                    }
                    other => panic!("nobody should ask {other:?}"),
                };
                let _ = question.answer.send(Ok(reply));
            }
        });
        let (tell, mode) = watch::channel(String::new());
        let desktop = Desktop::new(surroundings, tell);
        let run = notifications::run(handle, desktop, Settings::default(), no_env);
        let task = tokio::spawn(run);
        Stage {
            folder,
            news: Some(news),
            alerts,
            mutes,
            mode,
            task,
        }
    }

    /// Tells of an alert, as the daemon does.
    pub async fn tell(&self, alert: &Alert) {
        let mut alerts = self.alerts.lock().unwrap().clone();
        alerts.retain(|other| other.id != alert.id);
        if alert.phase != Phase::Resolved {
            alerts.push(alert.clone());
        }
        *self.alerts.lock().unwrap() = alerts;
        let news = self.news.as_ref().unwrap();
        // At the begin nobody may listen yet.
        until("somebody listens to the news", || {
            (news.receiver_count() > 0).then_some(())
        })
        .await;
        news.send(News::Alert(Box::new(alert.clone()))).unwrap();
    }

    /// Tells so many other news at once that the last ones push the first ones out.
    pub fn flood(&self) {
        for _ in 0..1000 {
            self.news.as_ref().unwrap().send(News::Changed).unwrap();
        }
    }

    /// The daemon ends.
    pub async fn end(&mut self) {
        self.news.take().unwrap().send(News::End).unwrap();
        until("the notifications end", || {
            self.task.is_finished().then_some(())
        })
        .await;
    }

    /// Waits until the mode says this.
    pub async fn shows(&self, words: &str) -> String {
        until(&format!("the mode says {words:?}"), || {
            let mode = self.mode.borrow().clone();
            mode.contains(words).then_some(mode)
        })
        .await
    }
}

/// The surroundings that a test's folder makes.
pub fn surroundings(folder: &Folder) -> Surroundings {
    let bin = folder.0.join("bin");
    let mut surroundings = Surroundings::of(|name| match name {
        "DBUS_SESSION_BUS_ADDRESS" => Some(folder.address().into()),
        "PATH" => Some(bin.clone().into()),
        "WAYLAND_DISPLAY" => Some("wayland-0".into()),
        _ => None,
    });
    surroundings.retry = Duration::from_millis(200);
    surroundings
}

fn no_env(_: &str) -> Option<OsString> {
    None
}

/// A refused connection to the port of a project, whose server has exited.
pub fn refused(id: u64, says: &str) -> Alert {
    let mut finding = Finding::new(Confidence::Certain, says).fix(
        Fix::safe("start web again", ["npm", "run", "dev"])
            .in_folder(Some("/home/u/my shop".to_owned())),
    );
    finding.code = "DD203".to_owned();
    finding.name = "exited".to_owned();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = u64::try_from(now.unwrap().as_millis()).unwrap();
    Alert {
        id,
        phase: Phase::Firing,
        trigger: Trigger::Refused,
        port: Some(3000),
        project: Some("/home/u/my shop".to_owned()),
        finding,
        since: now,
        // It fires from now on, whatever a loaded machine does in between.
        fired: Some(now + 60_000),
        resolved: None,
        refusals: 1,
        flapping: false,
        service: None,
        muted: false,
    }
}

/// The same alert, gone.
pub fn resolved(alert: &Alert) -> Alert {
    Alert {
        phase: Phase::Resolved,
        ..alert.clone()
    }
}
