//! `devdoctor why TARGET…`

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::memory;
use super::terminal::{Failure, print, style};
use crate::diagnose::{self, Named};
use crate::facts::{Known, Snapshot, Target};
use crate::frontends::{json, text};
use crate::settings::{Settings, parse_duration};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Targets: 3000 · :3000 · localhost:3000 · 127.0.0.1:3000 · [::1]:3000 · \
    https://app.test/path · ws://… · postgres://… · redis://… · mysql://… · mongodb://… · \
    amqp://… · web"
)]
pub struct Args {
    /// A port, host:port, URL or name of a service of this project.
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    /// Print the report as JSON; with several targets one object a line.
    #[arg(long)]
    json: bool,
    /// How long one diagnosis may take: `5s`, `800ms`.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Diagnose a recorded snapshot instead of this machine.
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Read what the profiles of your browsers keep of this address, too: HSTS, cached
    /// redirects, service workers, policies, proxies, extensions.
    #[arg(long)]
    browser: bool,
    /// Show what was looked at, how long each look took, and what was ruled out.
    #[arg(short, long)]
    verbose: bool,
}

pub fn run(args: &Args, mut settings: Settings) -> Result<u8, Failure> {
    let facts = args.facts.as_deref().map(read_facts).transpose()?;
    let targets = args
        .targets
        .iter()
        .map(|words| target(words, facts.as_ref(), &settings))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(timeout) = args.timeout {
        cap(&mut settings, timeout);
    }
    let style = style(&settings, args.verbose);
    let mut worst = 0;
    for (at, target) in targets.iter().enumerate() {
        let report = match &facts {
            Some(facts) => {
                let mut report = diagnose::replay(target, facts);
                diagnose::forgive(&mut report, &settings);
                report
            }
            None => {
                let given = diagnose::Given {
                    browser: args.browser,
                    ..memory::of(target)
                };
                diagnose::why_given(target, &settings, given).report
            }
        };
        worst = worse(worst, report.exit_code());
        if args.json {
            let several = targets.len() > 1;
            let text = if several {
                json::line(&report)?
            } else {
                json::object(&report)?
            };
            print(&text)?;
        } else {
            if at > 0 {
                print("\n")?;
            }
            print(&text::report(&report, &style))?;
        }
    }
    Ok(worst)
}

/// What the user asks about: a port, a URL, or the name of a service of the project.
pub(super) fn target(
    words: &str,
    facts: Option<&Snapshot>,
    settings: &Settings,
) -> Result<Target, Failure> {
    let error = match words.parse::<Target>() {
        Ok(target) => return Ok(target),
        Err(error) => error,
    };
    // A port with a slip in it begins with a digit, and `localhost` lacks only its port.
    let name = |c: char| c.is_alphanumeric() || "-_./@".contains(c);
    let begins = words.starts_with(|c: char| c.is_alphabetic() || c == '@');
    if !begins || !words.chars().all(name) || words == "localhost" {
        return Err(Failure::new(error));
    }
    let claims = match facts {
        Some(facts) => facts.own_project().map(|own| own.claims.clone()),
        None => Some(diagnose::claims_here(settings)),
    };
    let Some(Known::Seen(claims)) = claims else {
        return Err(Failure::new(error));
    };
    let named = diagnose::named(words, &claims);
    let why_not = named.without_target(words).unwrap_or_default();
    match named {
        Named::Target(target) => Ok(target),
        Named::Several(_) => Err(Failure::new(format!("{why_not}\ntry: devdoctor why PORT"))),
        Named::WithoutPort => Err(Failure::new(why_not)),
        Named::Unknown => {
            let mut names: Vec<&str> = claims.services.iter().map(|s| s.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            if names.is_empty() {
                return Err(Failure::new(error));
            }
            Err(Failure::new(format!(
                "{error}\nservices of this project: {}",
                names.join(", ")
            )))
        }
    }
}

/// A found problem outweighs a blind spot, which outweighs nothing wrong.
pub(super) fn worse(one: u8, other: u8) -> u8 {
    let weight = |code| match code {
        1 => 2,
        3 => 1,
        _ => 0,
    };
    if weight(other) > weight(one) {
        other
    } else {
        one
    }
}

/// No look may take longer than the whole.
fn cap(settings: &mut Settings, timeout: Duration) {
    let of = &mut settings.timeouts;
    of.whole = timeout;
    for budget in [
        &mut of.connect_local,
        &mut of.connect_remote,
        &mut of.silence,
        &mut of.first_response,
        &mut of.names,
        &mut of.engines,
        &mut of.firewall,
        &mut of.projects,
    ] {
        *budget = (*budget).min(timeout);
    }
}

/// The largest snapshot that is read, in bytes.
const MOST_FACTS: u64 = 64 * 1024 * 1024;

/// Reads a recorded snapshot.
pub(super) fn read_facts(path: &Path) -> Result<Snapshot, Failure> {
    let fail = |what: String| Failure::new(format!("{}: {what}", path.display()));
    let meta = std::fs::metadata(path).map_err(|error| fail(error.to_string()))?;
    if !meta.is_file() {
        return Err(fail(
            "is not a file; `devdoctor snapshot > FILE` makes one".to_owned(),
        ));
    }
    if meta.len() > MOST_FACTS {
        return Err(fail(format!(
            "has {} bytes, more than a snapshot ever has",
            meta.len()
        )));
    }
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MOST_FACTS).read_to_string(&mut text))
        .map_err(|error| fail(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| {
        fail(format!(
            "is no snapshot of this version: {error}; `devdoctor snapshot > FILE` makes one"
        ))
    })
}
