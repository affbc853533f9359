//! `devdoctor explain CODE|NAME`

use std::fmt::Write as _;

use super::terminal::{Failure, print, style};
use crate::frontends::text;
use crate::rules::{self, Page, RULES};
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A code (DD503) or a name (loopback-inside).
    #[arg(value_name = "CODE|NAME", required_unless_present = "list")]
    cause: Option<String>,
    /// List every cause that devdoctor knows.
    #[arg(long, conflicts_with = "cause")]
    list: bool,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let style = style(settings, false);
    let Some(word) = &args.cause else {
        let mut rules: Vec<_> = RULES.to_vec();
        rules.sort_by_key(|rule| rule.code);
        let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
        let mut list = String::new();
        for rule in rules {
            let name = format!("{:width$}", rule.name);
            let title = Page::of(rule).title;
            let _ = writeln!(list, "{}  {name}  {title}", style.strong(rule.code));
        }
        print(&list)?;
        return Ok(0);
    };
    match rules::find(word) {
        Some(rule) => {
            print(&text::page(
                rule.code,
                rule.name,
                &Page::of(rule).text,
                &style,
            ))?;
            Ok(0)
        }
        None => Err(unknown(word)),
    }
}

fn unknown(word: &str) -> Failure {
    let part = word.to_lowercase();
    let near: Vec<_> = RULES
        .iter()
        .filter(|rule| !part.is_empty() && rule.name.contains(&part))
        .map(|rule| format!("{} {}", rule.code, rule.name))
        .collect();
    let hint = if near.is_empty() {
        String::new()
    } else {
        format!("\nnear it: {}", near.join(", "))
    };
    Failure::new(format!(
        "devdoctor knows no cause `{word}`{hint}\ntry: devdoctor explain --list"
    ))
}
