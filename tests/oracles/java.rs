//! What Java makes of `http.nonProxyHosts`, by its own `ProxySelector`.

use std::path::Path;
use std::process::Command;

use crate::machine::{pass_over, which};

/// What the rules are tested with, line by line: host, list, and what comes of it.
const TABLE: &str = include_str!("java/excepts.tsv");

/// Hosts that Java excepts by itself, unless the list is set to nothing.
const ALWAYS: &[&str] = &["localhost", "127.0.0.2", "[::1]", "0.0.0.0", "[::0]"];

#[test]
fn java_excepts_what_the_table_says() {
    let Some(java) = which("java") else {
        return pass_over("java", "`java` is not installed");
    };
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/java/Proxied.java");
    let mut table = TABLE.to_owned();
    for host in ALWAYS {
        table.push_str(&format!("{host}\tcorp.test\tdirect\n{host}\t\tproxy\n"));
    }
    let asked = std::env::temp_dir().join(format!("devdoctor-java-{}.tsv", std::process::id()));
    std::fs::write(&asked, &table).unwrap();
    let output = Command::new(java)
        .arg(&program)
        .arg(&asked)
        .output()
        .unwrap();
    std::fs::remove_file(&asked).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    // A runtime without its compiler runs no source.
    if complaint.contains("jdk.compiler") {
        return pass_over("java", "this Java has no compiler");
    }
    assert!(output.status.success(), "{complaint}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), table);
}
