//! Files of sections, keys and values, as git, pip, KDE and WSL write them.

/// One line that sets something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The section it stands in, as it is written: `http "https://example.com"`.
    pub section: &'a str,
    pub key: &'a str,
    /// The value without quotation marks around it.
    pub value: &'a str,
    /// From 1.
    pub line: u32,
    /// The line as it is written, without the space around it.
    pub written: &'a str,
}

/// Every line that sets something. What is of another form is left out.
pub(super) fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut section = "";
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let written = line.trim();
        if let Some(named) = written.strip_prefix('[') {
            section = named.split(']').next().unwrap_or_default().trim();
            return None;
        }
        if written.starts_with(['#', ';']) {
            return None;
        }
        let (key, value) = written.split_once('=')?;
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        Some(Entry {
            section,
            key: key.trim(),
            value: quoted.unwrap_or(value),
            line: number,
            written,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn sections_keys_and_values_have_their_lines() {
        let text = "a = 1\n# b = 2\n[http \"https://x\"]\r\n\tproxy = \"http://p:1/?a=b\"\n;\n[\n[c]\nodd\nd=\n";
        let told: Vec<_> = entries(text)
            .map(|one| format!("{}|{}|{}|{}", one.section, one.key, one.value, one.line))
            .collect();
        assert_eq!(
            told,
            [
                "|a|1|1",
                "http \"https://x\"|proxy|http://p:1/?a=b|4",
                "c|d||9"
            ]
        );
    }
}
