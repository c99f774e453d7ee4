//! Conformance scripts: what a TCP must send, and when, for what it is sent and asked.
//!
//! * [`ast`]: what a script says, as plain data; [`parse`] makes it of text ([`error`] where the
//!   text is none of the language's), [`render`] gives it back in the script's own notation.
//! * [`code`]: the assertions between `%{` and `}%`.
//! * [`verdict`]: how a script ended.

pub mod ast;
pub mod code;
pub mod error;
mod lexer;
mod parser;
pub mod render;
pub mod verdict;

pub use error::SyntaxError;

/// Reads a whole script.
///
/// # Errors
/// The first place where the text is not of the language, and what was expected there.
pub fn parse(source: &str) -> Result<ast::Script, SyntaxError> {
    parser::script(source)
}
