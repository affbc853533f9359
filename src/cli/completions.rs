//! `devdoctor completions SHELL`

use clap_complete::Shell;

use super::terminal::{Failure, print};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "devdoctor", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
