//! `devdoctor snapshot [TARGET]`

use super::terminal::{Failure, print};
use crate::diagnose::{self, Extent};
use crate::facts::{Target, scrub};
use crate::frontends::json;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Diagnose this target too, so that `why TARGET --facts FILE` repeats the report.
    target: Option<String>,
    /// Keep home folders, user names and argument values.
    #[arg(long)]
    unscrubbed: bool,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let facts = match &args.target {
        Some(words) => {
            let target: Target = words.parse().map_err(Failure::new)?;
            diagnose::why(&target, settings).facts
        }
        None => diagnose::record(Extent::Everything, settings),
    };
    let home = std::env::var("HOME").or_else(|_| std::env::var("USERPROFILE"));
    let facts = if args.unscrubbed {
        facts
    } else {
        scrub(facts, home.ok().as_deref())
    };
    print(&json::object(&facts)?)?;
    Ok(0)
}
