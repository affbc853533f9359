//! What code that is not followed may have changed.

use std::collections::BTreeSet;

use oxc_span::Span;

use super::machine::{BRANCH, Machine};
use super::value::{Code, Held, Id, Js, What};

impl<'a> Machine<'a, '_> {
    /// Takes everything that is named here for changed. Says whether a `return` stands
    /// in it.
    pub(super) fn forget(&mut self, scope: Id, span: Span) -> bool {
        let unknown = self.unknown(scope, span, BRANCH);
        let mut seen = BTreeSet::new();
        let mut ahead = vec![(scope, span)];
        let mut returns = false;
        while let Some((scope, span)) = ahead.pop() {
            if !seen.insert((scope, span.start, span.end)) || self.charge(1).is_err() {
                continue;
            }
            let text = self.slice(scope, span);
            if writes_environment(text) {
                let id = self.environment;
                self.spoil(id, &unknown);
            }
            for word in words(text) {
                returns |= word == "return" && seen.len() == 1;
                self.forget_name(scope, word, &unknown, &mut ahead);
            }
        }
        returns
    }

    fn forget_name(
        &mut self,
        scope: Id,
        name: &str,
        unknown: &Js<'a>,
        ahead: &mut Vec<(Id, Span)>,
    ) {
        let Some(binding) = self.names_mut(scope, name) else {
            return;
        };
        match binding.value.what {
            // A function may change what it sees.
            What::Function(closure) => {
                let span = match closure.code {
                    Code::Arrow(arrow) => arrow.span,
                    Code::Function(function) => function.span,
                };
                ahead.push((closure.scope, span));
            }
            What::Held(id) => {
                if !binding.constant {
                    binding.value = unknown.clone();
                }
                self.spoil(id, unknown);
            }
            What::Builtin(_) | What::Foreign(_) => {}
            _ if binding.constant => {}
            _ => binding.value = unknown.clone(),
        }
    }

    /// Takes an object for changed, and what it holds.
    fn spoil(&mut self, id: Id, unknown: &Js<'a>) {
        let mut ahead = vec![id];
        let mut seen = BTreeSet::new();
        while let Some(id) = ahead.pop() {
            if !seen.insert(id) || self.charge(1).is_err() {
                continue;
            }
            let mut reach = |value: &Js<'a>| {
                if let What::Held(id) | What::Unknown(_, Some(id)) = value.what {
                    ahead.push(id);
                }
            };
            match self.held.get_mut(id) {
                Some(Held::Table(table)) => {
                    table.entries.iter().for_each(|(_, value)| reach(value));
                    table.cover(unknown);
                }
                Some(Held::List(list)) => {
                    list.items.iter().for_each(reach);
                    list.items.fill(unknown.clone());
                    list.open = true;
                }
                Some(Held::Wrapped(value, whole)) => {
                    reach(value);
                    *value = unknown.clone();
                    *whole = false;
                }
                None => {}
            }
        }
    }

    /// What stands between two bytes of a scope's module.
    fn slice(&self, scope: Id, span: Span) -> &'a str {
        let module = self.scopes.get(scope).map_or(0, |scope| scope.module);
        let text = self.modules.get(module).map_or("", |module| module.text);
        text.get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }
}

/// The words of a text, each once.
fn words(text: &str) -> BTreeSet<&str> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    text.split(|c| !inside(c))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether code sets a variable of the environment.
fn writes_environment(text: &str) -> bool {
    text.match_indices("process.env").any(|(at, found)| {
        let before = text.get(..at).unwrap_or("").trim_end();
        let rest = text.get(at + found.len()..).unwrap_or("");
        let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
        let after = rest.trim_start_matches(name).trim_start();
        let set = after.starts_with('=') && !after.starts_with("==");
        set || after.starts_with('[') || before.ends_with("assign(") || before.ends_with("delete")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_a_variable_is_told_from_reading_it() {
        for text in [
            "process.env.PORT = 1",
            "process.env = x",
            "process.env[key] = 1",
            "Object.assign(process.env, x)",
            "delete process.env.PORT",
        ] {
            assert!(writes_environment(text), "{text}");
        }
        for text in [
            "process.env.PORT == 1",
            "use(process.env.PORT)",
            "process.environment",
        ] {
            assert!(!writes_environment(text), "{text}");
        }
    }
}
