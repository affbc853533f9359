//! A line of another tool's language as a line of the shell's, each byte with the place
//! that it had.

/// A text, and for each of its bytes the byte that it was.
#[derive(Debug, Default)]
pub struct Rewritten {
    pub text: String,
    from: Vec<usize>,
    /// What stands for another text now, and that text.
    fragments: Vec<(String, String)>,
}

impl Rewritten {
    /// The byte that this byte was.
    pub fn origin(&self, byte: usize) -> usize {
        let last = self.from.last().map_or(0, |last| last + 1);
        self.from.get(byte).copied().unwrap_or(last)
    }

    /// A fragment of the new text as it was written.
    pub fn written(&self, fragment: &str) -> String {
        let fragments = self.fragments.iter();
        fragments.fold(fragment.to_owned(), |text, (now, was)| {
            text.replace(now, was)
        })
    }

    fn push(&mut self, text: &str, at: usize) {
        for (nth, _) in text.bytes().enumerate() {
            self.from.push(at + nth);
        }
        self.text.push_str(text);
    }

    /// A recipe of make: `$(PORT)` and `$PORT` are make's own, `$$` is the shell's `$`.
    pub fn of_make(line: &str) -> Self {
        let mut out = Rewritten::default();
        let mut rest = line;
        while !rest.is_empty() {
            let at = line.len() - rest.len();
            let closing = |open: &str, close: char| {
                let inner = rest.strip_prefix(open)?;
                let end = inner.find(close)?;
                let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
                inner[..end].chars().all(named).then_some(&inner[..end])
            };
            if rest.starts_with("$$") {
                out.push("$", at);
                rest = &rest[2..];
            } else if let Some(name) = closing("$(", ')') {
                out.push("${", at);
                out.push(name, at + 2);
                out.push("}", at + 2 + name.len());
                let was = rest[..name.len() + 3].to_owned();
                out.fragments.push((format!("${{{name}}}"), was));
                rest = &rest[name.len() + 3..];
            } else {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                out.push(&rest[..next], at);
                rest = &rest[next..];
            }
        }
        out
    }

    /// Variables between double brackets: `{{port}}` of just, `{{.PORT}}` of task.
    /// Anything else between them is what no shell knows.
    pub fn of_brackets(line: &str) -> Self {
        let mut out = Rewritten::default();
        let mut rest = line;
        while let Some(start) = rest.find("{{") {
            let at = line.len() - rest.len();
            out.push(&rest[..start], at);
            let inner = &rest[start + 2..];
            let Some(end) = inner.find("}}") else {
                rest = &rest[start..];
                break;
            };
            let name = inner[..end].trim().trim_start_matches('.');
            let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !name.is_empty() && name.chars().all(named) {
                out.push("${", at + start);
                out.push(name, at + start);
                out.push("}", at + start + 3 + end);
                let was = rest[start..start + end + 4].to_owned();
                out.fragments.push((format!("${{{name}}}"), was));
            } else {
                out.push("$(:)", at + start);
            }
            rest = &inner[end + 2..];
        }
        let at = line.len() - rest.len();
        out.push(rest, at);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_their_places() {
        let line = Rewritten::of_make("cd $(DIR) && x -p $$PORT 1");
        assert_eq!(line.text, "cd ${DIR} && x -p $PORT 1");
        assert_eq!(line.origin(line.text.find('1').unwrap()), 25);
        let line = Rewritten::of_brackets("x -p {{port}} -q {{ .Q }} 1 {{a + b}}");
        assert_eq!(line.text, "x -p ${port} -q ${Q} 1 $(:)");
        assert_eq!(line.origin(line.text.find('1').unwrap()), 26);
        assert_eq!(line.written("0:${Q}"), "0:{{ .Q }}");
    }

    #[test]
    fn no_text_is_too_broken() {
        for text in [
            "",
            "$",
            "$$",
            "$(",
            "$(ä)",
            "{{",
            "{{}}",
            "{{{{",
            "}}{{ä}}ä",
            "$()",
        ] {
            Rewritten::of_make(text);
            Rewritten::of_brackets(text);
        }
    }
}
