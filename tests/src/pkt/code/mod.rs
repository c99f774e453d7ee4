//! The assertions between `%{` and `}%`: a small part of Python.
//!
//! * `statement`, `expression`: text into a program; what is beyond the part is kept as a
//!   statement that cannot run, for the rest of the script may well be understood.
//! * `eval`: values, and what an expression is worth.

mod eval;
mod expression;
mod statement;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use eval::Scope;
use expression::Expression;
use statement::Statement;

/// A program, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    statements: Vec<Statement>,
}

/// Why a program stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeError {
    /// An assertion does not hold; its text, the values in it, and its message.
    Failed(String),
    /// A name that nobody knows.
    Unknown(String),
    /// A statement or an operator beyond this small language.
    Unsupported(String),
}

impl Code {
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self {
            statements: statement::statements(text),
        }
    }

    /// Runs the program; `names` gives the values of the fields and constants. Returns the lines
    /// that it printed. A program with a statement that cannot run is not begun.
    ///
    /// # Errors
    /// See [`CodeError`].
    pub fn run(
        &self,
        names: &mut dyn FnMut(&str) -> Option<i64>,
    ) -> Result<Vec<String>, CodeError> {
        for statement in &self.statements {
            if let Statement::Unsupported(what) = statement {
                return Err(CodeError::Unsupported(what.clone()));
            }
        }
        let mut scope = Scope {
            names,
            variables: HashMap::new(),
        };
        let mut printed = Vec::new();
        for statement in &self.statements {
            match statement {
                Statement::Assert {
                    condition,
                    text,
                    message,
                } => assert(&mut scope, condition, text, message.as_ref())?,
                Statement::Print(items) => {
                    let words: Vec<String> =
                        items.iter().map(|item| shown(&mut scope, item)).collect();
                    printed.push(words.join(" "));
                }
                Statement::Assign(name, expression) => {
                    let value = scope.value(expression)?;
                    scope.variables.insert(name.clone(), value);
                }
                Statement::Evaluate(expression) => {
                    scope.value(expression)?;
                }
                Statement::Unsupported(what) => return Err(CodeError::Unsupported(what.clone())),
            }
        }
        Ok(printed)
    }
}

fn assert(
    scope: &mut Scope<'_>,
    condition: &Expression,
    text: &str,
    message: Option<&Expression>,
) -> Result<(), CodeError> {
    if scope.value(condition)?.is_true() {
        return Ok(());
    }
    let mut failure = format!("assert {text}");
    let mut names = Vec::new();
    condition.names(&mut names);
    for (index, name) in names.iter().enumerate() {
        let value = scope.value(&Expression::Name((*name).to_owned()))?;
        let begin = if index == 0 { " where" } else { "," };
        failure.push_str(&format!("{begin} {name} is {value}"));
    }
    if let Some(message) = message {
        failure.push_str(&format!(": {}", shown(scope, message)));
    }
    Err(CodeError::Failed(failure))
}

/// A value that is only shown stops nothing when there is none.
fn shown(scope: &mut Scope<'_>, expression: &Expression) -> String {
    match scope.value(expression) {
        Ok(value) => value.to_string(),
        Err(CodeError::Unknown(name)) => format!("({name}?)"),
        Err(CodeError::Failed(what) | CodeError::Unsupported(what)) => format!("({what}?)"),
    }
}
