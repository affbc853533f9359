//! Three-valued logic for what a rule asks of a packet that we only half know.

/// Whether a packet to the asked port is what a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fits {
    /// It is not.
    No,
    /// That hangs on what is not known here: an address, an interface, a mark.
    Maybe,
    /// It is.
    Yes,
}

impl Fits {
    pub(super) fn and(self, other: Fits) -> Fits {
        match (self, other) {
            (Fits::No, _) | (_, Fits::No) => Fits::No,
            (Fits::Yes, Fits::Yes) => Fits::Yes,
            _ => Fits::Maybe,
        }
    }

    pub(super) fn not(self) -> Fits {
        match self {
            Fits::No => Fits::Yes,
            Fits::Maybe => Fits::Maybe,
            Fits::Yes => Fits::No,
        }
    }

    pub(super) fn negated_if(self, negated: bool) -> Fits {
        if negated { self.not() } else { self }
    }
}

impl From<bool> for Fits {
    fn from(fits: bool) -> Self {
        if fits { Fits::Yes } else { Fits::No }
    }
}

/// Whether a list as the tools write it (`22`, `80,443`, `3000:3010`, `3000-3010`) has the port.
pub(super) fn list_has(list: &str, port: u16) -> Fits {
    let mut fits = Fits::No;
    for item in list
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
    {
        let (low, high) = item
            .split_once([':', '-'])
            .map_or((item, item), |(low, high)| (low.trim(), high.trim()));
        let low = if low.is_empty() {
            Ok(0)
        } else {
            low.parse::<u16>()
        };
        let high = if high.is_empty() {
            Ok(u16::MAX)
        } else {
            high.parse::<u16>()
        };
        match (low, high) {
            (Ok(low), Ok(high)) if (low..=high).contains(&port) => return Fits::Yes,
            (Ok(_), Ok(_)) => {}
            // A service's name.
            _ => fits = Fits::Maybe,
        }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_lists_are_read_as_the_tools_write_them() {
        assert_eq!(list_has("3000", 3000), Fits::Yes);
        assert_eq!(list_has("22,2999:3001", 3000), Fits::Yes);
        assert_eq!(list_has("22, 2999-3001", 3002), Fits::No);
        assert_eq!(list_has("1024:", 3000), Fits::Yes);
        assert_eq!(list_has(":1024", 3000), Fits::No);
        assert_eq!(list_has("http-alt", 8080), Fits::Maybe);
    }

    #[test]
    fn what_is_not_known_stays_unknown() {
        assert_eq!(Fits::Maybe.not(), Fits::Maybe);
        assert_eq!(Fits::Maybe.and(Fits::Yes), Fits::Maybe);
        assert_eq!(Fits::Maybe.and(Fits::No), Fits::No);
        assert_eq!(Fits::Yes.negated_if(true), Fits::No);
    }
}
