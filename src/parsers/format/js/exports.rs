//! What a module exports.

use oxc_ast::ast::{
    BindingPattern, Declaration, ExportDefaultDeclarationKind, ModuleDeclaration, ModuleExportName,
};

use super::machine::{Machine, UNKNOWN};
use super::value::{Closure, Code, Id, Js, What};

impl<'a> Machine<'a, '_> {
    /// Statements that import and export.
    pub(super) fn export(&mut self, scope: Id, declaration: &'a ModuleDeclaration<'a>) {
        let module = self.scopes.get(scope).map_or(0, |scope| scope.module);
        let Some(exports) = self.modules.get(module).map(|module| module.exports) else {
            return;
        };
        let mut names: Vec<(String, Js<'a>)> = Vec::new();
        match declaration {
            ModuleDeclaration::ExportDefaultDeclaration(export) => {
                let value = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        let code = Code::Function(function);
                        let closure = What::Function(Closure { code, scope });
                        self.value(scope, function.span, closure)
                    }
                    other => match other.as_expression() {
                        Some(expression) => self.eval(scope, expression),
                        None => self.unknown(scope, export.span, UNKNOWN),
                    },
                };
                names.push(("default".to_owned(), value));
            }
            ModuleDeclaration::TSExportAssignment(export) => {
                let value = self.eval(scope, &export.expression);
                names.push(("export =".to_owned(), value));
            }
            ModuleDeclaration::ExportDeclaration(export) => {
                self.declaration(scope, &export.declaration);
                for name in declared(&export.declaration) {
                    let value = self.name(scope, export.span, name);
                    names.push((name.to_owned(), value));
                }
            }
            ModuleDeclaration::ExportNamedDeclaration(export) => {
                for specifier in &export.specifiers {
                    let value = self.name(scope, specifier.span, module_name(&specifier.local));
                    names.push((module_name(&specifier.exported).to_owned(), value));
                }
            }
            ModuleDeclaration::ExportFromDeclaration(export) => {
                let source = export.source.value.as_str();
                let from = self.source(scope, export.source.span, source);
                for specifier in &export.specifiers {
                    let name = module_name(&specifier.local);
                    let value = self.member(scope, specifier.span, &from, name);
                    names.push((module_name(&specifier.exported).to_owned(), value));
                }
            }
            ModuleDeclaration::ExportAllDeclaration(export) => {
                let from = self.source(scope, export.source.span, export.source.value.as_str());
                match (&export.exported, self.table(&from).cloned()) {
                    (Some(name), _) => names.push((module_name(name).to_owned(), from)),
                    (None, Some(table)) => {
                        let others = table.entries.into_iter();
                        let others = others.filter(|(key, _)| &**key != "default");
                        names.extend(others.map(|(key, value)| (key.to_string(), value)));
                    }
                    (None, None) => {
                        let unknown = self.unknown(scope, export.span, UNKNOWN);
                        if let Some(table) = self.table_mut(exports) {
                            table.rest = Some(unknown);
                        }
                    }
                }
            }
            ModuleDeclaration::ImportDeclaration(_)
            | ModuleDeclaration::TSNamespaceExportDeclaration(_) => {}
        }
        if let Some(table) = self.table_mut(exports) {
            for (name, value) in names {
                table.set(&name, value);
            }
        }
    }
}

/// The names that a declaration declares.
fn declared<'a>(declaration: &'a Declaration<'a>) -> Vec<&'a str> {
    match declaration {
        Declaration::VariableDeclaration(variables) => {
            let mut names = Vec::new();
            let mut ahead: Vec<_> = variables.declarations.iter().map(|one| &one.id).collect();
            ahead.reverse();
            while let Some(pattern) = ahead.pop() {
                match pattern {
                    BindingPattern::BindingIdentifier(name) => names.push(name.name.as_str()),
                    BindingPattern::AssignmentPattern(pattern) => ahead.push(&pattern.left),
                    BindingPattern::ObjectPattern(pattern) => {
                        ahead.extend(pattern.properties.iter().map(|one| &one.value));
                        ahead.extend(pattern.rest.iter().map(|rest| &rest.argument));
                    }
                    BindingPattern::ArrayPattern(pattern) => {
                        ahead.extend(pattern.elements.iter().flatten());
                        ahead.extend(pattern.rest.iter().map(|rest| &rest.argument));
                    }
                }
            }
            names
        }
        Declaration::FunctionDeclaration(function) => {
            function.id.iter().map(|id| id.name.as_str()).collect()
        }
        Declaration::ClassDeclaration(class) => {
            class.id.iter().map(|id| id.name.as_str()).collect()
        }
        Declaration::TSEnumDeclaration(values) => vec![values.id.name.as_str()],
        _ => Vec::new(),
    }
}

/// A name that is imported or exported.
pub(super) fn module_name<'a>(name: &'a ModuleExportName<'a>) -> &'a str {
    match name {
        ModuleExportName::IdentifierName(name) => name.name.as_str(),
        ModuleExportName::IdentifierReference(name) => name.name.as_str(),
        ModuleExportName::StringLiteral(text) => text.value.as_str(),
    }
}
