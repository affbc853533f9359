//! The clipboard, through the small programs that users have for it.
//!
//! On Wayland and X11 the clipboard is a promise of a living program to hand over the text,
//! and only a program with a window, or a special protocol, may make one. `wl-copy`,
//! `xclip` and `xsel` do exactly that, and stay alive for as long as it takes; a library
//! for it would bring both protocols and their sockets into the daemon for good.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Surroundings;

/// How long a program may take until it holds the text.
const DEADLINE: Duration = Duration::from_secs(3);
/// What a pipe takes at once, whether it is read or not.
const MOST_BYTES: usize = 60_000;

/// Puts a text into the clipboard.
pub(super) async fn copy(surroundings: &Surroundings, text: String) -> Result<(), String> {
    if text.len() > MOST_BYTES {
        return Err("it is too long".to_owned());
    }
    let candidates: Vec<(PathBuf, &[&str])> = programs(surroundings)
        .filter_map(|(name, arguments)| Some((surroundings.program(name)?, arguments)))
        .collect();
    if candidates.is_empty() {
        let names: Vec<&str> = programs(surroundings).map(|(name, _)| name).collect();
        return Err(match names.is_empty() {
            true => "this session has no display".to_owned(),
            false => format!("install {}", names.join(" or ")),
        });
    }
    let work = move || {
        let mut why = String::new();
        for (program, arguments) in candidates {
            match hand_over(&program, arguments, &text) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let name = program.file_name().unwrap_or_default().to_string_lossy();
                    why = format!("{name}: {error}");
                }
            }
        }
        Err(why)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(error.to_string()),
    }
}

/// The programs that could do it here, the best first.
fn programs(
    surroundings: &Surroundings,
) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let wayland: &[(&str, &[&str])] = &[("wl-copy", &[])];
    let x11: &[(&str, &[&str])] = &[
        ("xclip", &["-selection", "clipboard"]),
        ("xsel", &["--clipboard", "--input"]),
    ];
    let wayland = wayland.iter().filter(|_| surroundings.wayland);
    wayland
        .chain(x11.iter().filter(|_| surroundings.x11))
        .copied()
}

/// Runs a program with the text as its input. It ends once a child of its own holds it.
fn hand_over(program: &Path, arguments: &[&str], text: &str) -> Result<(), String> {
    let until = Instant::now() + DEADLINE;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // It fits into the pipe. A program that does not read it fails by itself.
        let _ = input.write_all(text.as_bytes());
    }
    let result = wait(&mut child, until);
    if result.is_err() {
        // It may have ended meanwhile; then there is nobody to kill.
        let _ = child.kill();
        let _ = child.wait();
    }
    result
}

fn wait(child: &mut Child, until: Instant) -> Result<(), String> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) if Instant::now() >= until => return Err("took too long".to_owned()),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => return Err(error.to_string()),
        }
    }
}
