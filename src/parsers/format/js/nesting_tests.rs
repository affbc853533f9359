use super::*;

#[test]
fn what_people_write_is_bearable() {
    let statement = "const a = b ? c : d\nif (x) {\n  y()\n}\n";
    let entry = "  key: { a: [1, 2], b: (x) => x / 2, c: `a${b}` },\n";
    for text in [
        statement.repeat(500),
        format!("export default {{\n{}}}", entry.repeat(500)),
        "call('a', /[/\"`(]/, (1 + 2) / 3);\n".repeat(50),
        "// (((((((\n/* [[[[[[ */ '((((((' \"{{{{{\"\n".repeat(100),
        "#!/usr/bin/env node\nexport default {}".to_owned(),
    ] {
        assert!(is_bearable(&text), "{}", text.lines().next().unwrap());
    }
}

#[test]
fn what_would_run_out_of_stack_is_not() {
    for part in [
        "(",
        "[",
        "{",
        "`${",
        "!",
        "- ",
        "a=>",
        "a?b:",
        "a=",
        "a**",
        "<a>",
        "A<B,",
        "a?b\n:",
        "if(a)\n",
        "if(a){}else ",
        "typeof ",
        "typeof\n",
        "new\n",
        "x:\n",
        "do\n",
        "a.",
        "(a)/`(",
        "while(a);\nif(a)/'/*/.b([",
        "{a:",
        "function(){return ",
    ] {
        let text = part.repeat(1000);
        assert!(!is_bearable(&text), "{part}");
    }
    assert!(!is_bearable("<!-- ` -->"));
    // A text hides nothing that stands after it.
    let hidden = format!("x = 'it\\'s'; y = \"\\\\\"; {}", "[".repeat(1000));
    assert!(!is_bearable(&hidden));
    let hidden = format!("if (a) /'/.test(b)\n{}", "[".repeat(1000));
    assert!(!is_bearable(&hidden));
}
