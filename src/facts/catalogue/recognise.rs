//! What a process runs, by what it leaves in the process table.

use serde::Deserialize;

/// One way to recognise a process. Everything that is given must match, and the
/// short name or the program is always given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recognise {
    /// The kernel's short name, whole.
    pub comm: Option<String>,
    /// The program's file name: `vite`, `manage.py`, `http.server`.
    pub program: Option<String>,
    /// Words of the command line, in this order, after the program.
    pub words: Vec<String>,
    /// Words of which none stands after the program.
    pub without: Vec<String>,
    /// A fragment of the program's path, or of a word after it.
    pub path: Option<String>,
}

/// A process's short name and command line, taken apart.
#[derive(Debug)]
pub(super) struct Command<'a> {
    comm: &'a str,
    words: Vec<&'a str>,
    /// Where programs stand in the words: an interpreter, and the script it runs.
    programs: Vec<usize>,
}

/// How many times one program may run another within one command line:
/// `ruby bundle exec jekyll` is two.
const DEEPEST: usize = 4;

impl<'a> Command<'a> {
    pub(super) fn new(comm: &'a str, argv: &'a [String]) -> Self {
        let mut words: Vec<&str> = argv.iter().map(String::as_str).collect();
        // A program that writes a title over its command line leaves padding
        // behind it, and the title as one word.
        while words.last().is_some_and(|word| word.trim().is_empty()) {
            words.pop();
        }
        if let [title] = words[..]
            && !is_path_with_spaces(title)
        {
            words = title.split_whitespace().collect();
        }
        let mut programs = Vec::new();
        let mut next = (!words.is_empty()).then_some(0);
        while let Some(at) = next.filter(|_| programs.len() < DEEPEST) {
            programs.push(at);
            next = runs(&words, at);
        }
        Command {
            comm: without_exe(comm),
            words,
            programs,
        }
    }

    /// The names by which this process can be recognised.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        let programs = self.programs.iter().map(|&at| name(self.words[at]));
        std::iter::once(self.comm)
            .chain(programs)
            .filter(|name| !name.is_empty())
    }
}

/// Where in a command line a program stands that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    /// Its own word.
    pub(super) program: usize,
    /// The first word after those that it was recognised by.
    pub(super) arguments: usize,
}

impl Recognise {
    /// Where the program stands that this recognises, if it does.
    pub(super) fn at(&self, command: &Command<'_>) -> Option<At> {
        let comm_fits = |wanted: &String| {
            let found = command.comm;
            // The kernel cuts a short name at 15 bytes.
            wanted == found || (found.len() == 15 && wanted.starts_with(found))
        };
        if !self.comm.as_ref().is_none_or(comm_fits) {
            return None;
        }
        match &self.program {
            None => self.comm.as_ref().map(|_| At {
                program: 0,
                arguments: 1,
            }),
            Some(wanted) => {
                let ends = command.programs.iter().skip(1).map(|&next| next + 1);
                let ends = ends.chain([command.words.len()]);
                command.programs.iter().zip(ends).find_map(|(&at, end)| {
                    if name(command.words[at]) != wanted {
                        return None;
                    }
                    // What stands after the script is the script's, not the interpreter's.
                    let after = self.fits_words(&command.words[at..end])?;
                    Some(At {
                        program: at,
                        arguments: at + 1 + after,
                    })
                })
            }
        }
    }

    /// Whether the program's word and those after it are as they must be: how many of
    /// those after it that takes.
    fn fits_words(&self, words: &[&str]) -> Option<usize> {
        let path_fits = |fragment: &String| {
            words.iter().any(|word| {
                word.contains(fragment.as_str())
                    || (word.contains('\\') && word.replace('\\', "/").contains(fragment.as_str()))
            })
        };
        let after = &words[1..];
        let fits = self.path.as_ref().is_none_or(path_fits)
            && !after
                .iter()
                .any(|word| self.without.iter().any(|no| no == word));
        fits.then(|| stand_in_order(&self.words, after)).flatten()
    }
}

/// Whether the wanted words stand in this order among those found: the place after the
/// last of them.
///
/// A wanted option may stand anywhere. Another word must be the first that is
/// neither an option nor what may be an option's value: `ng serve`,
/// `flask --app hello run`, but not `rails generate scaffold server`.
fn stand_in_order(wanted: &[String], found: &[&str]) -> Option<usize> {
    let mut at = 0;
    for want in wanted {
        let mut value = false;
        loop {
            let word = found.get(at)?;
            at += 1;
            if word == want {
                break;
            }
            let option = word.starts_with('-');
            if !option && !value && !want.starts_with('-') {
                return None;
            }
            value = option && !word.contains('=');
        }
    }
    Some(at)
}

/// Whether this is one path, and no title such as `/usr/bin/redis-server *:6379`.
fn is_path_with_spaces(title: &str) -> bool {
    let rooted = title.starts_with('/') || title.get(1..3) == Some(":\\");
    let mut parts = title.split_whitespace().skip(1);
    rooted && parts.any(|part| part.contains(['/', '\\']))
}

/// The file name of a program, as people call it.
fn name(word: &str) -> &str {
    let file = word.rsplit(['/', '\\']).next().unwrap_or(word);
    // `deno run npm:vite`, and the colon of `nginx: master process`.
    let file = file.strip_prefix("npm:").unwrap_or(file);
    let file = file.strip_suffix(':').unwrap_or(file);
    let file = without_exe(file);
    // python3.12, ruby3.1, php8.2: the version is no part of the name.
    let bare = file.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if ["python", "Python", "pypy", "ruby", "php"].contains(&bare) {
        return bare;
    }
    [".js", ".mjs", ".cjs", ".cmd"]
        .iter()
        .find_map(|ending| file.strip_suffix(ending))
        .unwrap_or(file)
}

fn without_exe(file: &str) -> &str {
    file.strip_suffix(".exe").unwrap_or(file)
}

/// Where the program stands that the one at `at` runs within its own process: the
/// script of an interpreter, the module of `python -m`, the word after `bundle exec`.
fn runs(words: &[&str], at: usize) -> Option<usize> {
    let language = name(words[at]);
    let with_value: &[&str] = match language {
        "node" | "nodejs" | "tsx" | "ts-node" => &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "-C",
            "--conditions",
            "--env-file",
            "--title",
        ],
        "python" | "Python" | "pypy" => &["-W", "-X"],
        "ruby" => &["-r", "-I", "-C", "-E"],
        "php" => &["-d", "-c", "-z"],
        "deno" => {
            return matches!(words.get(at + 1), Some(&("run" | "serve")))
                .then(|| (at + 2..words.len()).find(|&next| !words[next].starts_with('-')))?;
        }
        "bun" => &["--cwd", "--preload", "-r", "--env-file"],
        "bundle" | "bundler" => {
            return (words.get(at + 1) == Some(&"exec") && words.len() > at + 2).then_some(at + 2);
        }
        _ => return None,
    };
    let mut next = at + 1;
    while let Some(&word) = words.get(next) {
        if language == "bun" && word == "run" && words.len() > next + 1 {
            next += 1;
            continue;
        }
        if !word.starts_with('-') {
            return Some(next);
        }
        // A program in the command line itself, or none at all.
        if ["-e", "-c", "-p", "--eval", "--print", "-S", "-"].contains(&word)
            && !with_value.contains(&word)
        {
            return None;
        }
        if word == "-m" && !with_value.contains(&word) {
            return words.get(next + 1).map(|_| next + 1);
        }
        next += 1 + usize::from(with_value.contains(&word));
    }
    None
}
