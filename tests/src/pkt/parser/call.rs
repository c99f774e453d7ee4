//! `name(arguments) = result ERRNO (note)`, perhaps with the time at which it returns.

use super::super::ast::Call;
use super::super::error::SyntaxError;
use super::super::lexer::Cursor;
use super::expr;

pub(super) fn call(cursor: &mut Cursor<'_>) -> Result<Call, SyntaxError> {
    let end = if cursor.eat("...") {
        cursor.eat("+");
        Some(cursor.seconds()?)
    } else {
        None
    };
    let Some(name) = cursor.name() else {
        return Err(cursor.error("the name of a call"));
    };
    cursor.expect("(", "`(` and the arguments of a call")?;
    let args = expr::list(cursor, ")")?;
    cursor.expect("=", "`=` and the result of the call")?;
    let result = expr::expr(cursor)?;
    let errno = cursor.name().map(Into::into);
    let note = if cursor.eat("(") {
        Some(note(cursor)?)
    } else {
        None
    };
    Ok(Call {
        end,
        name: name.into(),
        args,
        result,
        errno,
        note,
    })
}

/// Free words up to the parenthesis that closes them.
fn note(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let start = cursor.place();
    let mut depth = 0_usize;
    for (at, c) in cursor.rest().char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => {
                cursor.back_to(start + at);
                let note = cursor.since(start).trim().to_owned();
                cursor.eat(")");
                return Ok(note);
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    Err(cursor.error("a note that ends with `)`"))
}
