//! Whether a text can be parsed without running out of stack: the parser calls itself
//! for everything that stands within something else, and knows no end.
//!
//! The text is walked once, in the words of the language but without its grammar, and
//! what may lie within each other is counted. Where the walk cannot tell what a character
//! means it counts too much rather than too little.

/// How much may lie within each other; a bracket counts as [`BRACKET`].
const MOST: u32 = 400;

/// How much a bracket counts: the parser needs that much more for it.
const BRACKET: u32 = 4;

/// Words after which the same statement or expression goes on.
const GO_ON: &[&str] = &[
    "abstract",
    "as",
    "asserts",
    "async",
    "await",
    "case",
    "class",
    "default",
    "delete",
    "do",
    "else",
    "export",
    "extends",
    "for",
    "if",
    "import",
    "in",
    "infer",
    "instanceof",
    "is",
    "keyof",
    "let",
    "module",
    "namespace",
    "new",
    "of",
    "readonly",
    "return",
    "satisfies",
    "throw",
    "type",
    "typeof",
    "unique",
    "using",
    "void",
    "while",
    "with",
    "yield",
];

/// Words that begin a statement within a statement.
const STATEMENTS: &[&str] = &["do", "else", "for", "if", "while", "with", "class", "try"];

/// What is open at one place.
#[derive(Debug, Default, Clone, Copy)]
struct Level {
    /// What only the end of the statement closes.
    firm: u32,
    /// What a comma or a new line closes, too.
    loose: u32,
    /// Whether it is `${` in a template.
    template: bool,
}

struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
    levels: Vec<Level>,
    /// What lies below the last level.
    below: u32,
    last: Last,
    /// Up to where the meaning of a `/` makes brackets that close uncertain.
    unsure_to: usize,
    bearable: bool,
}

/// What stood before, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A name, a number, a text, `]`.
    Operand,
    /// `)` or `}`: an operand, or the end of a head or a block.
    Closed,
    /// Anything after which an expression begins.
    Operator,
}

/// Whether the text may be handed to the parser.
pub(super) fn is_bearable(text: &str) -> bool {
    // Comments of another language, which the parser still knows.
    let foreign = text.contains("<!--")
        || text
            .lines()
            .any(|line| line.trim_start().starts_with("-->"));
    let start = if text.starts_with("#!") {
        text.find('\n').unwrap_or(text.len())
    } else {
        0
    };
    let mut walk = Walk {
        bytes: text.as_bytes(),
        at: start,
        levels: vec![Level::default()],
        below: 0,
        last: Last::Operator,
        unsure_to: 0,
        bearable: !foreign,
    };
    while walk.bearable && walk.at < walk.bytes.len() {
        walk.step();
    }
    walk.bearable
}

