//! The daemon's own program: `devdoctor daemon run` turns into it where it is installed.

use std::process::ExitCode;

fn main() -> ExitCode {
    devdoctor::cli::daemon_main()
}
