//! A small loop behind the socket, which a story moves by calls.

use std::time::Duration;

use devdoctor::daemon::{Asked, Handle, News};
use devdoctor::diagnose::{check_facts, ports_report, replay};
use devdoctor::facts::{Snapshot, Target};
use devdoctor::findings::{
    Alert, Confidence, DaemonStatus, Finding, Phase, PortsReport, Status, Trigger,
};
use devdoctor::frontends::server::{Limits, serve};
use devdoctor::ipc::{AlertList, Call, Facts, Place, Reply, open};
use tokio::sync::{broadcast, mpsc, oneshot};

/// The variable with the limits: `unread=1 connections=8`, the times in seconds.
pub const PART: &str = "DEVDOCTOR_SOCKET_PART";
/// What the process writes once clients can come.
pub const READY: &str = "the socket is open";
/// What it writes, with the reason, if it cannot be the daemon.
pub const CANNOT: &str = "cannot: ";

/// Is the daemon, if the environment says so.
pub fn play() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let place = Place::of(|name| std::env::var_os(name)).map_err(|bad| bad.to_string());
    let opened = place.and_then(|place| open(&place).map_err(|error| error.to_string()));
    let opened = match opened {
        Ok(opened) => opened,
        Err(why) => {
            println!("\n{CANNOT}{why}");
            return;
        }
    };
    runtime.block_on(async {
        let (handle, asked, news) = Handle::new();
        println!("\n{READY}");
        let daemon = tokio::spawn(answer(asked, news));
        serve(opened.listener, handle, limits(&part)).await.unwrap();
        daemon.await.unwrap();
    });
    drop(opened.lock);
}

fn limits(part: &str) -> Limits {
    let mut limits = Limits::default();
    for word in part.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap();
        let number: usize = value.parse().unwrap();
        let seconds = Duration::from_secs(number as u64);
        match name {
            "connections" => limits.connections = number,
            "unread" => limits.unread = seconds,
            "unfinished" => limits.unfinished = seconds,
            "call" => limits.call = seconds,
            _ => panic!("{word}"),
        }
    }
    limits
}

/// What the loop knows.
#[derive(Default)]
struct Known {
    /// How often something has changed that a person would see.
    revision: u64,
    /// How often the status was asked for: the daemon's age, as it were.
    age: u64,
    /// Questions that are never answered.
    kept: Vec<oneshot::Sender<Result<Reply, String>>>,
}

async fn answer(mut asked: mpsc::Receiver<Asked>, news: broadcast::Sender<News>) {
    let mut known = Known::default();
    while let Some(Asked { call, answer }) = asked.recv().await {
        known.kept.retain(|kept| !kept.is_closed());
        let reply = match call {
            Call::Status(of) | Call::Subscribe(of) => {
                Ok(Reply::Status(Box::new(known.status(of.folder))))
            }
            Call::Why(params) if params.target == "never" => {
                known.kept.push(answer);
                continue;
            }
            Call::Why(params) => why(&params.target),
            Call::Check(_) => Ok(Reply::Check(Box::new(check_facts(&recorded("check"))))),
            // As many lines as the port says.
            Call::Ports(params) => Ok(Reply::Ports(ports(params.port.unwrap_or(1)))),
            Call::Alerts(_) => Ok(Reply::Alerts(AlertList {
                schema: "devdoctor.alerts/1".to_owned(),
                alerts: vec![alert(1, None, "one")],
            })),
            Call::Facts(_) => Ok(Reply::Facts(Box::new(Facts {
                schema: "devdoctor.facts/1".to_owned(),
                facts: recorded("why"),
            }))),
            Call::History(_) => Err("there is no memory".to_owned()),
            // So many alerts, in the project if there is one, and then another status.
            Call::Mute(params) => {
                let many = params.alert.or(params.port.map(u64::from)).unwrap_or(1);
                for id in 1..=many {
                    let says = "x".repeat(4000);
                    // Never one that was there before.
                    let id = known.revision * 100_000 + id;
                    let alert = alert(id, params.folder.clone(), &says);
                    let _ = news.send(News::Alert(Box::new(alert)));
                    if id % 16 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                known.revision += 1;
                let _ = news.send(News::Changed);
                Ok(Reply::Done(true))
            }
            // News, and nothing that a person would see.
            Call::Unmute(_) => {
                let _ = news.send(News::Changed);
                Ok(Reply::Done(true))
            }
            Call::Shutdown => {
                let _ = answer.send(Ok(Reply::Done(true)));
                let _ = news.send(News::End);
                return;
            }
        };
        let _ = answer.send(reply);
    }
}

impl Known {
    fn status(&mut self, folder: Option<String>) -> Status {
        self.age += 1;
        // The root of a project is right below the root of all.
        let project = folder.map(|folder| {
            let name = folder.split('/').nth(1).unwrap_or_default();
            format!("/{name}")
        });
        let daemon = DaemonStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_s: self.age,
            sockets: "sock_diag".to_owned(),
            rate_hz: 5.0,
            radar: "on".to_owned(),
            ends: "one by one".to_owned(),
            containers: "events".to_owned(),
            files: "notify".to_owned(),
            notifications: "shown".to_owned(),
            projects: Vec::new(),
            notes: vec![format!("revision {}", self.revision)],
            cpu_ms: self.age,
            resident: self.age,
        };
        Status::new(project, Vec::new(), Vec::new(), Vec::new(), Some(daemon))
    }
}

fn alert(id: u64, project: Option<String>, says: &str) -> Alert {
    Alert {
        id,
        phase: Phase::Firing,
        trigger: Trigger::Refused,
        port: Some(3000),
        project,
        service: None,
        finding: Finding::new(Confidence::Certain, says),
        since: 0,
        fired: Some(0),
        resolved: None,
        refusals: 1,
        flapping: false,
        muted: false,
    }
}

fn why(target: &str) -> Result<Reply, String> {
    let target: Target = target.parse().map_err(|_| "no target".to_owned())?;
    Ok(Reply::Why(Box::new(replay(&target, &recorded("why")))))
}

fn ports(many: u16) -> PortsReport {
    let mut report = ports_report(&recorded("why"));
    let line = report.ports.first().cloned().unwrap();
    report.ports = vec![line; usize::from(many)];
    report
}

/// Facts of real machines.
fn recorded(what: &str) -> Snapshot {
    let root = env!("CARGO_MANIFEST_DIR");
    let file = match what {
        "check" => format!("{root}/tests/cli/check.in/shop.json"),
        _ => format!("{root}/tests/recorded/{RECORDED}"),
    };
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let facts = value.get("facts").unwrap_or(&value);
    serde_json::from_value(facts.clone()).unwrap()
}

const RECORDED: &str = "loopback-only.json";
