use super::*;

fn place(byte: usize) -> Origin {
    Origin {
        file: "package.json".to_owned(),
        line: 1,
        column: u32::try_from(byte).unwrap() + 1,
    }
}

fn all(line: &str) -> Vec<Command> {
    commands(line, &place)
}

/// Each command as `[folder] A=1 : word word`.
fn shown(line: &str) -> Vec<String> {
    let show = |command: &Command| {
        let folder = command.folder.iter().map(|folder| format!("[{folder}]"));
        let set = command.variables.iter();
        let set = set.map(|(name, value)| format!("{name}={}", value.text));
        let argv = command.argv.iter().map(|word| word.text.clone());
        let words: Vec<String> = folder.chain(set).chain(argv).collect();
        words.join(" ")
    };
    all(line).iter().map(show).collect()
}

#[test]
fn a_line_is_cut_as_the_shell_cuts_it() {
    for (line, expected) in [
        ("next dev", &["next dev"][..]),
        (
            "PORT=4000 next dev -p 4001",
            &["PORT=4000 next dev -p 4001"],
        ),
        (
            "tsc -b && vite || echo no; ls | wc & x",
            &["tsc -b", "vite", "echo no", "ls", "wc", "x"],
        ),
        (
            "export PORT=1 HOST=a && next dev",
            &["PORT=1 HOST=a next dev"],
        ),
        ("PORT=1; export PORT; next dev", &["PORT=1 next dev"]),
        ("PORT=1; next dev", &["next dev"]),
        ("set PORT=4000 && next dev", &["PORT=4000 next dev"]),
        ("cd apps/web && vite", &["[apps/web] vite"]),
        ("cd a && cd ../b; vite", &["[a/../b] vite"]),
        (
            "(cd a && vite) & (cd b && next dev)",
            &["[a] vite", "[b] next dev"],
        ),
        ("cd $DIR && vite", &[]),
        ("cd /srv && vite", &[]),
        ("vite > log 2>&1 --host", &["vite --host"]),
        ("serve -l 3 > log", &["serve -l 3"]),
        ("if true; then exec vite; fi", &["true", "vite", "fi"]),
        ("vite # --port 1", &["vite"]),
        ("echo 'a b' \"c d\" e\\ f ''", &["echo a b c d e f "]),
        ("echo \"unclosed", &[]),
        ("", &[]),
    ] {
        assert_eq!(shown(line), expected, "{line}");
    }
}

#[test]
fn every_word_keeps_its_place() {
    let line = "ä=1 vite --port \"4001\" '--host' x";
    let commands = commands(line, &place);
    let written = |word: &Word| (word.origin.column as usize - 1, word.written.clone());
    let words: Vec<_> = commands[0].argv.iter().map(written).collect();
    // `ä=1` is no assignment: names are ASCII.
    let expected = ["ä=1", "vite", "--port", "4001", "--host", "x"];
    for ((start, written), expected) in words.iter().zip(expected) {
        assert_eq!(written, expected);
        assert!(
            line[*start..].starts_with(expected),
            "{expected} at {start}"
        );
    }
}

#[test]
fn the_value_of_an_assignment_has_a_place_of_its_own() {
    let commands = all("PORT=4000 next dev");
    let value = commands[0].variable("PORT").unwrap();
    assert_eq!((value.origin.column, value.written.as_str()), (6, "4000"));
}

fn value(line: &str, environment: &[(&str, &str)]) -> Result<String, String> {
    let mut word = all(line).pop().unwrap().argv.pop().unwrap();
    word.resolve(&|name| {
        let known = environment.iter().find(|(key, _)| *key == name);
        known.map(|(_, value)| (*value).to_owned())
    });
    word.unknown().map_or(Ok(word.text), Err)
}

#[test]
fn variables_are_expanded_where_they_are_known() {
    let known = [("PORT", "4000"), ("EMPTY", "")];
    for (line, expected) in [
        ("x $PORT", "4000"),
        ("x ${PORT}1", "40001"),
        ("x :$PORT", ":4000"),
        ("x ${NONE:-3000}", "3000"),
        ("x ${NONE-3000}", "3000"),
        ("x ${EMPTY:-3000}", "3000"),
        ("x ${EMPTY-3000}", ""),
        ("x ${NONE:-${PORT}}", "4000"),
        ("x \"${NONE:=1}:$PORT\"", "1:4000"),
        ("x '$PORT'", "$PORT"),
        ("x \\$PORT", "$PORT"),
        ("x ${PORT:?must be set}", "4000"),
        ("x 100$", "100$"),
        ("PORT=1; x $PORT", "1"),
        ("PORT=$PORT; x $PORT", "4000"),
        ("PORT=1 x $PORT", "4000"),
    ] {
        assert_eq!(value(line, &known).as_deref(), Ok(expected), "{line}");
    }
}

#[test]
fn what_only_the_shell_knows_is_unknown() {
    for (line, why) in [
        ("x $PORT", "PORT is not set here"),
        ("x $(free-port)", "it is the output of a command"),
        ("x `free-port`", "it is the output of a command"),
        ("x $((3000 + 1))", "it is computed by the shell"),
        ("x ${PORT#x}", "it is computed by the shell"),
        ("x ${A:+1}", "it is computed by the shell"),
        ("x $1", "it is an argument of the script"),
        ("PORT=$(y); x $PORT", "it is the output of a command"),
    ] {
        assert_eq!(value(line, &[]), Err(why.to_owned()), "{line}");
    }
}

#[test]
fn no_line_is_too_strange() {
    for line in [
        "${", "$(", "${A:-${B", "\"", "'", "\\", "`", "a\\", "<<EOF", "((((", "))))", "&&&&",
        "${}", "$", "=", "A=", "=1", "$'\\x", "\u{0}", "ä$ö", "${ä}",
    ] {
        all(line);
    }
    let deep = "${A:-".repeat(5_000);
    all(&deep);
    all(&format!("{}{}", "$(".repeat(100), ")".repeat(100)));
    all(&format!("{}{}", "${A:-".repeat(100), "}".repeat(100)));
    all(&"x ".repeat(100_000));
}
