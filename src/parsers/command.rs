//! A command line, taken apart by the shell's rules: its simple commands, each with
//! the variables that are set for it and the folder that it runs in.
//!
//! Nothing is run and nothing is guessed: a word that holds what only a running shell
//! knows says so ([`Word::unknown`]), and a command in a folder that cannot be known
//! is left out.

mod word;

use brush_parser::{Token, TokenizerOptions, uncached_tokenize_str};

pub use word::{Word, is_name};

use crate::facts::Origin;

/// The longest text that is taken for a command line.
const LONGEST: usize = 32 * 1024;

/// How many brackets and backquotes may open in one: the tokenizer goes down into each.
const MOST_OPEN: usize = 128;

/// One simple command.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<Word>,
    /// The variables that are set for it, in the order in which they are set: the last
    /// of a name is the one that holds.
    pub variables: Vec<(String, Word)>,
    /// The folder that `cd` went to before it, seen from the one the line runs in.
    pub folder: Option<String>,
    /// Files of variables that a wrapper (`dotenv -e`) reads for it, the strongest
    /// first, each with the folder it is seen from.
    pub env_files: Vec<String>,
}

impl Command {
    /// A command that is written word by word and sees no shell.
    #[must_use]
    pub fn of(argv: Vec<Word>) -> Self {
        Command {
            argv,
            ..Command::default()
        }
    }

    /// The value that this command's own line sets a variable to.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Word> {
        let mut set = self.variables.iter().rev();
        set.find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// The simple commands of a line, in its order. `at` tells the place of a byte of the
/// line in its file. A line that the shell would refuse has none.
pub fn commands(line: &str, at: &dyn Fn(usize) -> Origin) -> Vec<Command> {
    commands_with(line, &[], &[], at)
}

/// The same, in a shell that begins with these variables: those that programs see, and
/// those that only the line does.
pub fn commands_with(
    line: &str,
    exported: &[(String, Word)],
    own: &[(String, Word)],
    at: &dyn Fn(usize) -> Origin,
) -> Vec<Command> {
    let opening = line.bytes().filter(|byte| b"({`".contains(byte)).count();
    if line.len() > LONGEST || opening > MOST_OPEN {
        return Vec::new();
    }
    let options = TokenizerOptions {
        enable_extended_globbing: false,
        posix_mode: true,
        sh_mode: true,
    };
    let Ok(tokens) = uncached_tokenize_str(line, &options) else {
        return Vec::new();
    };
    let mut shell = Shell {
        state: State {
            exported: exported.to_vec(),
            given: own.to_vec(),
            ..State::default()
        },
        ..Shell::default()
    };
    // The tokenizer counts characters.
    let bytes: Vec<usize> = line.char_indices().map(|(byte, _)| byte).collect();
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(line.len());
    // Where a word that stands after an operator of redirection is no argument.
    let mut redirected = false;
    for token in &tokens {
        match token {
            Token::Word(text, place) => {
                if std::mem::take(&mut redirected) {
                    continue;
                }
                let start = byte(place.start.index);
                shell.words.push(Word::read(text, start, at));
                shell.ends = byte(place.end.index);
            }
            Token::Operator(operator, place) => match operator.as_str() {
                "(" => shell.open(),
                ")" => shell.close(),
                operator if operator.contains(['<', '>']) => {
                    shell.redirect(byte(place.start.index));
                    redirected = true;
                }
                _ => shell.end(),
            },
        }
    }
    shell.end();
    shell.commands
}

/// What a shell knows while it goes through a line.
#[derive(Debug, Clone, Default)]
struct State {
    /// The folder, seen from the first one.
    folder: Option<String>,
    /// Whether the folder cannot be known.
    lost: bool,
    /// Variables that programs see.
    exported: Vec<(String, Word)>,
    /// Variables that only the shell sees.
    own: Vec<(String, Word)>,
    /// The same, from before the line. One of the same name that programs see holds.
    given: Vec<(String, Word)>,
}

#[derive(Debug, Default)]
struct Shell {
    state: State,
    /// The states of the shells around this one: `( … )` is a shell of its own.
    around: Vec<State>,
    /// The words of the command that is being read.
    words: Vec<Word>,
    /// The byte at which the last of them ends.
    ends: usize,
    commands: Vec<Command>,
}

/// Words before a command that change nothing of what it runs.
const BEFORE: &[&str] = &[
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "exec", "command",
    "nohup", "builtin",
];

impl Shell {
    fn open(&mut self) {
        self.end();
        self.around.push(self.state.clone());
    }

