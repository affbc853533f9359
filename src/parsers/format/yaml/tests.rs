use super::*;

fn read(text: &str) -> Value {
    parse("a.yaml", text).unwrap()
}

#[test]
fn values_keep_their_places() {
    let value = read("# the server\nserver:\n  näme: x\n  port: 4000 # mine\n  'host': \"::1\"\n");
    let port = value.at("server.port").unwrap();
    assert_eq!(port.port(), Some(4000));
    assert_eq!(port.origin.to_string(), "a.yaml:4:9");
    assert_eq!(port.written, "4000");
    let host = value.at("server.host").unwrap();
    assert_eq!((host.text(), &*host.written), (Some("::1"), "\"::1\""));
    assert_eq!(host.origin.to_string(), "a.yaml:5:11");
}

#[test]
fn keys_keep_their_places() {
    let documents = tagged("a.yaml", "services:\r\n  web:\r\n    ports: [80]\r\n").unwrap();
    let web = documents[0].get("services").unwrap().entry("web").unwrap();
    assert_eq!(web.at.to_string(), "a.yaml:2:3");
    let port = &web.value.get("ports").unwrap().items()[0];
    assert_eq!(
        (port.origin.to_string(), &*port.written),
        ("a.yaml:3:13".to_owned(), "80")
    );
}

#[test]
fn a_place_is_right_behind_characters_of_several_bytes() {
    let value = read("a: 'ä€😀' # ö\nb: ['ü', 3000]\n");
    let port = &value.get("b").unwrap().items()[1];
    assert_eq!(port.written, "3000");
    assert_eq!(port.origin.to_string(), "a.yaml:2:10");
}

#[test]
fn scalars_are_what_the_core_schema_says() {
    let kinds = |text: &str| resolve(text);
    assert_eq!(kinds("8080"), Kind::Number(8080.0));
    assert_eq!(kinds("0x1F90"), Kind::Number(8080.0));
    assert_eq!(kinds("true"), Kind::Flag(true));
    assert_eq!(kinds("~"), Kind::Null);
    for text in [
        "yes",
        "off",
        "22:22",
        "8080/tcp",
        "127.0.0.1",
        "inf",
        "nan",
        "-",
        "3000-3005",
    ] {
        assert_eq!(kinds(text), Kind::Text(text.to_owned()));
    }
    let quoted = read("port: '8080'\nother: !!str 8080\n");
    assert_eq!(quoted.at("port").unwrap().text(), Some("8080"));
    assert_eq!(quoted.at("other").unwrap().text(), Some("8080"));
}

#[test]
fn aliases_and_merge_keys_are_unfolded() {
    let value = read(
        "x-a: &a { port: 1, host: a }\nx-b: &b { port: 2, deep: &d { x: 5 } }\n\
         one:\n  <<: *a\n  port: 3\ntwo:\n  <<: [*b, *a]\nthree: *d\n",
    );
    let port = |path: &str| value.at(path).unwrap().port();
    assert_eq!(port("one.port"), Some(3), "its own key is stronger");
    assert_eq!(value.at("one.host").unwrap().text(), Some("a"));
    assert_eq!(
        port("two.port"),
        Some(2),
        "the first table named is stronger"
    );
    assert_eq!(port("three.x"), Some(5));
    let origin = &value.at("two.port").unwrap().origin;
    assert_eq!(origin.to_string(), "a.yaml:2:17", "where it is written");
}

#[test]
fn tags_are_kept_for_who_knows_them() {
    let text = "ports: !override\n  - 80\nenv: !reset null\n";
    let documents = tagged("a.yaml", text).unwrap();
    let tag = |key| documents[0].get(key).unwrap().tag.as_deref();
    assert_eq!(tag("ports"), Some("!override"));
    assert_eq!(tag("env"), Some("!reset"));
    let value = read("port: !ENV PORT\n");
    assert!(
        value
            .at("port")
            .unwrap()
            .unknown()
            .unwrap()
            .contains("!ENV")
    );
}

#[test]
fn every_document_is_read() {
    let all = documents("a.yml", "server.port: 1\n---\nserver.port: 2\n").unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].get("server.port").unwrap().port(), Some(2));
    assert_eq!(read("").node, Node::Null);
    assert_eq!(read("# nothing\n").node, Node::Null);
}

#[test]
fn a_mistake_has_a_place() {
    let broken = parse("a.yaml", "web:\n  ports: [80\nother: 1\n").unwrap_err();
    assert!(broken.origin.line >= 2, "{broken:?}");
    let broken = parse("a.yaml", "web: *nowhere\n").unwrap_err();
    assert_eq!(broken.origin.line, 1, "{broken:?}");
    assert!(parse("a.yaml", "a: &a [*a]\n").is_err());
}

#[test]
fn a_bomb_does_not_go_off() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let before = format!("*a{}", n - 1);
        bomb += &format!("a{n}: &a{n} [{}]\n", vec![before; 10].join(", "));
    }
    let broken = parse("a.yaml", &bomb).unwrap_err();
    assert!(broken.what.contains("unfold"), "{broken:?}");
    let mut ladder = "a0: &a0 [x]\n".to_owned();
    for n in 1..200 {
        ladder += &format!("a{n}: &a{n} [*a{}]\n", n - 1);
    }
    assert!(parse("a.yaml", &ladder).is_err(), "too deep");
    assert!(parse("a.yaml", &"[".repeat(100_000)).is_err());
    assert!(parse("a.yaml", &"- ".repeat(100_000)).is_err());
}

#[test]
fn no_text_is_too_broken() {
    let whole =
        "x: &a !t\n  - {k: 'v', ? [q]: \"w\\n\"}\n  - *a\n--- |\n  b\n...\n%TAG ! x\n---\n<<: 1\n";
    for end in 0..whole.len() {
        let _ = tagged("a.yaml", &whole[..end]);
        let _ = tagged("a.yaml", &whole[end..]);
        let _ = tagged("a.yaml", &format!("{}\t{{{}", &whole[..end], &whole[end..]));
    }
}
