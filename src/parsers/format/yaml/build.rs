//! A YAML parser's events made into trees, without recursion and within bounds.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use super::{Entry, Kind, Yaml, merged, resolve};
use crate::facts::BrokenFile;
use crate::parsers::tree::Lines;

/// How deep values may be nested, aliases unfolded: far more than any real file, and
/// few enough for whoever walks the tree.
const DEEPEST: usize = 64;

/// How many values may come from aliases. A few lines of aliases of aliases would
/// unfold to billions.
const MOST_COPIES: usize = 50_000;

/// The documents of a text.
pub(super) fn documents(file: &str, text: &str) -> Result<Vec<Yaml>, BrokenFile> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The parser takes a carriage return alone for the end of a line; places do not.
    let alone = text.replace("\r\n", "  ").contains('\r');
    let unified = alone.then(|| text.replace("\r\n", " \n").replace('\r', " "));
    let mut builder = Builder {
        place: Place::new(file, text),
        stack: Vec::new(),
        anchors: HashMap::new(),
        copies: 0,
        done: Vec::new(),
    };
    let mut parser = Parser::new_from_str(unified.as_deref().unwrap_or(text));
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            builder
                .place
                .broken(*error.marker(), error.info().to_owned())
        })?;
        if event == Event::StreamEnd {
            break;
        }
        builder.take(event, span)?;
    }
    Ok(builder.done)
}

/// A value that is complete, with what its use by an alias costs.
#[derive(Clone)]
struct Made {
    value: Yaml,
    /// How many values it is made of.
    size: usize,
    /// How deep they are nested.
    height: usize,
}

/// A list or table whose end has not come yet.
struct Open {
    value: Made,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<Yaml>,
}

struct Builder<'a> {
    place: Place<'a>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Made>,
    copies: usize,
    done: Vec<Yaml>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), BrokenFile> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span);
                self.close(made(value), anchor, span.start)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Kind::List(Vec::new()), anchor, tag.as_deref(), span.start)
            }
            Event::MappingStart(anchor, tag) => {
                self.open(Kind::Table(Vec::new()), anchor, tag.as_deref(), span.start)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.stack.pop() else {
                    return Ok(());
                };
                let mut value = open.value;
                if let Kind::Table(entries) = &mut value.value.kind {
                    *entries = merged(std::mem::take(entries));
                }
                self.close(value, open.anchor, span.start)
            }
            Event::Alias(anchor) => {
                let Some(named) = self.anchors.get(&anchor) else {
                    let what = "an alias stands inside of what it stands for";
                    return Err(self.place.broken(span.start, what.to_owned()));
                };
                self.copies = self.copies.saturating_add(named.size);
                if self.copies > MOST_COPIES || self.stack.len() + named.height > DEEPEST {
                    let what = "its aliases unfold to more than is read";
                    return Err(self.place.broken(span.start, what.to_owned()));
                }
                let named = named.clone();
                self.close(named, 0, span.start)
            }
            _ => Ok(()),
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Yaml {
        let own = tag.is_some_and(Tag::is_yaml_core_schema);
        let says_text = tag.is_some_and(|tag| own && tag.suffix == "str");
        let kind = if style == ScalarStyle::Plain && !says_text {
            resolve(text)
        } else {
            Kind::Text(text.to_owned())
        };
        Yaml {
            kind,
            origin: self.place.origin(span.start),
            written: self.place.written(span),
            tag: tag.filter(|_| !own).map(name),
        }
    }

    fn open(
        &mut self,
        kind: Kind,
        anchor: usize,
        tag: Option<&Tag>,
        at: Marker,
    ) -> Result<(), BrokenFile> {
        if self.stack.len() >= DEEPEST {
            let what = "its values are nested deeper than is read";
            return Err(self.place.broken(at, what.to_owned()));
        }
        self.stack.push(Open {
            value: made(Yaml {
                kind,
                origin: self.place.origin(at),
                written: String::new(),
                tag: tag.filter(|tag| !tag.is_yaml_core_schema()).map(name),
            }),
            anchor,
            key: None,
        });
        Ok(())
    }

    /// Puts a complete value where it belongs.
    fn close(&mut self, made: Made, anchor: usize, at: Marker) -> Result<(), BrokenFile> {
        if anchor != 0 {
            // An anchor within an anchor is kept twice.
            self.copies = self.copies.saturating_add(made.size);
            if self.copies > MOST_COPIES {
                let what = "its aliases unfold to more than is read";
                return Err(self.place.broken(at, what.to_owned()));
            }
            self.anchors.insert(anchor, made.clone());
        }
        let Some(open) = self.stack.last_mut() else {
            self.done.push(made.value);
            return Ok(());
        };
        open.value.size += made.size;
        open.value.height = open.value.height.max(made.height + 1);
        match &mut open.value.value.kind {
            Kind::List(items) => items.push(made.value),
            Kind::Table(entries) => match open.key.take() {
                None => open.key = Some(made.value),
                Some(key) => entries.push(Entry {
                    key: key.plain().unwrap_or_default().to_owned(),
                    at: key.origin,
                    value: made.value,
                }),
            },
            _ => {}
        }
        Ok(())
    }
}

fn made(value: Yaml) -> Made {
    Made {
        value,
        size: 1,
        height: 1,
    }
}

fn name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// The parser counts characters; texts are cut by bytes.
struct Place<'a> {
    lines: Lines<'a>,
    /// Where each character begins, unless every one is a byte.
    starts: Option<Vec<usize>>,
    length: usize,
}

impl<'a> Place<'a> {
    fn new(file: &'a str, text: &'a str) -> Self {
        let starts = || text.char_indices().map(|(at, _)| at).collect();
        Place {
            lines: Lines::new(file, text),
            starts: (!text.is_ascii()).then(starts),
            length: text.len(),
        }
    }

    fn byte(&self, marker: Marker) -> usize {
        let at = marker.index();
        let start = self.starts.as_ref().map(|starts| starts.get(at).copied());
        start.unwrap_or(Some(at)).unwrap_or(self.length)
    }

    fn origin(&self, marker: Marker) -> crate::facts::Origin {
        self.lines.at(marker.line().saturating_sub(1), marker.col())
    }

    /// What stands there, if it is one line.
    fn written(&self, span: Span) -> String {
        let written = self.lines.slice(self.byte(span.start), self.byte(span.end));
        let written = written.trim_end();
        if written.contains(['\n', '\r']) {
            String::new()
        } else {
            written.to_owned()
        }
    }

    fn broken(&self, at: Marker, what: String) -> BrokenFile {
        // The parser's place of what ends too early may lie behind the end.
        BrokenFile {
            origin: self.lines.origin(self.byte(at)),
            what,
        }
    }
}
