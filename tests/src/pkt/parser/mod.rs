//! Text into [`Script`](super::ast::Script), by recursive descent: one file a part of the grammar.

mod call;
mod expr;
mod options;
mod packet;
mod script;

#[cfg(test)]
mod tests;

pub(super) use script::script;
