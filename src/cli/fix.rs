//! `devdoctor fix TARGET`

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::memory::{self, Knocking};
use super::terminal::{Failure, print, style};
use super::why::target;
use crate::diagnose::{self, Change, Recording, Waited};
use crate::facts::Target;
use crate::findings::{Finding, Fix, Safety};
use crate::frontends::style::Style;
use crate::frontends::text;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What is to be changed is shown first, and looked at once more right before it is \
    changed. A fix that loses something is never made without a `yes` typed at a terminal."
)]
pub struct Args {
    /// A port, host:port, URL or name of a service.
    target: String,
    /// Show what would be changed, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Make the first fix without asking.
    #[arg(short, long)]
    yes: bool,
    /// Take this fix only, counted from 1.
    #[arg(long, value_name = "N")]
    only: Option<usize>,
}

/// One fix that changes something, and what it changes.
struct Plan {
    fix: Fix,
    change: Option<Change>,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let target = target(&args.target, None, settings)?;
    let before = look(&target, settings);
    let style = style(settings, false);
    let Some(finding) = diagnose::problem(&before.report) else {
        print(&text::report(&before.report, &style))?;
        return Ok(before.report.exit_code());
    };
    let (fixes, words): (Vec<&Fix>, Vec<&Fix>) = finding.fixes.iter().partition(|f| f.mends());
    // What can be made is shown as what it changes.
    let shown = Finding {
        fixes: words.into_iter().cloned().collect(),
        ..finding.clone()
    };
    print(&text::problem(&before.report, &shown, &style))?;
    if fixes.is_empty() {
        print("\nno command and no edit mends this by itself\n")?;
        return Ok(before.report.exit_code());
    }
    let count = fixes.len();
    let chosen = match args.only {
        None => fixes,
        Some(at) => match at.checked_sub(1).and_then(|at| fixes.get(at)) {
            Some(&fix) => vec![fix],
            None => {
                return Err(Failure::new(format!(
                    "there is no fix {at}: {} {count} that can be made",
                    if count == 1 { "there is" } else { "there are" }
                )));
            }
        },
    };
    let plans = chosen
        .into_iter()
        .map(|fix| plan(fix, &before))
        .collect::<Result<Vec<_>, _>>()?;
    if args.dry_run {
        for (at, plan) in plans.iter().enumerate() {
            let number = args.only.unwrap_or(at + 1);
            print(&show(plan, number, count, &style))?;
        }
        print("\nnothing was changed\n")?;
        return Ok(before.report.exit_code());
    }
    let mut made = false;
    for (at, plan) in plans.iter().enumerate() {
        // Fixes are ways to choose from; one that says `then` belongs to the one before.
        let follows = plan.fix.title.starts_with("then ");
        if made && !follows {
            break;
        }
        if follows && !made && args.only.is_none() {
            continue;
        }
        print(&show(plan, args.only.unwrap_or(at + 1), count, &style))?;
        if !agreed(&plan.fix, args.yes)? {
            continue;
        }
        // What follows was part of the agreement, and its cause may have gone by now.
        if !follows || !made {
            diagnose::still_stands(&plan.fix, &before, &look(&target, settings))
                .map_err(|why| Failure::new(format!("{why}; nothing was changed")))?;
        }
        make(plan, &target, settings)?;
        made = true;
    }
    if !made {
        print("\nnothing was changed\n")?;
        return Ok(before.report.exit_code());
    }
    outcome(&before, &look(&target, settings), &style)
}

/// A diagnosis, of which a daemon that runs is told: it need not tell of our own knocking.
fn look(target: &Target, settings: &Settings) -> Recording {
    diagnose::why_given(target, settings, memory::of(target))
}

/// What a fix would change.
fn plan(fix: &Fix, before: &Recording) -> Result<Plan, Failure> {
    let change = match &fix.edit {
        None => None,
        Some(edit) => {
            let facts = &before.facts;
            let root = facts.own_project().map(|own| own.root.as_str());
            let cwd = facts.host.cwd.as_deref();
            let (Some(root), Some(cwd)) = (root, cwd) else {
                return Err(Failure::new("it is not known which project this folder is"));
            };
            let change = Change::of(edit, Path::new(cwd), Path::new(root));
            Some(change.map_err(Failure::new)?)
        }
    };
    Ok(Plan {
        fix: fix.clone(),
        change,
    })
}

