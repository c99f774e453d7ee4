//! Conformance scripts: what a TCP must send, and when, for what it is sent and asked.
//!
//! * [`ast`]: what a script says, as plain data; [`parse`] makes it of text ([`error`] where the
//!   text is none of the language's), [`render`] gives it back in the script's own notation.
//! * [`code`]: the assertions between `%{` and `}%`.
//! * [`engine`]: runs a script against the stack in virtual time, with the [`sockets`] that it
//!   asks for, configured ([`tuning`]) as the system that it was written for, by [`settings`] and
//!   what its [`shell`] text would have set.
//! * [`kernel`]: runs a script in real time against the Linux kernel.
//! * [`wire`]: packets of scripts as octets, and back; [`compare`]: whether two are the same;
//!   [`icmp`]: names of errors; [`rings`]: the octets of connections.
//! * `flow`: whose numbers are whose; `expectation`: a segment that must come; `value`: arguments
//!   of calls.
//! * [`verdict`]: how a script ended.

pub mod ast;
pub mod code;
pub mod compare;
pub mod engine;
pub mod error;
mod expectation;
mod flow;
pub mod icmp;
pub mod kernel;
mod lexer;
mod parser;
pub mod render;
pub mod rings;
pub mod settings;
pub mod shell;
pub mod sockets;
pub mod tuning;
mod value;
pub mod verdict;
pub mod wire;

pub use error::SyntaxError;

/// Reads a whole script.
///
/// # Errors
/// The first place where the text is not of the language, and what was expected there.
pub fn parse(source: &str) -> Result<ast::Script, SyntaxError> {
    parser::script(source)
}
