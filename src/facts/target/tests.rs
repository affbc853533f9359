use super::*;

fn ok(input: &str) -> (String, u16, Option<Scheme>) {
    let target: Target = input.parse().unwrap();
    (target.host, target.port, target.scheme)
}

fn wrong(input: &str) -> (usize, String) {
    let error = input.parse::<Target>().unwrap_err();
    let example: Vec<_> = error.example.split(' ').collect();
    assert!(
        example[0].trim_matches('\'').parse::<Target>().is_ok(),
        "the example {:?} for {input:?} is no target",
        error.example
    );
    (error.at, error.problem)
}

#[test]
fn every_form_of_a_target_is_read() {
    let localhost = |port| ("localhost".to_owned(), port, None);
    assert_eq!(ok("3000"), localhost(3000));
    assert_eq!(ok(":3000"), localhost(3000));
    assert_eq!(ok("localhost:3000"), localhost(3000));
    assert_eq!(ok("localhost:3000/health?x=1"), localhost(3000));
    assert_eq!(ok("127.0.0.1:3000"), ("127.0.0.1".into(), 3000, None));
    assert_eq!(ok("[::1]:3000"), ("::1".into(), 3000, None));
    assert_eq!(ok("db_1:5432"), ("db_1".into(), 5432, None));
    assert_eq!(
        ok("https://app.test/path"),
        ("app.test".into(), 443, Some(Scheme::Https))
    );
    assert_eq!(
        ok("ws://[::1]:24678"),
        ("::1".into(), 24678, Some(Scheme::Ws))
    );
    assert_eq!(
        ok("postgresql://me:secret@db/app"),
        ("db".into(), 5432, Some(Scheme::Postgres))
    );
    assert_eq!(ok("redis://h:1").2, Some(Scheme::Redis));
    assert_eq!(ok("mysql://h").1, 3306);
    assert_eq!(ok("mongodb://h").1, 27017);
    assert_eq!(ok("amqp://h").1, 5672);
}

#[test]
fn a_password_is_not_kept() {
    let target: Target = "postgres://me:s%40cret@db:5433/app".parse().unwrap();
    assert_eq!(target.input, "postgres://db:5433/app");
}

#[test]
fn a_bad_target_says_where() {
    assert_eq!(wrong("").0, 0);
    assert_eq!(wrong("300O").0, 3);
    assert_eq!(wrong("localhost:300O").0, 13);
    assert_eq!(wrong("localhost").0, 9);
    assert_eq!(wrong("localhost:").0, 10);
    assert_eq!(wrong("localhost:70000").0, 10);
    assert_eq!(wrong("0").0, 0);
    assert_eq!(wrong("http:/localhost:3000").0, 5);
    assert_eq!(wrong("http://").0, 7);
    assert_eq!(wrong("gopher://x:70").0, 0);
    assert_eq!(wrong("::1").0, 0);
    assert_eq!(wrong("[::1:3000").0, 0);
    assert_eq!(wrong("[::g]:3000").0, 1);
    assert_eq!(wrong("[::1]3000").0, 5);
    assert_eq!(wrong("a:b:3000").0, 3);
    assert_eq!(wrong("ä:b:3000").0, 3);
    assert_eq!(wrong("http://ä:ö@lo$al").0, 13);
    assert_eq!(wrong("local host:3000").0, 5);
    assert_eq!(wrong("lo$al:3000").0, 2);
    assert_eq!(wrong("http://lo$al").0, 9);
    assert_eq!(wrong("[::1]").0, 5);
}

#[test]
fn what_was_meant_is_proposed() {
    let proposed = |input: &str| input.parse::<Target>().unwrap_err().example;
    assert_eq!(proposed("::1"), "'[::1]:3000'");
    assert_eq!(proposed("::1:8080"), "'[::1]:8080'");
    assert_eq!(proposed("[::1]"), "'[::1]:3000'");
    assert_eq!(proposed("localhost:3OOO"), "localhost:3000");
    assert_eq!(proposed("300O"), "3000");
    for slip in [
        "http//localhost:3000/a",
        "http:localhost:3000/a",
        "http;//localhost:3000/a",
        "http:\\\\localhost:3000/a",
        "http:/localhost:3000/a",
        "http:///localhost:3000/a",
        "http:::localhost:3000/a",
        "http://http://localhost:3000/a",
    ] {
        assert_eq!(proposed(slip), "http://localhost:3000/a", "{slip}");
    }
    assert_eq!(proposed("localhost;3000"), "localhost:3000");
    assert_eq!(proposed("127,0,0,1:3000"), "127.0.0.1:3000");
    assert_eq!(proposed("127.0.0.1.3000"), "127.0.0.1:3000");
    assert_eq!(proposed("127.0.0.1.1:3000"), "127.0.0.1:3000");
    assert_eq!(proposed("127..0.0.1:3000"), "127.0.0.1:3000");
    assert_eq!(
        proposed("http://192.168.1.256:3000"),
        "http://127.0.0.1:3000"
    );
}

#[test]
fn what_only_looks_like_a_slip_is_taken_as_it_is() {
    assert_eq!(ok("redis:6379"), ("redis".into(), 6379, None));
    // Every program takes these for 127.0.0.1.
    assert_eq!(ok("127.0.01:3000"), ("127.0.01".into(), 3000, None));
    assert_eq!(ok("127.1:3000"), ("127.1".into(), 3000, None));
    assert_eq!(ok("1.test:80"), ("1.test".into(), 80, None));
}

#[test]
fn the_mark_stands_below_the_mistake() {
    let error = "日本:x".parse::<Target>().unwrap_err().to_string();
    assert!(error.contains("\n  日本:x\n       ^\n"), "{error}");
}

#[test]
fn a_url_can_be_made_for_another_port() {
    let target: Target = "https://[::1]:3000/a".parse().unwrap();
    assert_eq!(target.url(Some(3001)), "https://[::1]:3001/a");
    let target: Target = "3000".parse().unwrap();
    assert_eq!(target.url(None), "http://localhost:3000");
}
