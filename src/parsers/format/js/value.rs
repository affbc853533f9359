//! Values while a configuration is evaluated.

use std::rc::Rc;

use oxc_ast::ast::{ArrowFunctionExpression, Function};

use crate::facts::Origin;

/// A number by which something is kept: an object, a scope, a module.
pub(super) type Id = usize;

/// A value, and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Js<'a> {
    pub(super) what: What<'a>,
    pub(super) place: Place,
    /// Whether it would be another in another environment.
    pub(super) varies: bool,
}

/// Where a value was written.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Nowhere: it was handed in from outside.
    Nowhere,
    /// In the text of a module, between two bytes.
    Text { module: Id, from: u32, to: u32 },
    /// In a file of another format, and as it stands there.
    Other(Rc<(Origin, String)>),
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum What<'a> {
    Undefined,
    Null,
    Flag(bool),
    Number(f64),
    Text(Rc<str>),
    /// An array or an object, by its number.
    Held(Id),
    Function(Closure<'a>),
    /// Something of the language or of a known package: `process`, `vite.loadEnv`.
    Builtin(&'static str),
    /// Something of a package that is not known, by its name.
    Foreign(Rc<str>),
    /// A folder, seen from the project's root.
    Folder(Rc<str>),
    /// It cannot be known, and why; what a wrapper was handed, by its number.
    Unknown(Rc<str>, Option<Id>),
}

/// A function and the names that it sees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closure<'a> {
    pub(super) code: Code<'a>,
    pub(super) scope: Id,
}

/// The text of a function.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code<'a> {
    Arrow(&'a ArrowFunctionExpression<'a>),
    Function(&'a Function<'a>),
}

/// What is held by a number, so that two names of one object see the same.
#[derive(Debug)]
pub(super) enum Held<'a> {
    Table(Table<'a>),
    List(List<'a>),
    /// What a wrapper was handed, and whether it returns it as it is: if not, it may
    /// have set more.
    Wrapped(Js<'a>, bool),
}

/// An object.
#[derive(Debug, Clone, Default)]
pub(super) struct Table<'a> {
    pub(super) entries: Vec<(Rc<str>, Js<'a>)>,
    /// What any key that is not among the entries may be.
    pub(super) rest: Option<Js<'a>>,
    /// Whether it would hold other keys in another environment.
    pub(super) varies: bool,
}

/// An array.
#[derive(Debug, Clone, Default)]
pub(super) struct List<'a> {
    pub(super) items: Vec<Js<'a>>,
    /// Whether there may be more, or in other places.
    pub(super) open: bool,
}

impl<'a> Js<'a> {
    /// A value that was handed in from outside.
    pub(super) fn given(what: What<'a>) -> Self {
        Js {
            what,
            place: Place::Nowhere,
            varies: false,
        }
    }

    /// A text that was handed in from outside.
    pub(super) fn text(text: &str) -> Self {
        Js::given(What::Text(text.into()))
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.what, What::Unknown(..))
    }

    /// `null` or `undefined`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.what, What::Undefined | What::Null)
    }

    /// The same, other in another environment if that one is.
    pub(super) fn with_variance_of(mut self, varies: bool) -> Self {
        self.varies |= varies;
        self
    }

    /// Whether it counts as true; nothing where that cannot be known.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match &self.what {
            What::Undefined | What::Null => false,
            What::Flag(flag) => *flag,
            What::Number(number) => *number != 0.0 && !number.is_nan(),
            What::Text(text) => !text.is_empty(),
            What::Held(_) | What::Function(_) | What::Builtin(_) | What::Folder(_) => true,
            What::Foreign(_) | What::Unknown(..) => return None,
        })
    }

    /// As `Number(…)` makes it; nothing where that cannot be known.
    pub(super) fn number(&self) -> Option<f64> {
        match &self.what {
            What::Undefined => Some(f64::NAN),
            What::Null => Some(0.0),
            What::Flag(flag) => Some(f64::from(u8::from(*flag))),
            What::Number(number) => Some(*number),
            What::Text(text) => Some(number_of(text)),
            _ => None,
        }
    }

    /// As `String(…)` makes it; nothing where that cannot be known.
    pub(super) fn string(&self) -> Option<String> {
        Some(match &self.what {
            What::Undefined => "undefined".to_owned(),
            What::Null => "null".to_owned(),
            What::Flag(flag) => flag.to_string(),
            What::Number(number) => text_of(*number)?,
            What::Text(text) => text.to_string(),
            _ => return None,
        })
    }

    /// Whether two values are `===`; nothing where that cannot be known.
    pub(super) fn same(&self, other: &Js<'a>) -> Option<bool> {
        use What::{Builtin, Flag, Folder, Foreign, Function, Held, Null, Number, Text};
        use What::{Undefined, Unknown};
        Some(match (&self.what, &other.what) {
            (Unknown(..) | Foreign(_) | Builtin(_) | Folder(_) | Function(_), _)
            | (_, Unknown(..) | Foreign(_) | Builtin(_) | Folder(_) | Function(_)) => return None,
            (Undefined, Undefined) | (Null, Null) => true,
            (Flag(one), Flag(two)) => one == two,
            // As the language compares them: NaN is not itself.
            #[allow(clippy::float_cmp)]
            (Number(one), Number(two)) => one == two,
            (Text(one), Text(two)) => one == two,
            (Held(one), Held(two)) => one == two,
            _ => false,
        })
    }

    /// Whether two values are `==`; nothing where that cannot be known.
    pub(super) fn alike(&self, other: &Js<'a>) -> Option<bool> {
        if self.is_nothing() && !other.is_unknown() {
            return match other.what {
                What::Foreign(_) => None,
                _ => Some(other.is_nothing()),
            };
        }
        if other.is_nothing() && !self.is_unknown() {
            return other.alike(self);
        }
        match (&self.what, &other.what) {
            (What::Number(_) | What::Flag(_), What::Text(_) | What::Flag(_))
            | (What::Text(_) | What::Flag(_), What::Number(_) | What::Flag(_)) =>
            {
                #[allow(clippy::float_cmp)]
                Some(self.number()? == other.number()?)
            }
            (What::Held(_), What::Held(_)) => self.same(other),
            (What::Held(_), _) | (_, What::Held(_)) => None,
            _ => self.same(other),
        }
    }
}

