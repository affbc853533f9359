//! `devdoctor wait TARGET…`

use std::time::{Duration, Instant};

use serde::Serialize;

use super::memory::Knocking;
use super::terminal::{Failure, print, style};
use super::why::{target, worse};
use crate::diagnose::{self, Waited};
use crate::facts::{Target, human_micros};
use crate::findings::Report;
use crate::frontends::{json, text};
use crate::settings::{Settings, parse_duration};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "For a web server an answer is an HTTP status below 500; for a port of an unknown \
    protocol it is an accepted connection. In a script: devdoctor wait 3000 5432 && npm test"
)]
pub struct Args {
    /// A port, host:port, URL or name of a service of this project.
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    /// How long to wait for all of them: `30s`, `2m`.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "60s")]
    timeout: Duration,
    /// Print what came of it as JSON; with several targets one object a line.
    #[arg(long)]
    json: bool,
    /// With the reason, show what was looked at and what was ruled out.
    #[arg(short, long)]
    verbose: bool,
}

/// What waiting came to, as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    schema: &'static str,
    target: &'a Target,
    /// The address that answers.
    answers: Option<std::net::SocketAddr>,
    waited_ms: u128,
    /// Why nobody answers.
    report: Option<Box<Report>>,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let targets = args
        .targets
        .iter()
        .map(|words| target(words, None, settings))
        .collect::<Result<Vec<_>, _>>()?;
    let until = Instant::now() + args.timeout;
    let style = style(settings, args.verbose);
    let mut code = 0;
    for target in &targets {
        let began = Instant::now();
        let left = until.saturating_duration_since(began);
        let mut knocking = Knocking::at(target);
        let waited = diagnose::wait(target, settings, left, || knocking.tell());
        if let Waited::InVain(report) = &waited {
            // Whoever came a moment too late, and was met by the report, has come.
            code = worse(code, report.exit_code());
        }
        if args.json {
            let (answers, report) = match waited {
                Waited::Answers { at, .. } => (Some(at), None),
                Waited::InVain(report) => (None, Some(report)),
            };
            let answer = Answer {
                schema: "devdoctor.wait/1",
                target,
                answers,
                waited_ms: began.elapsed().as_millis(),
                report,
            };
            print(&if targets.len() > 1 {
                json::line(&answer)?
            } else {
                json::object(&answer)?
            })?;
            continue;
        }
        match waited {
            Waited::Answers { at, took } => {
                let took = human_micros(took.as_micros().try_into().unwrap_or(u64::MAX));
                print(&format!("{} answers on {at}, after {took}\n", target.input))?;
            }
            Waited::InVain(report) => print(&text::report(&report, &style))?,
        }
    }
    Ok(code)
}
