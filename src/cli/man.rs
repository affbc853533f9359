//! `devdoctor man`

use super::terminal::{Failure, print};

pub fn run() -> Result<u8, Failure> {
    let mut page = Vec::new();
    let mut render = |command: clap::Command| {
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::new(format!("could not write the manual page: {error}")))
    };
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    render(command.clone())?;
    for sub in command.get_subcommands() {
        render(sub.clone())?;
    }
    print(&String::from_utf8_lossy(&page))?;
    Ok(0)
}