/// A text as a number, as the language reads it.
fn number_of(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return u32::from_str_radix(digits, radix).map_or(f64::NAN, f64::from);
        }
    }
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if text.chars().all(plain) {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// A number as a text, as the language writes it; nothing for those it writes with an
/// exponent.
fn text_of(number: f64) -> Option<String> {
    if number.is_nan() {
        return Some("NaN".to_owned());
    }
    (number.abs() < 1e15 && (number == 0.0 || number.abs() > 1e-6)).then(|| {
        // There is no `-0` in a text.
        (number + 0.0).to_string()
    })
}

/// The first digits of a text as `parseInt` reads them.
pub(super) fn leading_int(text: &str, radix: u32) -> f64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = match (hex, radix) {
        (Some(rest), 0 | 16) => (rest, 16),
        (_, 0) => (digits, 10),
        (_, radix) => (digits, radix),
    };
    if !(2..=36).contains(&radix) {
        return f64::NAN;
    }
    let end = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    if end == 0 {
        return f64::NAN;
    }
    let digit =
        |sum: f64, c: char| sum * f64::from(radix) + f64::from(c.to_digit(radix).unwrap_or(0));
    sign * digits.chars().take(end).fold(0.0, digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbers_as_the_language_reads_them() {
        for (text, number) in [
            ("3000", 3000.0),
            (" 3000\n", 3000.0),
            ("", 0.0),
            ("0xbb8", 3000.0),
        ] {
            assert_eq!(Js::text(text).number(), Some(number), "{text:?}");
        }
        for text in ["3000px", "inf", "nan", "infinity", "1_000", "-", "0x"] {
            assert!(number_of(text).is_nan(), "{text:?}");
        }
        assert_eq!(leading_int(" 3000px", 10), 3000.0);
        assert_eq!(leading_int("-7", 0), -7.0);
        assert_eq!(leading_int("0x10", 0), 16.0);
        assert_eq!(leading_int("0x10", 10), 0.0);
        assert!(leading_int("px", 10).is_nan());
        assert!(leading_int("1", 99).is_nan());
    }

    #[test]
    fn numbers_are_texts_as_the_language_writes_them() {
        assert_eq!(text_of(3000.0).as_deref(), Some("3000"));
        assert_eq!(text_of(-0.0).as_deref(), Some("0"));
        assert_eq!(text_of(1.5).as_deref(), Some("1.5"));
        assert_eq!(text_of(1e21), None);
    }
}
