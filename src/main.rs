//! The `devdoctor` command: parses, runs, sets the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    devdoctor::cli::main()
}
