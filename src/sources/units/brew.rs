//! What `brew services list --json` says: text in, facts out.

use serde::Deserialize;

use crate::facts::{Manager, Unit, UnitState, clean};

#[derive(Deserialize)]
struct Row {
    name: String,
    status: String,
    #[serde(default)]
    exit_code: Option<i32>,
}

/// The services of an answer that are among those wanted: `postgresql` also stands for
/// `postgresql@16`.
pub(super) fn services(answer: &str, wanted: &[String]) -> Option<Vec<Unit>> {
    let rows: Vec<Row> = serde_json::from_str(answer).ok()?;
    let is_wanted = |name: &str| {
        let plain = name.split('@').next().unwrap_or(name);
        wanted.iter().any(|one| one == name || one == plain)
    };
    let unit = |row: Row| Unit {
        name: clean(&row.name),
        manager: Manager::Brew,
        state: match row.status.as_str() {
            "started" => UnitState::Active,
            "scheduled" => UnitState::Starting,
            "error" => UnitState::Failed,
            _ => UnitState::Inactive,
        },
        result: None,
        exit_status: row.exit_code.filter(|code| *code != 0),
        enabled: None,
        masked: false,
        starts: None,
        named_in: None,
    };
    let mut rows = rows;
    rows.retain(|row| is_wanted(&row.name));
    Some(rows.into_iter().map(unit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the documented format; not a recording.
    const ANSWER: &str = r#"[
        {"name":"postgresql@16","status":"error","user":"me","exit_code":1,
         "file":"/Users/me/Library/LaunchAgents/homebrew.mxcl.postgresql@16.plist"},
        {"name":"redis","status":"none","user":null,"file":"/opt/x.plist","exit_code":null},
        {"name":"nginx","status":"started","user":"me","file":"/opt/y.plist","exit_code":0}]"#;

    #[test]
    fn the_services_that_are_wanted_are_read() {
        let wanted = ["postgresql", "redis"].map(str::to_owned);
        let found = services(ANSWER, &wanted).unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|unit| (unit.name.as_str(), unit.state, unit.exit_status))
            .collect();
        let failed = ("postgresql@16", UnitState::Failed, Some(1));
        assert_eq!(told, [failed, ("redis", UnitState::Inactive, None)]);
        assert_eq!(services("no JSON", &wanted), None);
        assert_eq!(services("[]", &wanted), Some(Vec::new()));
    }
}