impl Walk<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn step(&mut self) {
        let byte = self.byte(0);
        match byte {
            b'\n' => self.new_line(),
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'"' | b'\'' => self.text(byte),
            b'`' => {
                self.at += 1;
                self.template();
            }
            b'/' => self.slash(),
            b'(' | b'[' | b'{' => self.open(false),
            b')' | b']' | b'}' => self.close(byte),
            b';' => {
                if let Some(level) = self.levels.last_mut() {
                    (level.firm, level.loose) = (0, 0);
                }
                self.operator();
            }
            b',' => {
                if let Some(level) = self.levels.last_mut() {
                    level.loose = 0;
                }
                self.operator();
            }
            b'<' => {
                self.count(1, 0);
                self.operator();
            }
            b'=' | b'!' | b'~' | b'+' | b'-' | b'*' | b'?' | b':' | b'.' | b'@' | b'#' => {
                self.count(0, 1);
                self.operator();
                // `===` is one.
                while byte == b'=' && self.byte(0) == b'=' {
                    self.at += 1;
                }
            }
            byte if is_word(byte) => self.word(),
            _ => self.operator(),
        }
    }

    fn operator(&mut self) {
        self.at += 1;
        self.last = Last::Operator;
    }

    fn count(&mut self, firm: u32, loose: u32) {
        if let Some(level) = self.levels.last_mut() {
            level.firm += firm;
            level.loose += loose;
            self.bearable &= self.below + level.firm + level.loose <= MOST;
        }
    }

    fn open(&mut self, template: bool) {
        if let Some(level) = self.levels.last() {
            self.below += BRACKET + level.firm + level.loose;
        }
        self.bearable &= self.below <= MOST;
        self.levels.push(Level {
            template,
            ..Level::default()
        });
        self.operator();
    }

    fn close(&mut self, byte: u8) {
        self.at += 1;
        if self.at <= self.unsure_to {
            self.last = Last::Closed;
            return;
        }
        let closed = if self.levels.len() > 1 {
            self.levels.pop()
        } else {
            None
        };
        if let (Some(_), Some(level)) = (closed, self.levels.last()) {
            self.below = self
                .below
                .saturating_sub(BRACKET + level.firm + level.loose);
        }
        if byte == b'}' && closed.is_some_and(|level| level.template) {
            self.template();
            return;
        }
        self.last = if byte == b']' {
            Last::Operand
        } else {
            Last::Closed
        };
    }

    /// Whether the statement ends here is told by what stands before and after.
    fn new_line(&mut self) {
        self.at += 1;
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        let begins = next.is_none_or(|&next| is_word(next) || matches!(next, b'"' | b'\'' | b'}'));
        let after_block = self.last == Last::Closed && self.before() == b'}';
        let goes_on = rest.trim_ascii_start().starts_with(b"else");
        if begins
            && self.last != Last::Operator
            && let Some(level) = self.levels.last_mut()
        {
            level.loose = 0;
            if after_block && !goes_on {
                level.firm = 0;
            }
        }
    }

    /// The last character before this one that is no space.
    fn before(&self) -> u8 {
        let before = self.bytes.get(..self.at).unwrap_or(&[]);
        before.trim_ascii_end().last().copied().unwrap_or(0)
    }

    fn word(&mut self) {
        let start = self.at;
        while is_word(self.byte(0)) {
            self.at += 1;
        }
        let word = self.bytes.get(start..self.at).unwrap_or(&[]);
        let is = |known: &&str| known.as_bytes() == word;
        if STATEMENTS.iter().any(&is) {
            self.count(2, 0);
        }
        if GO_ON.iter().any(is) {
            self.count(0, 1);
            self.last = Last::Operator;
        } else if word.is_ascii() {
            self.last = Last::Operand;
        } else {
            // It may be no word but a space.
            self.last = Last::Closed;
        }
    }

    fn text(&mut self, quote: u8) {
        self.at += 1;
        loop {
            match self.byte(0) {
                0 if self.at >= self.bytes.len() => break,
                b'\n' => break,
                b'\\' => self.at += 2,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        break;
                    }
                }
            }
        }
        self.last = Last::Operand;
    }

    /// The text of a template up to its end or the next `${`.
    fn template(&mut self) {
        while self.at < self.bytes.len() {
            match self.byte(0) {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    break;
                }
                b'$' if self.byte(1) == b'{' => {
                    self.at += 1;
                    self.open(true);
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.last = Last::Operand;
    }

    /// A comment, a regular expression or a division.
    fn slash(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let line = rest.iter().position(|&byte| byte == b'\n');
        let line = line.unwrap_or(rest.len());
        match (self.byte(1), self.last) {
            (b'/', _) => self.at += line,
            (b'*', _) => {
                let end = rest.windows(2).skip(2).position(|two| two == b"*/");
                self.at += end.map_or(rest.len(), |end| end + 4);
            }
            (_, Last::Operator) => self.expression(),
            (_, Last::Operand) => self.operator(),
            (_, Last::Closed) => {
                let rest = rest.get(..line).unwrap_or(&[]);
                let hides = rest.contains(&b'`') || rest.windows(2).any(|two| two == b"/*");
                // Texts within what may be code are counted as code.
                self.bearable &= !hides;
                for byte in rest.iter().skip(1) {
                    match byte {
                        b'(' | b'[' | b'{' => self.count(BRACKET, 0),
                        b'"' | b'\'' => {}
                        byte if is_word(*byte) => {}
                        byte if byte.is_ascii_whitespace() => {}
                        _ => self.count(0, 1),
                    }
                }
                self.unsure_to = self.at + line;
                self.operator();
            }
        }
    }

    /// A regular expression.
    fn expression(&mut self) {
        self.at += 1;
        let mut in_class = false;
        while self.at < self.bytes.len() {
            match self.byte(0) {
                b'\n' => break,
                b'\\' => self.at += 2,
                byte => {
                    self.at += 1;
                    match byte {
                        b'[' => in_class = true,
                        b']' => in_class = false,
                        b'/' if !in_class => break,
                        _ => {}
                    }
                }
            }
        }
        self.last = Last::Operand;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

#[cfg(test)]
#[path = "nesting_tests.rs"]
mod tests;
