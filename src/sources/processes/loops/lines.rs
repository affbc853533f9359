//! Command lines of shells, of pauses and of servers.

use crate::facts::catalogue;

const SHELLS: &[&str] = &[
    "ash", "bash", "busybox", "dash", "fish", "ksh", "mksh", "sh", "zsh",
];
/// Programs by which servers are run; what else a shell runs again and again (`nc`,
/// `curl`, `git`) is no server.
const RUNTIMES: &[&str] = &[
    "bun", "bundle", "cargo", "deno", "dotnet", "go", "gradle", "java", "just", "make", "mix",
    "mvn", "node", "nodejs", "npm", "npx", "perl", "php", "pnpm", "pypy", "python", "ruby",
    "ts-node", "tsx", "uv", "yarn",
];
/// Who pauses longer is not seen to start anything while we watch.
const PAUSE_S: f64 = 10.0;

fn base(word: &str) -> &str {
    let file = word.rsplit('/').next().unwrap_or(word);
    file.strip_prefix('-').unwrap_or(file)
}

pub(super) fn is_shell(word: &str) -> bool {
    SHELLS.contains(&base(word))
}

/// A shell that was given no script: somebody types into it.
pub(super) fn is_interactive(argv: &[String]) -> bool {
    let mut rest = argv.iter().skip(1);
    rest.all(|word| word.starts_with('-') && word != "-c" && !word.ends_with('c'))
}

/// `sleep 1`, if it is not long.
pub(super) fn is_pause(argv: &[String]) -> bool {
    let [program, time, ..] = argv else {
        return false;
    };
    let seconds = time.strip_suffix('s').unwrap_or(time).parse::<f64>();
    base(program) == "sleep" && seconds.is_ok_and(|seconds| seconds <= PAUSE_S)
}

/// The words that a shell was given as one: `sh -c "node server.js"`. A line that does
/// more than to run one program stays as it is.
pub(super) fn words_of(argv: &[String]) -> Vec<String> {
    match argv {
        [shell, flag, line, ..]
            if is_shell(shell)
                && flag == "-c"
                && !line.contains(|c: char| "|&;<>()$`\"'\\*\n".contains(c)) =>
        {
            line.split_whitespace().map(str::to_owned).collect()
        }
        _ => argv.to_vec(),
    }
}

/// Whether two command lines are one: by a shim (`pyenv`, `npx`) a command has come to
/// the same words on a longer way.
pub(super) fn is_same(one: &[String], other: &[String]) -> bool {
    let (short, long) = match one.len() < other.len() {
        true => (one, other),
        false => (other, one),
    };
    let tail = &long[long.len() - short.len()..];
    match (short, tail) {
        ([first, rest @ ..], [other, others @ ..]) => {
            base(first) == base(other)
                && rest == others
                && (short.len() > 1 || short.len() == long.len())
        }
        _ => false,
    }
}

pub(super) fn runs_a_server(argv: &[String], project: &str) -> bool {
    let argv = words_of(argv);
    let [program, rest @ ..] = &argv[..] else {
        return false;
    };
    let name = base(program);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if is_shell(program) {
        return rest.first().is_some_and(|word| !word.starts_with('-'));
    }
    if RUNTIMES.contains(&bare) {
        return !rest.is_empty();
    }
    let own = program.strip_prefix(project.trim_end_matches('/'));
    let relative = !program.starts_with('/') && program.contains('/');
    relative
        || own.is_some_and(|below| below.starts_with('/'))
        || catalogue()
            .recognise("", &argv)
            .is_some_and(|row| row.dev_server)
}
