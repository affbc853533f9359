//! The kernel's counters of TCP, as `/proc/net/snmp` has them. No I/O.

/// Counters since the start of the network namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Connections that were begun here. RFC 4022 calls this `tcpActiveOpens`.
    pub active: u64,
    /// Connections that came in: `tcpPassiveOpens`.
    pub passive: u64,
    /// Attempts that failed: `tcpAttemptFails`. Besides refused connections these are the
    /// ones that timed out or met an ICMP error, to wherever they went, and half-open
    /// ones from outside that were reset before they stood, as a port scanner's are.
    /// One that its client gives up by closing the socket does not count.
    pub failed: u64,
    /// Connections that stand now, each end its own: `tcpCurrEstab`.
    pub standing: u64,
}

impl Counts {
    /// The counters in this text; `None` where one of them is missing.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rows = text.lines().filter_map(|line| line.strip_prefix("Tcp:"));
        let names = rows.next()?.split_whitespace();
        let values: Vec<&str> = rows.next()?.split_whitespace().collect();
        let names: Vec<&str> = names.collect();
        let value = |name: &str| {
            let at = names.iter().position(|&other| other == name)?;
            values.get(at)?.parse().ok()
        };
        Some(Counts {
            active: value("ActiveOpens")?,
            passive: value("PassiveOpens")?,
            failed: value("AttemptFails")?,
            standing: value("CurrEstab")?,
        })
    }

    /// How many sockets with a connection were closed since: what was opened, less what
    /// still stands.
    pub(super) fn closed_since(&self, before: &Counts) -> u64 {
        let opened = self
            .active
            .saturating_sub(before.active)
            .saturating_add(self.passive.saturating_sub(before.passive));
        opened
            .saturating_add(before.standing)
            .saturating_sub(self.standing)
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    const SNMP: &str = "\
Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs
Tcp: 1 200 120000 -1 120 80 7 3 40 9000
Udp: InDatagrams NoPorts
Udp: 5 6
";

    fn counts(active: u64, passive: u64, failed: u64, standing: u64) -> Counts {
        Counts {
            active,
            passive,
            failed,
            standing,
        }
    }

    #[test]
    fn the_counters_are_found_by_their_names() {
        assert_eq!(Counts::read(SNMP), Some(counts(120, 80, 7, 40)));
        let less = SNMP.replace("AttemptFails", "Other");
        assert_eq!(Counts::read(&less), None);
        assert_eq!(Counts::read("Tcp: ActiveOpens\n"), None);
        assert_eq!(Counts::read(&SNMP.replace(" 7 ", " x ")), None);
        assert_eq!(Counts::read(""), None);
    }

    #[test]
    fn what_was_opened_and_does_not_stand_was_closed() {
        let before = counts(100, 100, 0, 10);
        assert_eq!(counts(150, 150, 0, 10).closed_since(&before), 100);
        assert_eq!(counts(150, 150, 0, 110).closed_since(&before), 0);
        assert_eq!(counts(100, 100, 0, 4).closed_since(&before), 6);
        // Another network namespace's counters, or ones that began anew.
        assert_eq!(counts(0, 0, 0, 10).closed_since(&before), 0);
        assert_eq!(counts(0, 0, 0, 500).closed_since(&before), 0);
    }
}
