//! `devdoctor ports [FILTER]`

use super::terminal::{Failure, print, style};
use crate::diagnose::{self, Extent};
use crate::findings::PortLine;
use crate::frontends::{json, table};
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A port, a range of ports (3000-3999), or part of a name, user, project or container.
    filter: Option<String>,
    /// List UDP sockets too.
    #[arg(long)]
    udp: bool,
    /// Print the list as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let filter = args.filter.as_deref().map(Filter::read).transpose()?;
    let port = match filter {
        Some(Filter::Ports(first, last)) if first == last => Some(first),
        _ => None,
    };
    let extent = Extent::Ports {
        port,
        udp: args.udp,
    };
    let facts = diagnose::record(extent, settings);
    let mut report = diagnose::ports_report(&facts);
    if let Some(filter) = &filter {
        report.ports.retain(|line| filter.takes(line));
    }
    let blind = facts.listeners.gap().is_some();
    if args.json {
        print(&json::object(&report)?)?;
    } else {
        print(&table::ports(
            &report.ports,
            &report.unseen,
            &facts.host.user,
            args.filter.as_deref(),
            &style(settings, false),
        ))?;
    }
    Ok(if blind { 3 } else { 0 })
}

/// What to list.
#[derive(Debug)]
enum Filter {
    /// Ports from the first to the last.
    Ports(u16, u16),
    /// Lines in which this text stands, in lower case.
    Text(String),
}

impl Filter {
    fn read(text: &str) -> Result<Self, Failure> {
        let text = text.strip_prefix(':').unwrap_or(text);
        let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        if !(number(first) && number(last)) {
            return Ok(Filter::Text(text.to_lowercase()));
        }
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) if first > 0 && first <= last => Ok(Filter::Ports(first, last)),
            _ => Err(Failure::new(format!(
                "`{text}` is no range of ports: a port is a number from 1 to 65535, the first \
                 before the last\ntry: devdoctor ports 3000-3999"
            ))),
        }
    }

    fn takes(&self, line: &PortLine) -> bool {
        match self {
            Filter::Ports(first, last) => (*first..=*last).contains(&line.at.port()),
            Filter::Text(text) => {
                let container = line.container.as_ref();
                [
                    line.name.as_deref(),
                    line.user.as_deref(),
                    line.project.as_deref(),
                    line.cwd.as_deref(),
                    line.cgroup.as_deref(),
                    container.map(|c| c.name.as_str()),
                    container.and_then(|c| c.service.as_deref()),
                ]
                .into_iter()
                .flatten()
                .any(|field| field.to_lowercase().contains(text))
            }
        }
    }
}
