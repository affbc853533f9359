//! Statements, in their order.

use oxc_ast::ast::{
    Declaration, ForStatementInit, IfStatement, Statement, SwitchStatement, TSEnumDeclaration,
    VariableDeclaration, VariableDeclarationKind,
};
use oxc_span::GetSpan;

use super::machine::{BRANCH, Machine, UNKNOWN};
use super::patterns::How;
use super::value::{Closure, Code, Held, Id, Js, Table, What};

/// How a statement ends.
#[derive(Debug)]
pub(super) enum Flow<'a> {
    /// The next one follows.
    Next,
    /// The function returns.
    Return(Js<'a>),
    /// The `switch` is left.
    Break,
}

impl<'a> Machine<'a, '_> {
    /// Runs statements one after another.
    pub(super) fn run(&mut self, scope: Id, statements: &'a [Statement<'a>]) -> Flow<'a> {
        self.hoist(scope, statements);
        for statement in statements {
            match self.statement(scope, statement) {
                Flow::Next => {}
                flow => return flow,
            }
        }
        Flow::Next
    }

    /// Declares the functions of a block: they are known before their statement.
    fn hoist(&mut self, scope: Id, statements: &'a [Statement<'a>]) {
        for statement in statements {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                other => other.as_declaration(),
            };
            if let Some(Declaration::FunctionDeclaration(function)) = declaration
                && let Some(id) = &function.id
                && function.body.is_some()
            {
                let code = Code::Function(function);
                let closure = What::Function(Closure { code, scope });
                let value = self.value(scope, function.span, closure);
                self.declare(scope, id.name.as_str(), value, false);
            }
        }
    }

    fn statement(&mut self, scope: Id, statement: &'a Statement<'a>) -> Flow<'a> {
        if let Err(why) = self.enter() {
            return Flow::Return(self.unknown(scope, statement.span(), why));
        }
        let flow = self.one(scope, statement);
        self.depth -= 1;
        flow
    }

    fn one(&mut self, scope: Id, statement: &'a Statement<'a>) -> Flow<'a> {
        match statement {
            Statement::ExpressionStatement(statement) => {
                self.bare(scope, &statement.expression);
                Flow::Next
            }
            Statement::ReturnStatement(statement) => Flow::Return(match &statement.argument {
                Some(argument) => self.eval(scope, argument),
                None => self.value(scope, statement.span, What::Undefined),
            }),
            Statement::ThrowStatement(statement) => {
                Flow::Return(self.unknown(scope, statement.span, "an error is thrown instead"))
            }
            Statement::IfStatement(statement) => self.branch(scope, statement),
            Statement::SwitchStatement(statement) => self.switch(scope, statement),
            Statement::BlockStatement(block) => {
                let inner = self.inner(scope);
                self.run(inner, &block.body)
            }
            Statement::BreakStatement(statement) if statement.label.is_none() => Flow::Break,
            Statement::EmptyStatement(_) | Statement::DebuggerStatement(_) => Flow::Next,
            other => {
                if let Some(declaration) = other.as_declaration() {
                    self.declaration(scope, declaration);
                    return Flow::Next;
                }
                if let Some(module) = other.as_module_declaration() {
                    self.export(scope, module);
                    return Flow::Next;
                }
                self.give_up(scope, other)
            }
        }
    }

    fn inner(&mut self, scope: Id) -> Id {
        let module = self.scopes.get(scope).map_or(0, |scope| scope.module);
        self.open_scope(Some(scope), module, false)
    }

    /// What a statement changes cannot be known.
    fn give_up(&mut self, scope: Id, statement: &'a Statement<'a>) -> Flow<'a> {
        self.declared_within(scope, statement);
        let returns = self.forget(scope, statement.span());
        if returns {
            return Flow::Return(self.unknown(scope, statement.span(), BRANCH));
        }
        Flow::Next
    }

    /// `var` in a loop or a branch declares outside of it.
    fn declared_within(&mut self, scope: Id, statement: &'a Statement<'a>) {
        let declaration = match statement {
            Statement::ForStatement(statement) => match &statement.init {
                Some(ForStatementInit::VariableDeclaration(declaration)) => Some(declaration),
                _ => None,
            },
            _ => None,
        };
        if let Some(declaration) = declaration
            && declaration.kind == VariableDeclarationKind::Var
        {
            for declarator in &declaration.declarations {
                let value = self.unknown(scope, declarator.span, BRANCH);
                self.bind(scope, &declarator.id, value, How::Var);
            }
        }
    }

    fn branch(&mut self, scope: Id, statement: &'a IfStatement<'a>) -> Flow<'a> {
        let test = self.eval(scope, &statement.test);
        let Some(truth) = test.truth() else {
            let returns = self.forget(scope, statement.span);
            if returns {
                return Flow::Return(self.unknown(scope, statement.span, BRANCH));
            }
            return Flow::Next;
        };
        let taken = if truth {
            Some(&statement.consequent)
        } else {
            statement.alternate.as_ref()
        };
        self.varying += u32::from(test.varies);
        let flow = taken.map_or(Flow::Next, |taken| self.statement(scope, taken));
        self.varying -= u32::from(test.varies);
        flow
    }

    fn switch(&mut self, scope: Id, statement: &'a SwitchStatement<'a>) -> Flow<'a> {
        let value = self.eval(scope, &statement.discriminant);
        let mut start = None;
        for (at, case) in statement.cases.iter().enumerate() {
            let Some(test) = &case.test else { continue };
            match self.eval(scope, test).same(&value) {
                Some(true) => {
                    start = Some(at);
                    break;
                }
                Some(false) => {}
                None => {
                    let returns = self.forget(scope, statement.span);
                    if returns {
                        return Flow::Return(self.unknown(scope, statement.span, BRANCH));
                    }
                    return Flow::Next;
                }
            }
        }
        let start = start.or_else(|| statement.cases.iter().position(|case| case.test.is_none()));
        let inner = self.inner(scope);
        self.varying += u32::from(value.varies);
        let mut flow = Flow::Next;
        for case in statement.cases.iter().skip(start.unwrap_or(usize::MAX)) {
            flow = self.run(inner, &case.consequent);
            if !matches!(flow, Flow::Next) {
                break;
            }
        }
        self.varying -= u32::from(value.varies);
        match flow {
            Flow::Break => Flow::Next,
            flow => flow,
        }
    }

    /// Declares what a declaration declares. Functions are declared already.
    pub(super) fn declaration(&mut self, scope: Id, declaration: &'a Declaration<'a>) {
        match declaration {
            Declaration::VariableDeclaration(variables) => self.variables(scope, variables),
            Declaration::ClassDeclaration(class) => {
                if let Some(id) = &class.id {
                    let value = self.unknown(scope, class.span, UNKNOWN);
                    self.declare(scope, id.name.as_str(), value, true);
                }
            }
            Declaration::TSEnumDeclaration(values) => self.enumeration(scope, values),
            _ => {}
        }
    }

    fn variables(&mut self, scope: Id, variables: &'a VariableDeclaration<'a>) {
        let how = match variables.kind {
            VariableDeclarationKind::Var => How::Var,
            VariableDeclarationKind::Let => How::Let,
            _ => How::Const,
        };
        for declarator in &variables.declarations {
            let value = match &declarator.init {
                Some(init) => self.eval(scope, init),
                // It may have been set already.
                None if how == How::Var => continue,
                None => self.value(scope, declarator.span, What::Undefined),
            };
            self.bind(scope, &declarator.id, value, how);
        }
    }

    fn enumeration(&mut self, scope: Id, values: &'a TSEnumDeclaration<'a>) {
        let inner = self.inner(scope);
        let mut table = Table::default();
        let mut next = Some(0.0);
        for member in &values.body.members {
            let name = member.id.static_name().as_str();
            let value = match (&member.initializer, next) {
                (Some(init), _) => self.eval(inner, init),
                (None, Some(number)) => self.value(scope, member.span, What::Number(number)),
                (None, None) => self.unknown(scope, member.span, UNKNOWN),
            };
            next = match value.what {
                What::Number(number) => Some(number + 1.0),
                _ => None,
            };
            self.declare(inner, name, value.clone(), true);
            table.set(name, value);
        }
        let what = self.hold(Held::Table(table));
        let value = self.value(scope, values.span, what);
        self.declare(scope, values.id.name.as_str(), value, true);
    }
}
