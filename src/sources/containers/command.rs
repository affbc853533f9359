//! Which framework a container's command runs.

use crate::facts::{Framework, catalogue};

/// The framework that this command runs, also through `sh -c "…"`.
///
/// A package script (`npm run dev`) does not say what it runs: that stays unknown.
pub(super) fn framework(command: &[String]) -> Option<&'static Framework> {
    direct(command).or_else(|| {
        let script = shell_script(command)?;
        let words = shlex::split(script)?;
        // The server is what runs last: `npm ci && npx next dev`.
        words
            .split(|word| matches!(word.as_str(), "&&" | "||" | ";" | "|" | "&"))
            .rev()
            .find_map(|part| {
                let start = part
                    .iter()
                    .position(|word| word != "exec" && !is_assignment(word))?;
                direct(&part[start..])
            })
    })
}

/// The framework of a command, also where an entry point or a runner (`npx`) stands
/// before it.
fn direct(command: &[String]) -> Option<&'static Framework> {
    let head = &command[..command.len().min(3)];
    // What a package's script runs is in the package, not on the command line.
    if head.windows(2).any(|pair| {
        let runner = pair[0].rsplit('/').next().unwrap_or(&pair[0]);
        matches!(runner, "npm" | "pnpm" | "yarn" | "bun")
            && matches!(pair[1].as_str(), "run" | "run-script")
    }) {
        return None;
    }
    (0..head.len()).find_map(|from| {
        let words = &command[from..];
        let first = words.first()?;
        let comm = first.rsplit('/').next().unwrap_or(first);
        // A runner or a watcher starts the server that is meant; it is not the server.
        catalogue()
            .recognise(comm, words)
            .filter(|row| !row.watcher && !row.forwarder)
    })
}

/// The script of `sh -c <script>`.
fn shell_script(command: &[String]) -> Option<&str> {
    let at = command.iter().position(|word| {
        let program = word.rsplit('/').next().unwrap_or(word);
        matches!(program, "sh" | "bash" | "ash" | "dash" | "zsh")
    })?;
    let flags = command.get(at + 1)?;
    (flags.starts_with('-') && flags.ends_with('c'))
        .then(|| command.get(at + 2).map(String::as_str))?
}

/// `NODE_ENV=development`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(command: &[&str]) -> Option<&'static str> {
        let command: Vec<_> = command.iter().map(|&word| word.to_owned()).collect();
        framework(&command).map(|row| row.key.as_str())
    }

    #[test]
    fn a_server_is_found_behind_entry_points_and_shells() {
        assert_eq!(key(&["npx", "next", "dev"]), Some("next"));
        assert_eq!(key(&["docker-entrypoint.sh", "next", "dev"]), Some("next"));
        assert_eq!(
            key(&[
                "docker-entrypoint.sh",
                "/bin/sh",
                "-c",
                "npm ci && exec npx next dev"
            ]),
            Some("next")
        );
        assert_eq!(key(&["uv", "run", "uvicorn", "app:app"]), Some("uvicorn"));
        assert_eq!(key(&["flask", "run"]), Some("flask"));
        assert_eq!(key(&["python", "manage.py", "runserver"]), Some("django"));
        assert_eq!(
            key(&["bash", "-lc", "NODE_ENV=development next dev"]),
            Some("next")
        );
    }

    #[test]
    fn what_does_not_say_it_stays_unknown() {
        assert_eq!(key(&["npm", "run", "dev"]), None);
        assert_eq!(key(&["npm", "run", "vite"]), None);
        assert_eq!(key(&["sh", "-c", "yarn run dev"]), None);
        assert_eq!(key(&["sh", "-c", "echo 'unclosed"]), None);
        assert_eq!(key(&["sh", "-c"]), None);
        assert_eq!(key(&[]), None);
    }
}