fn show(plan: &Plan, number: usize, count: usize, style: &Style) -> String {
    let head = match count {
        1 => String::new(),
        _ => format!("{} ", style.strong(&format!("{number} of {count}"))),
    };
    match &plan.change {
        None => format!("\n{head}{}", text::fix(&plan.fix, style)),
        Some(change) => {
            let title = text::fix(
                &Fix {
                    edit: None,
                    ..plan.fix.clone()
                },
                style,
            );
            format!("\n{head}{title}\n{}", text::diff(&change.diff(), style))
        }
    }
}

/// Whether the user agrees.
fn agreed(fix: &Fix, yes: bool) -> Result<bool, Failure> {
    let terminal = std::io::stdin().is_terminal();
    if yes && fix.safety != Safety::Destructive {
        return Ok(true);
    }
    if !terminal {
        return Err(Failure::new(match fix.safety {
            Safety::Destructive => {
                "this fix loses something: it is made only after a `yes` typed at a terminal"
            }
            _ => "there is no terminal to ask at; `--yes` makes the fix, `--dry-run` only shows it",
        }));
    }
    ask(fix.safety, &mut std::io::stdin().lock())
}

fn ask(safety: Safety, input: &mut impl BufRead) -> Result<bool, Failure> {
    print(match safety {
        Safety::Safe => "\nmake it? [y/N] ",
        Safety::Disruptive => "\nmake it? It interrupts something. [y/N] ",
        Safety::Destructive => "\nmake it? It loses something. Type `yes` to agree: ",
    })?;
    std::io::stdout().flush().map_err(Failure::new)?;
    let mut answer = String::new();
    input.read_line(&mut answer).map_err(Failure::new)?;
    let answer = answer.trim().to_lowercase();
    Ok(match safety {
        Safety::Destructive => answer == "yes",
        Safety::Safe | Safety::Disruptive => answer == "y" || answer == "yes",
    })
}

/// For how long a command is given to end before it is taken for a server.
const COMMAND: Duration = Duration::from_secs(2);
/// How long each wait for a server that was started is.
const SERVER: Duration = Duration::from_secs(1);

fn make(plan: &Plan, target: &Target, settings: &Settings) -> Result<(), Failure> {
    if let Some(change) = &plan.change {
        return change.apply().map_err(Failure::new);
    }
    let Some(argv) = &plan.fix.run else {
        return Ok(());
    };
    let program = argv.first().map_or("", String::as_str);
    let fail = |error: std::io::Error| Failure::new(format!("{program}: {error}"));
    let mut child = diagnose::start(argv, plan.fix.folder.as_deref()).map_err(fail)?;
    let began = Instant::now();
    let mut told = false;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(fail)? {
            break status;
        }
        if told {
            break child.wait().map_err(fail)?;
        }
        if began.elapsed() < COMMAND {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        }
        let mut knocking = Knocking::at(target);
        let waited = diagnose::wait(target, settings, SERVER, || knocking.tell());
        if let Waited::Answers { at, .. } = waited {
            print(&format!(
                "\nit helped: {at} answers. {program} runs until you end it here (Ctrl-C).\n"
            ))?;
            told = true;
        }
    };
    if status.success() || told {
        return Ok(());
    }
    Err(Failure::new(format!("`{program}` failed: {status}")))
}

/// Says whether it helped.
fn outcome(before: &Recording, after: &Recording, style: &Style) -> Result<u8, Failure> {
    let code = after.report.exit_code();
    let was = diagnose::problem(&before.report);
    match diagnose::problem(&after.report) {
        None => print(&format!(
            "\n{}: {} is mended\n",
            style.good("it helped"),
            after.report.target.authority()
        ))?,
        Some(is) => {
            let same = was.is_some_and(|was| was.code == is.code);
            let words = match same {
                true => "it has not helped yet: a server that runs reads its files at its start\n",
                false => "this is mended, and behind it stands another cause\n",
            };
            print(&format!("\n{words}\n"))?;
            print(&text::problem(&after.report, is, style))?;
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_agrees() {
        let says = |safety, words: &str| ask(safety, &mut words.as_bytes()).unwrap();
        assert!(says(Safety::Safe, "y\n"));
        assert!(says(Safety::Disruptive, "Yes\n"));
        for no in ["", "\n", "n\n", "yup\n", "no\n"] {
            assert!(!says(Safety::Safe, no), "{no:?}");
        }
        assert!(!says(Safety::Destructive, "y\n"));
        assert!(says(Safety::Destructive, "yes\n"));
    }
}
