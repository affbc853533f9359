//! What `sc query` of Windows says: text in, facts out.

use crate::facts::{Manager, Unit, UnitState, clean};

/// The services of an answer whose names begin as one of those wanted does:
/// `postgresql-x64` stands for `postgresql-x64-16`.
///
/// The words before a colon are translated on other Windows than the English one; the
/// numbers behind `STATE` are not, and the first line of a block is the name.
pub(super) fn services(answer: &str, wanted: &[String]) -> Vec<Unit> {
    let answer = answer.replace("\r\n", "\n");
    let blocks = answer.split("\n\n");
    let is_wanted = |name: &str| {
        let name = name.to_ascii_lowercase();
        let begins = |one: &String| name.starts_with(&one.to_ascii_lowercase());
        wanted.iter().any(begins)
    };
    blocks
        .filter_map(unit)
        .filter(|unit| is_wanted(&unit.name))
        .collect()
}

fn unit(block: &str) -> Option<Unit> {
    let values: Vec<&str> = block
        .lines()
        .filter_map(|line| Some(line.split_once(':')?.1.trim()))
        .collect();
    let name = values.first()?;
    // `4  RUNNING`: the numbers of the documentation, from 1 to 7.
    let state = values.iter().skip(1).find_map(|value| {
        let (number, word) = value.split_once(char::is_whitespace)?;
        let word = word.trim();
        let whole = word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        match number.parse().ok()? {
            state @ 1..=7_u32 if whole && !word.starts_with("WIN32") => Some(state),
            _ => None,
        }
    })?;
    let code = |value: &&str| {
        let (number, rest) = value.split_once(char::is_whitespace)?;
        rest.trim()
            .starts_with("(0x")
            .then(|| number.parse().ok())?
    };
    let exit: Option<i32> = values.iter().find_map(code);
    // 1077: it was not started since the machine was.
    let exit_status = exit.filter(|code| !matches!(code, 0 | 1077));
    Some(Unit {
        name: clean(name),
        manager: Manager::Windows,
        state: match state {
            4 => UnitState::Active,
            2 | 5 => UnitState::Starting,
            _ if exit_status.is_some() => UnitState::Failed,
            _ => UnitState::Inactive,
        },
        result: None,
        exit_status,
        enabled: None,
        masked: false,
        starts: None,
        named_in: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the documented format; not a recording.
    const ANSWER: &str = "\r\nSERVICE_NAME: MySQL80\r\nDISPLAY_NAME: MySQL80\r\n\
        \x20       TYPE               : 10  WIN32_OWN_PROCESS\r\n\
        \x20       STATE              : 1  STOPPED\r\n\
        \x20       WIN32_EXIT_CODE    : 1077  (0x435)\r\n\
        \x20       SERVICE_EXIT_CODE  : 0  (0x0)\r\n\r\n\
        SERVICE_NAME: postgresql-x64-16\r\nDISPLAY_NAME: postgresql-x64-16\r\n\
        \x20       TYPE               : 10  WIN32_OWN_PROCESS\r\n\
        \x20       STATE              : 1  STOPPED\r\n\
        \x20       WIN32_EXIT_CODE    : 1066  (0x42a)\r\n\
        \x20       SERVICE_EXIT_CODE  : 1  (0x1)\r\n\r\n\
        SERVICE_NAME: W3SVC\r\nDISPLAY_NAME: World Wide Web Publishing Service\r\n\
        \x20       TYPE               : 20  WIN32_SHARE_PROCESS\r\n\
        \x20       STATE              : 4  RUNNING\r\n\
        \x20       WIN32_EXIT_CODE    : 0  (0x0)\r\n";

    #[test]
    fn the_services_that_are_wanted_are_read() {
        let wanted = ["mysql", "postgresql-x64", "w3svc"].map(str::to_owned);
        let told: Vec<_> = services(ANSWER, &wanted)
            .into_iter()
            .map(|unit| (unit.name, unit.state, unit.exit_status))
            .collect();
        let row = |name: &str, state, status| (name.to_owned(), state, status);
        assert_eq!(
            told,
            [
                row("MySQL80", UnitState::Inactive, None),
                row("postgresql-x64-16", UnitState::Failed, Some(1066)),
                row("W3SVC", UnitState::Active, None),
            ]
        );
        assert_eq!(services(ANSWER, &[]), []);
        assert_eq!(services("SERVICE_NAME: a\n\n:\n", &wanted), []);
    }
}
