//! Desktop notifications: one for a problem that the user meets, gone when it is.
//!
//! `plan` decides (`wanted`: of what at all), `words` says, `wishes` knows what each project
//! wants; the desktop's own service shows (`sources::desktop`). Only the daemon's [`Handle`]
//! is known here.

mod plan;
mod stand;
mod wanted;
mod wishes;
mod words;

use std::ffi::OsString;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until, timeout};

use self::plan::{NOTE, Planner, Step};
use self::wishes::Wishes;
use crate::daemon::{Handle, News};
use crate::facts::clean;
use crate::findings::{Alert, Phase};
use crate::ipc::{Call, FolderParams, MuteParams, Reply};
use crate::settings::{Notify, Settings};
use crate::sources::clock;
use crate::sources::desktop::{DEFAULT, Desktop, Heard};

/// How long the daemon may take for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// After this time a question that was not answered is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Shows the alerts of a daemon, until it ends: then they are taken away, which the program
/// should wait for.
///
/// `settings` are the user's own; a project's say what holds there, and are read again
/// whenever it matters. `env` is the environment that they depend on.
pub async fn run(
    handle: Handle,
    desktop: Desktop,
    settings: Settings,
    env: fn(&str) -> Option<OsString>,
) {
    let began = Instant::now();
    let mut front = Front {
        handle,
        desktop,
        wishes: Wishes::new(settings.notify, env),
        plan: Planner::new(clock::wall()),
        began,
    };
    front.run().await;
    front.desktop.end().await;
}

struct Front {
    handle: Handle,
    desktop: Desktop,
    wishes: Wishes,
    plan: Planner,
    began: Instant,
}

impl Front {
    async fn run(&mut self) {
        let mut news = self.handle.news();
        // What fires already: asked for after the news are listened to, so that nothing
        // falls between.
        let mut ask = Some(Instant::now());
        loop {
            let due = self.plan.due().map(|due| self.began + due);
            let next = match (ask, due) {
                (Some(ask), Some(due)) => Some(ask.min(due)),
                (one, other) => one.or(other),
            };
            let steps = tokio::select! {
                heard = news.recv() => match heard {
                    Ok(News::Alert(alert)) => self.alert(&alert).await,
                    Ok(News::Changed) => continue,
                    Err(RecvError::Lagged(_)) => {
                        ask = Some(Instant::now());
                        continue;
                    }
                    Ok(News::End) | Err(RecvError::Closed) => {
                        // Nobody would take them away when they are no longer true.
                        let steps = self.plan.end();
                        self.take(steps);
                        return;
                    }
                },
                heard = self.desktop.next() => self.heard(heard).await,
                () = at(next) => {
                    let mut steps = Vec::new();
                    if ask.is_some_and(|ask| ask <= Instant::now()) {
                        match self.all().await {
                            Some(all) => {
                                ask = None;
                                steps = all;
                            }
                            None => ask = Some(Instant::now() + AGAIN),
                        }
                    }
                    steps.extend(self.plan.tick(self.began.elapsed()));
                    steps
                }
            };
            self.take(steps);
        }
    }

    async fn alert(&mut self, alert: &Alert) -> Vec<Step> {
        let wish = self.wish(alert).await;
        self.plan.alert(alert, wish, self.began.elapsed())
    }

    /// What the user wants to be told of where this alert belongs.
    async fn wish(&mut self, alert: &Alert) -> Notify {
        if alert.phase == Phase::Firing && !alert.muted {
            self.wishes.of(alert.project.as_deref()).await
        } else {
            // There is nothing to tell, whatever the files say.
            Notify::Off
        }
    }

    /// Every alert there is, asked for.
    async fn all(&mut self) -> Option<Vec<Step>> {
        let alerts = match self.ask(Call::Alerts(FolderParams::default())).await {
            Ok(Reply::Alerts(list)) => list.alerts,
            Ok(_) | Err(_) => return None,
        };
        let mut wanted = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let wish = self.wish(&alert).await;
            wanted.push((alert, wish));
        }
        Some(self.plan.all(&wanted, self.began.elapsed()))
    }

    async fn heard(&mut self, heard: Heard) -> Vec<Step> {
        let now = self.began.elapsed();
        match heard {
            Heard::Ready => self.plan.ready(true, now),
            Heard::Away => self.plan.ready(false, now),
            Heard::Quiet(quiet) => self.plan.quiet(quiet, now),
            Heard::Left(left) => self.plan.left(left),
            Heard::Lost(slots) => {
                self.plan.lost(&slots);
                Vec::new()
            }
            Heard::Unshown(slot) => {
                self.plan.unshown(slot);
                Vec::new()
            }
            Heard::Expired(slot) => {
                self.plan.expired(slot);
                Vec::new()
            }
            Heard::Closed(slot) => {
                self.plan.closed(slot);
                Vec::new()
            }
            Heard::Pressed {
                slot,
                button,
                token,
            } => self.pressed(slot, &button, token).await,
        }
    }

    /// Does what a button says.
    async fn pressed(&mut self, slot: u64, button: &str, token: Option<String>) -> Vec<Step> {
        let Some(words) = self.plan.words(slot) else {
            return Vec::new();
        };
        let mute = |params| self.mute(params);
        let note = match button {
            words::COPY => match self.desktop.copy(&words.command).await {
                Ok(()) => None,
                Err(why) => Some((
                    format!("Could not copy: {}", clean(&why)),
                    words.command.clone(),
                )),
            },
            words::OPEN | DEFAULT => match &words.address {
                Some(address) => match self.desktop.open(address, token).await {
                    Ok(()) => None,
                    Err(why) => Some((
                        format!("Could not open the address: {}", clean(&why)),
                        address.clone(),
                    )),
                },
                None => None,
            },
            words::MUTE_PORT => {
                mute(MuteParams {
                    port: words.port,
                    ..MuteParams::default()
                })
                .await
            }
            words::MUTE_PROJECT => {
                mute(MuteParams {
                    folder: words.project.clone(),
                    ..MuteParams::default()
                })
                .await
            }
            _ => None,
        };
        note.map(|(title, body)| Step::Show(NOTE, words::note(title, body)))
            .into_iter()
            .collect()
    }

    /// Mutes, or says why it could not be done.
    async fn mute(&self, params: MuteParams) -> Option<(String, String)> {
        match self.ask(Call::Mute(params)).await {
            Ok(_) => None,
            Err(why) => Some(("Could not mute it".to_owned(), clean(&why))),
        }
    }

    async fn ask(&self, call: Call) -> Result<Reply, String> {
        match timeout(ANSWER, self.handle.ask(call)).await {
            Ok(reply) => reply,
            Err(_) => Err("the daemon does not answer".to_owned()),
        }
    }

    fn take(&self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Show(slot, notification) => self.desktop.show(slot, notification),
                Step::Withdraw(slot) => self.desktop.withdraw(slot),
            }
        }
    }
}

/// At this moment, if there is one.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
