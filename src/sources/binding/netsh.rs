//! What `netsh` of Windows says: text in, facts out.

use crate::facts::PortRange;

/// The ranges of `netsh int ipv4 show excludedportrange protocol=tcp`.
///
/// The headings are translated on other Windows than the English one; a row is two
/// numbers, with an asterisk behind what an administrator reserved.
pub(super) fn excluded(answer: &str) -> Vec<PortRange> {
    let range = |line: &str| {
        let mut words = line.split_whitespace();
        let first = words.next()?.parse().ok()?;
        let last = words.next()?.parse().ok()?;
        let mark = words.next();
        let whole = mark.is_none() || mark == Some("*") && words.next().is_none();
        (whole && first <= last).then_some(PortRange {
            first,
            last,
            by_hand: mark.is_some(),
        })
    };
    answer.lines().filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the documented format; not a recording.
    const ANSWER: &str = "\r\nProtocol tcp Port Exclusion Ranges\r\n\r\n\
        Start Port    End Port      \r\n----------    --------      \r\n\
        \x20     2950        3049      \r\n      5357        5357      \r\n\
        \x20    50000       50059     *\r\n\r\n\
        * - Administered port exclusions.\r\n\r\n";

    #[test]
    fn ranges_are_read_in_any_language() {
        let seen = excluded(ANSWER);
        let told: Vec<_> = seen.iter().map(|r| (r.first, r.last, r.by_hand)).collect();
        let wanted = [
            (2950, 3049, false),
            (5357, 5357, false),
            (50000, 50059, true),
        ];
        assert_eq!(told, wanted);
        assert!(seen[0].contains(3000) && !seen[0].contains(3050));
        for other in ["", "1", "2 1", "1 70000", "1 2 x", "1 2 * x", "-1 2"] {
            assert_eq!(excluded(other), [], "{other}");
        }
    }
}