    fn close(&mut self) {
        self.end();
        if let Some(state) = self.around.pop() {
            self.state = state;
        }
    }

    /// `2>`: a number right before the operator is no argument.
    fn redirect(&mut self, operator: usize) {
        let number = |word: &Word| !word.text.is_empty() && word.text.len() < 3 && digits(word);
        if self.ends == operator && self.words.last().is_some_and(number) {
            self.words.pop();
        }
    }

    /// The command is complete.
    fn end(&mut self) {
        let mut words = std::mem::take(&mut self.words);
        let keywords = words
            .iter()
            .take_while(|word| BEFORE.contains(&word.written.as_str()))
            .count();
        words.drain(..keywords);
        for word in &mut words {
            let state = &self.state;
            word.substitute(&|name| {
                let all = state.given.iter().chain(&state.own).chain(&state.exported);
                let mut named = all.filter(|(key, _)| key == name).map(|(_, word)| word);
                named.next_back().cloned()
            });
        }
        let set = words.iter().map_while(Word::assignment);
        let mut variables: Vec<(String, Word)> = set.collect();
        let mut argv = words.split_off(variables.len());
        match argv.first().map(|word| word.text.as_str()) {
            None => self.state.own.append(&mut variables),
            Some("export") => {
                let set = argv[1..].iter().filter_map(Word::assignment);
                self.state.exported.extend(set);
                // `PORT=1; export PORT`
                let own = std::mem::take(&mut self.state.own);
                let named = |(name, _): &(String, Word)| argv.iter().any(|w| w.text == *name);
                let (exported, own) = own.into_iter().partition(named);
                self.state.own = own;
                self.state.exported.extend::<Vec<_>>(exported);
            }
            // `set PORT=4000 &&` is how cmd.exe sets a variable.
            Some("set") => {
                let set = argv[1..].iter().filter_map(Word::assignment);
                self.state.exported.extend(set);
            }
            Some("unset") => {
                let gone = |name: &String| argv[1..].iter().any(|word| word.text == *name);
                self.state.exported.retain(|(name, _)| !gone(name));
                self.state.own.retain(|(name, _)| !gone(name));
            }
            Some("cd" | "pushd") => self.enter(&argv[1..]),
            Some(_) if self.state.lost => {}
            Some(_) => {
                // A variable that was exported before it was set again has the new value.
                let again = self.state.own.iter().filter(|(name, _)| {
                    let mut exported = self.state.exported.iter();
                    exported.any(|(key, _)| key == name)
                });
                let all = self.state.exported.iter().chain(again).cloned();
                self.commands.push(Command {
                    argv: std::mem::take(&mut argv),
                    variables: all.chain(variables).collect(),
                    folder: self.state.folder.clone(),
                    env_files: Vec::new(),
                });
            }
        }
    }

    fn enter(&mut self, arguments: &[Word]) {
        let mut folders = arguments.iter().filter(|word| word.text != "--");
        match (folders.next(), folders.next()) {
            (Some(to), None)
                if to.unknown().is_none() && !to.text.starts_with(['/', '~', '-', '$']) =>
            {
                let before = self.state.folder.take();
                self.state.folder = Some(match before {
                    Some(before) => format!("{before}/{}", to.text),
                    None => to.text.clone(),
                });
            }
            _ => self.state.lost = true,
        }
    }
}

fn digits(word: &Word) -> bool {
    word.written.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
