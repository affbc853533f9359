//! The place of each byte of a text that stands in a file in quotation marks.

use crate::facts::Origin;

use super::Value;

/// Places within the text of a value.
#[derive(Debug)]
pub struct Places {
    origin: Origin,
    /// The column of each byte of the text, seen from the value's; none where the text
    /// is not written as it is.
    columns: Option<Vec<u32>>,
}

impl Places {
    /// The places within a value's text.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let text = value.text().unwrap_or_default();
        Places {
            origin: value.origin.clone(),
            columns: columns(text, &value.written),
        }
    }

    /// The place of a byte; the value's own where it cannot be told.
    #[must_use]
    pub fn at(&self, byte: usize) -> Origin {
        let columns = self.columns.as_ref();
        let column = columns.and_then(|columns| columns.get(byte).or(columns.last()));
        let mut origin = self.origin.clone();
        if origin.column > 0 {
            origin.column += column.copied().unwrap_or(0);
        }
        origin
    }
}

/// The column of each byte of the text within what is written: as it is, in quotation
/// marks, or with escapes as JSON, YAML and TOML have them.
fn columns(text: &str, written: &str) -> Option<Vec<u32>> {
    let mut inner = written.chars().peekable();
    let mark = inner.next_if(|c| ['"', '\''].contains(c));
    let mut at = u32::from(mark.is_some());
    let mut columns = Vec::with_capacity(text.len() + 1);
    for c in text.chars() {
        columns.extend(std::iter::repeat_n(at, c.len_utf8()));
        let found = inner.next()?;
        at += 1;
        if found == '\\' && mark == Some('"') {
            // An escape: `\"`, `\t`, `\u0041`.
            let kind = inner.next()?;
            let digits = match kind {
                'u' => 4,
                'x' => 2,
                'U' => 8,
                _ => 0,
            };
            for _ in 0..digits {
                inner.next()?;
            }
            at += 1 + digits;
            // A character beyond the first plane is two escapes in JSON.
            if kind == 'u' && u32::from(c) > 0xFFFF {
                for _ in 0..6 {
                    inner.next()?;
                }
                at += 6;
            }
        } else if found == '\'' && mark == Some('\'') && inner.peek() == Some(&'\'') {
            // YAML doubles a quotation mark.
            inner.next();
            at += 1;
        } else if found != c {
            return None;
        }
    }
    columns.push(at);
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parsers::Node;

    fn place(text: &str, written: &str, byte: usize) -> u32 {
        let value = Value {
            node: Node::Text(text.to_owned()),
            origin: Origin {
                file: "package.json".to_owned(),
                line: 4,
                column: 12,
            },
            written: written.to_owned(),
        };
        Places::of(&value).at(byte).column - 12
    }

    #[test]
    fn a_byte_is_found_behind_escapes() {
        assert_eq!(place("a b", "a b", 2), 2);
        assert_eq!(place("a b", "\"a b\"", 2), 3);
        assert_eq!(place("a \"b\"", r#""a \"b\"""#, 3), 5);
        assert_eq!(place("ä b", r#""\u00e4 b""#, 3), 8);
        assert_eq!(place("😀b", r#""\ud83d\ude00b""#, 4), 13);
        assert_eq!(place("it's b", "'it''s b'", 5), 7);
        assert_eq!(place("😀b", "'😀b'", 4), 2);
    }

    #[test]
    fn a_text_over_several_lines_has_the_place_of_its_value() {
        assert_eq!(place("a b", "|\n  a\n  b", 2), 0);
        assert_eq!(place("a b", "", 2), 0);
    }
}
